"""The log as a sparse matrix: who has what, and who likes it."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from rerec.assistant.history import Log
from rerec.catalogue.domain import Domain, read_domain, write_tables
from rerec.catalogue.tables import INTERACTIONS


@pytest.fixture(scope="module")
def shop(corner_shop_made: Path) -> Domain:
    return read_domain(corner_shop_made)


@pytest.fixture(scope="module")
def log(shop: Domain) -> Log:
    return Log.of(shop)


def test_a_user_has_what_stands_in_the_log_and_likes_what_they_rated_well(shop, log):
    rows, liked = log.of_user("ann")
    ids = [shop.catalogue.item_ids[row] for row in rows]
    assert sorted(ids, key=int) == ["1", "2", "3", "7", "10", "12"]
    assert {i for i, yes in zip(ids, liked, strict=True) if yes} == {"1", "2", "3", "12"}


@pytest.mark.parametrize("user_id", [None, "", "nobody"])
def test_who_is_not_known_has_nothing(log, user_id):
    rows, liked = log.of_user(user_id)
    assert len(rows) == len(liked) == 0


def test_an_item_rated_twice_is_liked_if_it_was_liked_once(shop, tmp_path):
    log = pa.table(
        [["ann", "ann", "bob"], ["1", "1", "2"], [5.0, 1.0, 2.0], [1, 2, 3]], schema=INTERACTIONS
    )
    write_tables(
        tmp_path,
        items=shop.catalogue.items,
        attributes=shop.attributes,
        interactions=log,
        users=shop.users,
    )
    read = Log.of(replace(shop, folder=tmp_path))
    assert [read.of_user("ann")[n].tolist() for n in (0, 1)] == [[0], [True]]
    assert [read.of_user("bob")[n].tolist() for n in (0, 1)] == [[1], [False]]
