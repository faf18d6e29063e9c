"""Reasoning that is written from the graph, by hand and through the judge."""

import dataclasses
from pathlib import Path

import pytest

from rerec.catalogue.domain import Domain, read_domain
from rerec.credit.judge import Judge
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Query
from rerec.settings import CreditSettings, PromptSettings, RewardSettings
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter


@pytest.fixture
def domain(corner_shop_made: Path) -> Domain:
    return read_domain(corner_shop_made)


@pytest.fixture
def writer(domain: Domain) -> ReasoningWriter:
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    return ReasoningWriter(PromptWriter(domain, graph, PromptSettings()))


def query_of(domain: Domain, query_id: str) -> Query:
    splits = [query for split in ("train", "valid", "test") for query in domain.queries(split)]
    (query,) = [query for query in splits if query.query_id == query_id]
    return query


def test_one_paragraph_for_each_candidate_on_the_list_up_to_the_first_that_fits(
    domain: Domain, writer: ReasoningWriter
):
    # Romance is held by 10 and 11; in the order of the candidates 10 comes first, and fits.
    assert writer.write(query_of(domain, "q3")) == (
        "Asked: Romance, 1990s.\nLines: Romance C D, 1990s years.\n\n"
        "C Emma Thompson C Alan Rickman C Ang Lee C Drama C Romance C Sense & Sensibility (1995):"
        " Romance C, 1990s C. Fits.\n\n"
        "\\boxed{Sense & Sensibility (1995)}"
    )


def test_the_shortest_list_is_discussed_until_one_fits(domain: Domain, writer: ReasoningWriter):
    # Three hold Thriller (2, 3, 4) and three Robert De Niro (1, 12, 3): the first asked counts.
    query = query_of(domain, "q6")
    assert query.candidates == ("1", "12", "2", "3", "4")
    assert writer.discussed(query) == ["2", "3", "4"]
    assert str(writer.write(query)).split("\n\n") == [
        "Asked: Thriller, Robert De Niro.\nLines: Thriller D E F, Robert De Niro B C E.",
        "D Kevin Spacey D Bryan Singer D C. McQuarrie D Crime D Thriller D The Usual Suspects"
        " (1995): Thriller D, Robert De Niro no. Out.",
        "E Robert De Niro E Nick Nolte E Martin Scorsese E Wesley Strick E Crime E Thriller"
        " E Cape Fear (1991): Thriller E, Robert De Niro E. Fits.",
        "\\boxed{Cape Fear (1991)}",
    ]
    assert writer.discussed(query_of(domain, "q8")) == ["5"]


def test_a_decade_is_checked_against_the_year_of_the_title(domain: Domain, writer: ReasoningWriter):
    # Of the three thrillers of q6 the last is from the 1960s, which only the titles show.
    conditions = (Condition("genre", "Thriller"), Condition("decade", "1960s"))
    query = dataclasses.replace(query_of(domain, "q6"), conditions=conditions, ground_truth=("4",))
    search, *paragraphs, _ = str(writer.write(query)).split("\n\n")
    assert search == "Asked: Thriller, 1960s.\nLines: Thriller D E F, 1960s years."
    assert [text.partition(": ")[2] for text in paragraphs] == [
        "Thriller D, 1960s no. Out.",
        "Thriller E, 1960s no. Out.",
        "Thriller F, 1960s F. Fits.",
    ]


def test_a_list_that_is_too_long_is_not_written_out(
    domain: Domain, writer: ReasoningWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rerec.train.reasoning.MAX_PARAGRAPHS", 2)
    query = query_of(domain, "q1")
    assert writer.search(query).endswith("Lines: Crime many, Martin Scorsese D.")
    assert writer.discussed(query) == ["12"]
    # Where every list is too long there is nothing to go by.
    assert writer.search(query_of(domain, "q6")).endswith("Thriller many, Robert De Niro many.")
    assert writer.write(query_of(domain, "q6")) is None


def test_what_a_line_does_not_show_is_not_said_of_it(domain: Domain, writer: ReasoningWriter):
    # Val Kilmer is the third star of Heat: two are shown, so nobody could know.
    conditions = (Condition("starring", "Val Kilmer"),)
    query = dataclasses.replace(query_of(domain, "q6"), conditions=conditions)
    assert writer.paragraph(query, "1").endswith(" Heat (1995): Val Kilmer no. Out.")
    assert writer.search(query).endswith("Lines: Val Kilmer none.")
    assert writer.write(query) is None
    three = PromptWriter(domain, writer.graph, PromptSettings(shown_values=3))
    assert ReasoningWriter(three).discussed(query) == ["1"]


def test_by_a_decade_alone_nothing_is_found(domain: Domain, writer: ReasoningWriter):
    conditions = (Condition("decade", "1960s"),)
    query = dataclasses.replace(query_of(domain, "q6"), conditions=conditions, ground_truth=("4",))
    assert writer.search(query) == "Asked: 1960s.\nLines: 1960s years."
    assert writer.write(query) is None


def test_of_several_right_candidates_the_first_is_answered(domain: Domain, writer: ReasoningWriter):
    query = query_of(domain, "q4")
    assert set(query.ground_truth) == {"1", "12"}
    assert str(writer.write(query)).endswith("Robert De Niro B. Fits.\n\n\\boxed{Heat (1995)}")


def test_a_value_that_is_asked_twice_is_checked_once_as_the_line_shows_it(
    domain: Domain, writer: ReasoningWriter
):
    query = query_of(domain, "q9")
    assert writer.paragraph(query, "1").endswith(" Heat (1995): Michael Mann B. Fits.")
    # A line does not say that Ang Lee directed and did not write.
    both = (Condition("director", "Ang Lee"), Condition("writer", "Ang Lee"))
    lee = dataclasses.replace(query, conditions=both, candidates=("10", "2"), ground_truth=("10",))
    assert writer.paragraph(lee, "10").endswith(" Sense & Sensibility (1995): Ang Lee B. Fits.")


@pytest.mark.parametrize("query_id", [f"q{n}" for n in range(1, 10)])
def test_what_is_written_scores_as_the_right_answer(
    domain: Domain, writer: ReasoningWriter, query_id: str
):
    query = query_of(domain, query_id)
    judge = Judge.of(domain, RewardSettings(), CreditSettings())
    text = writer.write(query)
    assert text is not None
    (worth,) = judge.judge([query], [text])
    assert (worth.outcome, worth.ndcg) == ("right", 1.0)
    assert not any(worth.blamed)
    assert sum(not segment.is_answer for segment in worth.segments) == text.count("\n\n")


def test_what_cannot_be_argued_is_not_written(domain: Domain, writer: ReasoningWriter):
    query = query_of(domain, "q6")
    assert writer.write(dataclasses.replace(query, conditions=())) is None
    assert writer.write(dataclasses.replace(query, candidates=())) is None
    # The truth does not hold the asked value: the data says one thing, the graph another.
    french = (Condition("language", "French"),)
    assert writer.write(dataclasses.replace(query, conditions=french)) is None


def test_a_closed_book_argues_with_titles_alone(domain: Domain, writer: ReasoningWriter):
    settings = PromptSettings(candidate_info="titles")
    closed = ReasoningWriter(PromptWriter(domain, writer.graph, settings))
    query = query_of(domain, "q3")
    assert closed.paragraph(query, "11") == "It (1927): Romance yes, 1990s no. Out."
    assert str(closed.write(query)).startswith("Asked: Romance, 1990s.\n\n")
