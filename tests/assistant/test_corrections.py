import pytest

from rerec.assistant.exchange import State


def corrected(reader, text: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    catalogue = reader.catalogue
    return [
        (catalogue.items[catalogue.row_of(one.item_id)].label, one.relation, one.said, one.true)
        for one in reader.read(State(), text).corrections
    ]


@pytest.mark.parametrize(
    "text",
    [
        "something like the Heat directed by Steven Spielberg",
        "I loved Heat by Steven Spielberg",
        "Heat was directed by Steven Spielberg, wasn't it?",
        "Spielberg's Heat was great",
        "films by the director of Heat, Steven Spielberg",
        "a film directed by whoever directed Heat (it must be Steven Spielberg)",
        "Heat (the film directed by Steven Spielberg) was great",
    ],
)
def test_a_wrong_name_is_corrected_however_it_is_told(text, reader):
    assert corrected(reader, text) == [
        ("Heat (1995)", "director", "Steven Spielberg", ("Michael Mann",))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "the Heat directed by Michael Mann",
        "I loved Heat with Robert De Niro",
        "films by the director of Heat, Michael Mann",
        "something like Heat, directed by Steven Spielberg",
        "something like Heat with Tom Hanks",
        "a film by the director of Heat with Tom Hanks",
    ],
)
def test_what_is_right_or_asked_for_is_not_corrected(text, reader):
    assert corrected(reader, text) == []


def test_what_is_true_of_one_namesake_tells_which_is_meant(reader):
    state = reader.read(State(), "I loved the Titanic with Barbara Stanwyck").state
    assert [reader.catalogue.items[reader.catalogue.row_of(i)].year for i in state.liked] == [1953]
    state = reader.read(State(), "I loved Titanic").state
    assert [reader.catalogue.items[reader.catalogue.row_of(i)].year for i in state.liked] == [1997]


def test_a_year_that_no_namesake_has_is_corrected(reader):
    assert corrected(reader, "I liked Titanic (1912)") == [
        ("Titanic (1997)", "year", "1912", ("1997",))
    ]
    assert corrected(reader, "I liked Titanic (1954)") == []
