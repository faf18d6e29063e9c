"""Negatives: how many near misses there are, and who is never among them."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Columns, askable
from rerec.queries.candidates import Negatives, negatives_of
from rerec.queries.namesakes import Namesakes
from rerec.records import Condition, Item
from rerec.rng import stream
from rerec.settings import QuerySettings

N_ITEMS = 60
ANN, WAR = Condition("director", "Ann Lee"), Condition("genre", "War")


@pytest.fixture(scope="module")
def shelf() -> tuple[Catalogue, Negatives, Columns]:
    """Items 0-1 meet both conditions, 2-7 are by Ann Lee, 8-29 are about war, the rest is neither.

    Item 59 is as popular as all others together.
    """
    popularity = [59 * 10 if row == N_ITEMS - 1 else 9 for row in range(N_ITEMS)]
    items = [Item(f"i{row}", f"Film {row}", 1990, (), popularity[row]) for row in range(N_ITEMS)]
    facts = [(f"i{row}", *pair) for row, pair in facts_of_rows()]
    columns = [list(column) for column in zip(*facts, strict=True)]
    catalogue = Catalogue(tuple(items))
    graph = AttributeGraph.from_table(catalogue, pa.table(columns, schema=ATTRIBUTES))
    asked = askable(graph, QuerySettings(common_share=1.0))
    pair = tuple(sorted((graph.column_of(ANN), graph.column_of(WAR))))
    return catalogue, negatives_of(asked, catalogue), pair


def facts_of_rows() -> list[tuple[int, tuple[str, str]]]:
    ann = [(row, (ANN.relation, ANN.value)) for row in range(8)]
    war = [(row, (WAR.relation, WAR.value)) for row in [0, 1, *range(8, 30)]]
    rest = [(row, ("genre", "Comedy")) for row in range(30, N_ITEMS)]
    return [*ann, *war, *rest]


def draws(negatives: Negatives, columns: Columns, *, hard_share: float) -> list[list[int]]:
    drawn = [
        negatives.draw(columns, (0,), n_negatives=19, hard_share=hard_share, rng=stream(seed))
        for seed in range(200)
    ]
    return [rows for rows in drawn if rows is not None]


def test_the_hard_share_is_kept_where_there_are_enough(
    shelf: tuple[Catalogue, Negatives, Columns],
) -> None:
    _, negatives, columns = shelf
    for hard_share, n_hard in ((0.0, 0), (0.5, 10), (1.0, 19)):
        rows = draws(negatives, columns, hard_share=hard_share)
        assert len(rows) == 200
        for drawn in rows:
            assert len(set(drawn)) == 19
            assert not {0, 1} & set(drawn)
            assert sum(row < 30 for row in drawn) == n_hard


def test_the_rarest_condition_gets_none_to_three_near_misses_about_evenly(
    shelf: tuple[Catalogue, Negatives, Columns],
) -> None:
    _, negatives, columns = shelf
    rows = draws(negatives, columns, hard_share=0.5)
    counts = Counter(sum(row < 8 for row in drawn) for drawn in rows)
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 25  # of 50 expected: four standard deviations


def test_popular_items_are_drawn_more_often(
    shelf: tuple[Catalogue, Negatives, Columns],
) -> None:
    _, negatives, columns = shelf
    rows = draws(negatives, columns, hard_share=0.5)
    n_drawn = Counter(row for drawn in rows for row in drawn)
    others = [n_drawn[row] for row in range(30, N_ITEMS - 1)]
    assert n_drawn[N_ITEMS - 1] > 1.5 * max(others)


def test_a_catalogue_with_too_few_negatives_gives_none(
    shelf: tuple[Catalogue, Negatives, Columns],
) -> None:
    _, negatives, columns = shelf
    for n_negatives, fits in ((58, True), (59, False)):  # 60 items, two meet both conditions
        drawn = negatives.draw(
            columns, (0,), n_negatives=n_negatives, hard_share=0.5, rng=stream(1)
        )
        assert (drawn is not None) == fits


def test_a_namesake_of_the_truth_is_never_a_negative(
    shelf: tuple[Catalogue, Negatives, Columns],
) -> None:
    _, negatives, columns = shelf
    twin = Negatives(
        negatives.asked,
        Namesakes({0: np.array([0, 59])}),
        negatives.popularity,
    )
    assert not any(59 in drawn for drawn in draws(twin, columns, hard_share=0.5))
    assert any(59 in drawn for drawn in draws(negatives, columns, hard_share=0.5))
