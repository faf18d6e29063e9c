"""What the model reads, line by line, on the corner shop."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rerec.catalogue.domain import read_domain
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Hop, Item
from rerec.settings import PromptSettings
from rerec.train.prompts import PromptWriter, asked_values, common, tags


@pytest.fixture
def writer(corner_shop_made: Path):
    """Makes a writer with some settings."""
    domain = read_domain(corner_shop_made)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)

    def make(**settings: object) -> PromptWriter:
        return PromptWriter(domain, graph, PromptSettings.model_validate(settings))

    return make


def test_a_line_gives_names_first_each_fact_once_and_the_title_last(writer):
    # 11 of 12 films are in English and from the United States: that is not shown.
    assert writer().line("1", "B") == (
        "B Al Pacino B Robert De Niro B Michael Mann B Crime B Drama B Heat (1995)"
    )
    assert writer().line("9", "CD") == (
        "CD Jean Reno CD Natalie Portman CD Luc Besson CD Action CD Crime CD France CD French"
        " CD Léon (1994)"
    )


def test_as_many_values_of_a_relation_are_shown_as_asked(writer):
    three = writer(shown_values=3).line("1", "B")
    assert three.startswith("B Al Pacino B Robert De Niro B Val Kilmer B ")
    assert writer(shown_values=1, common_share=1.0).line("7", "B") == (
        "B Bruce Willis B John McTiernan B Jeb Stuart B Action B United States B English"
        " B Die Hard (1988)"
    )


def test_the_decade_is_left_to_the_year_in_the_title(writer):
    facts = writer(common_share=1.0)
    assert not any("19" in fact for fact in facts.facts("1"))
    items = list(facts.domain.catalogue.items)
    items[0] = Item("1", "Heat", None, (), 3)
    yearless = dataclasses.replace(facts.domain, catalogue=Catalogue(tuple(items)))
    shown = PromptWriter(yearless, facts.graph, facts.settings).line("1", "B")
    assert shown.endswith("B 1990s B Heat")


def test_each_line_of_a_prompt_has_a_tag_of_its_own(writer):
    query = writer().domain.queries("train")[1]
    lines = writer().messages(query)[1]["content"].splitlines()
    assert [line[0] for line in lines[1:6]] == ["B", "C", "D", "E", "F"]
    assert lines[2].endswith("C Comedy C Romance C It (1927)")


def test_tags_differ_and_the_short_ones_come_first():
    assert len(set(tags(1_000))) == 1_000
    assert [len(tag) for tag in (tags(20)[-1], tags(21)[-1], tags(421)[-1])] == [1, 2, 3]
    assert tags(0) == []


def test_a_closed_book_shows_titles_only(writer):
    (_, user) = writer(candidate_info="titles").messages(writer().domain.queries("train")[1])
    assert user["content"].splitlines() == [
        "Candidates:",
        "Heat (1995)",
        "It (1927)",
        "Cape Fear (1962)",
        "Die Hard (1988)",
        "Léon (1994)",
        "",
        "Request: Something with Bruce Willis.",
    ]


def test_the_history_stands_before_the_request_where_it_is_wanted(writer):
    query = writer().domain.queries("train")[1]
    assert "Liked before" not in writer().messages(query)[1]["content"]
    lines = writer(show_history=True).messages(query)[1]["content"].splitlines()
    assert lines[-3:] == [
        "Liked before: Die Hard 2 (1990); Heat (1995); Léon (1994); Goodfellas (1990)",
        "",
        "Request: Something with Bruce Willis.",
    ]


def test_the_system_message_says_how_to_answer(writer):
    system, user = writer().messages(writer().domain.queries("test")[0])
    assert (system["role"], user["role"]) == ("system", "user")
    assert "\\boxed{}" in system["content"]


def test_facts_that_most_items_have_are_common(writer):
    graph = writer().graph
    assert common(graph, 0.9) == {
        Condition("country", "United States"),
        Condition("language", "English"),
    }
    assert common(graph, 1.0) == frozenset()
    counts = np.bincount(graph.indices)
    assert len(common(graph, 0.01)) == (counts > 0.12).sum() == len(graph.pairs)


def test_asked_values_stand_as_the_text_names_them_each_once(writer):
    # "A crime drama with De Niro.": the name is not written out, so it comes last.
    (query,) = [q for q in writer().domain.queries("train") if q.query_id == "q4"]
    assert asked_values(query) == ["Crime", "Drama", "Robert De Niro"]
    renamed = dataclasses.replace(query, text="Robert De Niro in a drama about crime")
    assert asked_values(renamed) == ["Robert De Niro", "Drama", "Crime"]
    (mann,) = [q for q in writer().domain.queries("test") if q.query_id == "q9"]
    assert asked_values(mann) == ["Michael Mann"]


def test_an_item_that_the_request_names_is_shown_with_its_facts(writer):
    query = writer().domain.queries("train")[1]
    hop = Hop("1", "director", "Michael Mann")
    hinted = dataclasses.replace(query, hops=(hop,))
    (_, user) = writer().messages(hinted)
    mentioned = user["content"].partition("Mentioned in the request:\n")[2].splitlines()[0]
    assert "Michael Mann" in mentioned
    assert mentioned.endswith(writer().label("1"))
    tag = mentioned.split()[0]
    lines = user["content"].partition("\n\n")[0].splitlines()[1:]
    assert tag not in {line.split()[0] for line in lines}
    (_, closed) = writer(candidate_info="titles").messages(hinted)
    assert "Mentioned" not in closed["content"]
    (_, plain) = writer().messages(query)
    assert "Mentioned" not in plain["content"]
