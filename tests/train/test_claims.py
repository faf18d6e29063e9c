"""What a response claims, read against the graph."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.domain import Domain, read_domain
from rerec.graph.attributes import AttributeGraph
from rerec.prompting import find_box
from rerec.records import Condition, Hop, Query
from rerec.settings import PromptSettings
from rerec.train.claims import ClaimReader
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter

QUERY_IDS = [f"q{n}" for n in range(1, 10)]
SEARCH = "Asked: Thriller, Robert De Niro.\nLines: Thriller D E F, Robert De Niro B C E."
USUAL = (
    "D Kevin Spacey D Bryan Singer D C. McQuarrie D Crime D Thriller D The Usual Suspects (1995):"
)
CAPE = (
    "E Robert De Niro E Nick Nolte E Martin Scorsese E Wesley Strick E Crime E Thriller"
    " E Cape Fear (1991):"
)
USUAL_BOX = "\\boxed{The Usual Suspects (1995)}"
BOX = "\\boxed{Cape Fear (1991)}"


@pytest.fixture(scope="module")
def domain(corner_shop_made: Path) -> Domain:
    return read_domain(corner_shop_made)


@pytest.fixture(scope="module")
def writer(domain: Domain) -> ReasoningWriter:
    return of(domain, PromptSettings())


def of(domain: Domain, settings: PromptSettings) -> ReasoningWriter:
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    return ReasoningWriter(PromptWriter(domain, graph, settings))


def query_of(domain: Domain, query_id: str) -> Query:
    splits = [query for split in ("train", "valid", "test") for query in domain.queries(split)]
    (query,) = [query for query in splits if query.query_id == query_id]
    return query


def wrong_in(writer: ReasoningWriter, query: Query, *parts: str) -> list[str]:
    """The words that begin where a response about a query goes wrong."""
    text = "\n\n".join(parts)
    claims = ClaimReader(writer).claims(query, text)
    return [(text[c.start :].split() or [""])[0] for c in claims if not c.is_true]


@pytest.mark.parametrize("query_id", QUERY_IDS)
@pytest.mark.parametrize("shown", ["facts", "titles"])
def test_what_is_written_from_the_graph_is_all_true(domain: Domain, query_id: str, shown):
    writer = of(domain, PromptSettings(candidate_info=shown))
    query = query_of(domain, query_id)
    text = str(writer.write(query))
    claims = ClaimReader(writer).claims(query, text)
    assert all(claim.is_true for claim in claims)
    judged = {place for claim in claims for place in range(claim.start, claim.end)}
    box = find_box(text)
    assert box is not None
    assert {place for place in range(box.start) if place not in judged} == {
        place for place in range(box.start) if text[place : place + 2] == "\n\n" or
        text[place - 1 : place + 1] == "\n\n"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        # A list that leaves one out, one that names too many, and one that is wrong throughout.
        ([SEARCH.replace("D E F", "D F")], ["F,"]),
        ([SEARCH.replace("D E F", "D E")], [","]),
        ([SEARCH.replace("D E F", "D E F B")], ["B,"]),
        ([SEARCH.replace("D E F", "many")], ["many,"]),
        ([SEARCH.replace("B C E.", "B C.")], ["."]),
        # A check that is wrong: the verdict that follows from it is not judged for itself.
        ([SEARCH, f"{USUAL} Thriller D, Robert De Niro D. Fits.", USUAL_BOX], ["D."]),
        # A check that is left out, and a verdict that does not follow from the checks.
        ([SEARCH, f"{USUAL} Thriller D. Fits.", USUAL_BOX], ["."]),
        ([SEARCH, f"{USUAL} Thriller D, Robert De Niro no. Fits.", USUAL_BOX], ["Fits."]),
        # A line that is copied wrong is found again where its checks begin.
        ([SEARCH, USUAL.replace("Kevin", "Ed") + " Thriller no, Robert De Niro no. Out."],
         ["Ed", "no,"]),
        # A candidate before its turn, one that is on no list, and one that was weighed already.
        ([SEARCH, f"{CAPE} Thriller E, Robert De Niro E. Fits.", BOX], ["E"]),
        ([SEARCH, "Z Nothing Z Nowhere (1990): Thriller no. Out."], ["Z"]),
        ([SEARCH, *[f"{USUAL} Thriller D, Robert De Niro no. Out."] * 2], ["D"]),
        # Whoever leaves one out is not to come back for it.
        ([SEARCH, f"{CAPE} Thriller E, Robert De Niro no. Out.",
          "F Nobody F Cabiria (1957): Thriller F"], ["E", "no.", "Nobody", ""]),
        # An answer before one was found, and going on where one was.
        ([SEARCH, f"{USUAL} Thriller D, Robert De Niro no. Out.", BOX], ["\\boxed{Cape"]),
        ([SEARCH, BOX], ["\\boxed{Cape"]),
        # A paragraph, a list or a whole response that breaks off.
        ([SEARCH, f"{USUAL} Thriller D, Robert De Niro no.", BOX], ["\\boxed{Cape"] * 2),
        ([SEARCH.replace("\n", "\n\n"), BOX], ["Lines:"]),
        ([SEARCH.partition("\n")[0]], [""]),
        ([SEARCH, USUAL], [""]),
        # What follows a verdict in its paragraph.
        ([SEARCH, f"{USUAL} Thriller D, Robert De Niro no. Out. Really."], ["Really."]),
    ],
)  # fmt: skip
def test_it_goes_wrong_where_it_first_differs(
    domain: Domain, writer: ReasoningWriter, parts: list[str], wrong: list[str]
):
    assert wrong_in(writer, query_of(domain, "q6"), *parts) == wrong


def test_after_one_that_fits_only_the_answer_follows(domain: Domain, writer: ReasoningWriter):
    query = query_of(domain, "q3")
    search, fitting, box = str(writer.write(query)).split("\n\n")
    assert wrong_in(writer, query, search, fitting, fitting, box) == ["C"]


def test_an_answer_is_what_was_found_to_fit(domain: Domain, writer: ReasoningWriter):
    query = query_of(domain, "q3")
    search, fitting, box = str(writer.write(query)).split("\n\n")
    assert wrong_in(writer, query, search, fitting, box) == []
    for spoilt, wrong in [
        ("\\boxed{Sense and Sensibility (1995)}", ["and"]),
        ("\\Boxed{Sense & Sensibility (1995)}", ["Boxed{Sense"]),
        ("\\boxed{Sense & Sensibility (1995)", [""]),
        (f"{box} Enjoy.", ["Enjoy."]),
    ]:
        assert wrong_in(writer, query, search, fitting, spoilt) == wrong
    claims = ClaimReader(writer).claims(query, "\n\n".join([search, fitting, box]))
    assert claims[-1].end <= len(f"{search}\n\n{fitting}")


def test_who_is_due_is_not_judged_behind_wrong_lists(domain: Domain, writer: ReasoningWriter):
    search = SEARCH.replace("D E F", "E")
    usual = f"{USUAL} Thriller D, Robert De Niro no. Out."
    cape = f"{CAPE} Thriller E, Robert De Niro E. Fits."
    assert wrong_in(writer, query_of(domain, "q6"), search, cape, BOX) == ["E,"]
    # Whether one is weighed twice is, and so is what is said of it.
    assert wrong_in(writer, query_of(domain, "q6"), search, usual, usual, BOX) == ["E,", "D"]
    spoilt = cape.replace("Thriller E,", "Thriller no,")
    assert wrong_in(writer, query_of(domain, "q6"), search, spoilt, BOX) == ["E,", "no,"]


def test_behind_a_misread_request_nothing_is_judged(domain: Domain, writer: ReasoningWriter):
    search = "Asked: Thriller, Crisps.\nLines: Thriller D, Crisps B."
    assert wrong_in(writer, query_of(domain, "q6"), search, "Z nonsense.") == ["Crisps."]


def test_free_text_and_unusual_requests_claim_nothing(domain: Domain, writer: ReasoningWriter):
    query, reader = query_of(domain, "q6"), ClaimReader(writer)
    text = str(writer.write(query))
    free = "Usual Suspects has no De Niro. Cape Fear it is."
    assert [reader.claims(query, said) for said in (free, f"{free}\n\n{BOX}", BOX, "")] == [[]] * 4
    hinted = dataclasses.replace(query, hops=(Hop("1", "director", "Michael Mann"),))
    bare = dataclasses.replace(query, conditions=())
    opened = dataclasses.replace(query, candidates=())
    assert [reader.claims(other, text) for other in (hinted, bare, opened)] == [[], [], []]


def test_where_every_list_is_long_the_paragraphs_are_judged_by_their_facts(
    domain: Domain, writer: ReasoningWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rerec.train.reasoning.MAX_PARAGRAPHS", 2)
    search = "Asked: Thriller, Robert De Niro.\nLines: Thriller many, Robert De Niro many."
    cape = f"{CAPE} Thriller E, Robert De Niro E. Fits."
    assert wrong_in(writer, query_of(domain, "q6"), search, cape, BOX) == []


def test_a_closed_book_is_read_by_its_titles(domain: Domain):
    closed = of(domain, PromptSettings(candidate_info="titles"))
    query = dataclasses.replace(query_of(domain, "q3"), conditions=(Condition("genre", "Romance"),))
    text = ["Asked: Romance.", "Sense & Sensibility (1995): Romance no. Out.", "\\boxed{It (1927)}"]
    assert wrong_in(closed, query, *text) == ["no.", "\\boxed{It"]


@given(place=st.integers(0, 400), new=st.text(max_size=3), cut=st.integers(0, 3), which=st.data())
def test_a_spoilt_response_is_read_in_order_and_never_raises(
    domain: Domain, writer: ReasoningWriter, place: int, new: str, cut: int, which: st.DataObject
):
    query = query_of(domain, which.draw(st.sampled_from(QUERY_IDS)))
    text = str(writer.write(query))
    place = min(place, len(text))
    spoilt = text[:place] + new + text[place + cut :]
    claims = ClaimReader(writer).claims(query, spoilt)
    ends = [0]
    for claim in claims:
        assert ends[-1] <= claim.start < claim.end <= len(spoilt) + 1
        ends.append(claim.end)
    # Nothing before the first difference is wrong; half of a blank line is one.
    same = next((n for n, (a, b) in enumerate(zip(text, spoilt, strict=False)) if a != b), place)
    assert all(claim.is_true or claim.start >= same - 1 for claim in claims)
