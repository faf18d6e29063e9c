"""Likes by user and time."""

import pyarrow as pa

from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import INTERACTIONS
from rerec.queries.likes import likes_of, some_of
from rerec.records import Item

CATALOGUE = Catalogue(tuple(Item(name, name, None, (), 0) for name in "abc"))


def test_likes_are_ordered_by_time_then_id_and_stand_once() -> None:
    rows = [
        ("u2", "a", 5.0, 3),
        ("u1", "c", 4.0, 2),
        ("u1", "b", 4.0, 2),
        ("u1", "a", 3.5, 1),  # not liked
        ("u1", "b", 5.0, 9),  # again
        ("u3", "a", 1.0, 1),  # likes nothing
    ]
    table = pa.table([list(column) for column in zip(*rows, strict=True)], schema=INTERACTIONS)
    likes = likes_of(table, CATALOGUE, liked_rating=4.0)
    assert likes.user_ids == ("u1", "u2")
    assert [rows.tolist() for rows in likes.rows] == [[1, 2], [0]]
    assert likes.mask(0).tolist() == [False, True, True]


def test_a_table_without_likes_has_no_users() -> None:
    likes = likes_of(INTERACTIONS.empty_table(), CATALOGUE, liked_rating=4.0)
    assert likes.user_ids == ()
    assert likes.rows == ()


def test_of_many_users_some_are_drawn_by_their_ids_alone() -> None:
    users = [f"u{n:02}" for n in range(30)]
    some = some_of(users, 10, seed=7)
    assert len(some) == 10
    assert some == sorted(some)
    assert set(some) <= set(users)
    assert some_of(reversed(users), 10, seed=7) == some
    assert some_of(users, 10, seed=8) != some
    assert some_of(users, 30, seed=7) == users
