"""Namesakes by hand."""

from rerec.catalogue.items import Catalogue
from rerec.queries.namesakes import namesakes_of
from rerec.records import Item


def test_namesakes_are_found_through_aliases_articles_and_case() -> None:
    catalogue = Catalogue(
        (
            Item("1", "Léon", 1994, ("The Professional",), 0),
            Item("2", "Professional, The", 1981, (), 0),
            Item("3", "LEON", 1999, (), 0),
            Item("4", "The Professionals", 1966, (), 0),
        )
    )
    found = namesakes_of(catalogue)
    assert [found[row].tolist() for row in range(4)] == [[0, 1, 2], [0, 1], [0, 2], [3]]
    assert found.have_none(4).tolist() == [False, False, False, True]
