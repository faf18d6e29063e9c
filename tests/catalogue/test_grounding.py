"""Titles as people and models write them, grounded to the right item or to none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.domain import read_domain
from rerec.catalogue.grounding import TitleIndex, is_typo
from rerec.catalogue.items import Catalogue
from rerec.catalogue.titles import aliases_of, plain_title, split_year
from rerec.records import Item

RECBENCH = Path(__file__).parents[2] / "../shared/data/recbench_plus"
SHELF = (
    Item("1", "Heat", 1995, (), 0),
    Item("2", "The Usual Suspects", 1995, ("Usual Suspects, The",), 0),
    Item("3", "Cape Fear", 1991, (), 0),
    Item("4", "Cape Fear", 1962, (), 0),
    Item("5", "The Adventures of Pinocchio", 1996, (), 0),
    Item("6", "Die Hard 2", 1990, (), 0),
    Item("7", "Das Boot", 1981, ("Boat, The (Das Boot)",), 0),
    Item("8", "Hate", 1995, ("Hate (Haine, La)",), 0),
    Item("9", "Aliens", 1986, (), 0),
    Item("10", "Toy Story", 1995, (), 0),
    Item("11", "Speed; or, Haste", None, (), 0),
    Item("12", "L'Ennui", 1998, ("Heat Wave",), 0),
    Item("13", "Heat Wave", 1990, (), 0),
)
INDEX = TitleIndex(Catalogue(SHELF))
ROWS = {item.label: row for row, item in enumerate(SHELF)}


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Heat (1995)", "Heat (1995)"),
        ("heat", "Heat (1995)"),
        (" **Heat (1995)**. ", "Heat (1995)"),
        ("\u201cHeat (1995)\u201d", "Heat (1995)"),
        (r"\text{Heat (1995)}", "Heat (1995)"),
        ("Heat (1996)", "Heat (1995)"),
        ("Usual Suspects, The (1995)", "The Usual Suspects (1995)"),
        ("THE USUAL SUSPECTS", "The Usual Suspects (1995)"),
        ("Usual Suspects (1995)", "The Usual Suspects (1995)"),
        ("The Usual Supsects (1995)", "The Usual Suspects (1995)"),
        ("The Adventures of Pinochio", "The Adventures of Pinocchio (1996)"),
        ("Cape Fear (1962)", "Cape Fear (1962)"),
        ("Cape Fear (1961)", "Cape Fear (1962)"),
        ("Boat, The (Das Boot) (1981)", "Das Boot (1981)"),
        ("The Boat (Das Boot) (1981)", "Das Boot (1981)"),
        ("La Haine (Hate)", "Hate (1995)"),
        ("La Haine", "Hate (1995)"),
        ("ToyStory (1995)", "Toy Story (1995)"),
        ("Heat Wave (1998)", "L'Ennui (1998)"),
        ("Heat Wave", "Heat Wave (1990)"),
    ],
)
def test_a_title_is_grounded_however_it_is_spelled(title, label):
    assert INDEX.resolve(title) == ROWS[label]


@pytest.mark.parametrize(
    "title",
    [
        "Pinocchio (1996)",
        "Adventures of Pinocchio: The Sequel (1996)",
        "Suspects (1995)",
        "Usual (1995)",
        "Die Hard (1990)",
        "Die Hard 3 (1990)",
        "Alien (1986)",
        "Heat (1972)",
        "The Usual Supsects (1980)",
        "Hate (Haine, La) (1960)",
        "Toy (1995)",
        "Cape Fear",
        "Ronin (1998)",
        "Cape Bear",
        "Hate Wave",
        "",
        "   ",
        "(1995)",
        "!!!",
        "Heat " * 100,
        "\ud83d \x00 \u202e",
    ],
)
def test_a_shortened_other_or_doubtful_title_is_no_item(title):
    assert INDEX.resolve(title) is None


def test_of_two_bearers_of_a_name_the_only_candidate_is_meant():
    old, new = ROWS["Cape Fear (1962)"], ROWS["Cape Fear (1991)"]
    assert INDEX.resolve("Cape Fear", among=[old, 0]) == old
    assert INDEX.resolve("Cape Fear", among=[new, 0]) == new
    assert INDEX.resolve("Cape Fear", among=[0]) is None
    assert INDEX.resolve("Cape Fear", among=[old, new]) is None
    assert INDEX.resolve("Cape Fear (1962)", among=[new]) == old  # a year outweighs the candidates


def test_an_answer_is_read_as_one_title_before_it_is_split():
    assert INDEX.resolve_answer("Speed; or, Haste") == [ROWS["Speed; or, Haste"]]
    assert INDEX.resolve_answer("Heat; Nobody's Film (1990); Das Boot;") == [0, -1, 6]
    assert INDEX.resolve_answer(" ; ") == []


def test_an_endless_answer_is_read_to_a_limit():
    assert INDEX.resolve_answer("Heat;" * 20_000) == [0] * 100


@given(st.sampled_from(SHELF), st.sampled_from([str.upper, str.lower, str.title]))
def test_every_label_is_grounded_to_its_own_item_in_any_case(item, spelling):
    assert INDEX.resolve(spelling(item.label)) == ROWS[item.label]


@given(st.text(max_size=40))
def test_whatever_is_boxed_gives_rows_or_minus_one(text):
    assert all(-1 <= row < len(SHELF) for row in INDEX.resolve_answer(text))


@pytest.mark.parametrize(
    ("written", "name", "typo"),
    [
        ("the usual suspets", "the usual suspects", True),
        ("twelve monkees", "twelve monkeys", True),
        ("rocky ii", "rocky iii", False),
        ("apollo 12", "apollo 13", False),
        ("the odd couples", "the odd couple", False),
        ("the best of times", "best of times", False),
    ],
)
def test_only_letters_inside_a_word_make_a_typing_error(written, name, typo):
    assert is_typo(written, name) is typo


def test_the_corner_shops_labels_and_aliases_are_grounded_to_their_items(corner_shop):
    catalogue = read_domain(corner_shop).catalogue
    index = TitleIndex(catalogue)
    for row, item in enumerate(catalogue.items):
        for name in (item.label, *(f"{alias} ({item.year})" for alias in item.aliases)):
            assert index.resolve(name) == row, name


def test_nearly_all_titles_of_the_recbench_sample_are_grounded():
    if not RECBENCH.is_dir():
        pytest.skip("the RecBench+ sample is not here")
    lines = (RECBENCH / "movies.dat").read_text(encoding="utf-8").splitlines()
    films = [(item_id, *split_year(label)) for item_id, label, _ in (x.split("::") for x in lines)]
    index = TitleIndex(
        Catalogue(tuple(Item(i, plain_title(t), y, aliases_of(t), 0) for i, t, y in films))
    )
    groups = json.loads((RECBENCH / "UserBasedQuery.sample.json").read_text(encoding="utf-8"))
    queries = [query for group in groups for query in group["query & ground true"]]
    titles = [title for query in queries for title in query["movie subset"]]
    grounded = [title for title in titles if index.resolve(title) is not None]
    assert len(titles) > 100
    assert len(grounded) >= 0.98 * len(titles)
    for title in grounded:  # and to the film of that name, not to any
        row = index.resolve(title)
        assert row is not None
        assert abs((catalogue_year(index, row) or 0) - (split_year(title)[1] or 0)) <= 1


def catalogue_year(index: TitleIndex, row: int) -> int | None:
    return index.catalogue.items[row].year
