"""Groups of users and their favourites, by hand and against plain counts."""

from collections.abc import Callable
from dataclasses import replace
from math import log

import numpy as np
import pyarrow as pa
import pytest

from rerec.catalogue.domain import Domain
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import askable
from rerec.queries.build import queries_of
from rerec.queries.candidates import negatives_of
from rerec.queries.demographics import GroupDrafter, group_columns, groups_of
from rerec.queries.likes import Likes, likes_of
from rerec.queries.people import person
from rerec.records import SPLITS, Condition
from rerec.rng import stream
from rerec.settings import QuerySettings, SplitSizes

USERS = pa.table(
    {
        "user_id": ["a", "b", "c", "d"],
        "age": [20, 30, 40, 50],
        "gender": ["F", "M", "F", None],
        "town": ["X", "X", "Y", "Y"],
        "name": ["1", "2", "3", "4"],
    }
)
F, M = Condition("gender", "F"), Condition("gender", "M")
X, Y = Condition("town", "X"), Condition("town", "Y")


def test_groups_are_values_of_text_columns_and_of_two_of_them() -> None:
    users = USERS.drop_columns(["name"])
    found = {k: v.tolist() for k, v in groups_of(users, ["a", "b", "c", "d"], least=1).items()}
    assert found == {
        (F,): [0, 2],
        (M,): [1],
        (X,): [0, 1],
        (Y,): [2, 3],
        (F, X): [0],
        (F, Y): [2],
        (M, X): [1],
    }
    assert set(groups_of(users, ["a", "b", "c", "d"], least=2)) == {(F,), (X,), (Y,)}
    assert groups_of(users, ["b", "a"], least=2) == {(X,): pytest.approx(np.array([0, 1]))}


def test_numbers_and_names_are_no_groups() -> None:
    many = pa.table({"user_id": [str(n) for n in range(99)], "name": [str(n) for n in range(99)]})
    assert group_columns(USERS) == ["gender", "town", "name"]
    assert group_columns(many) == []


def test_favourites_are_ranked_by_tf_idf() -> None:
    # Item 0 is liked by everybody, 1 by a and b, 2 by a alone, 3 by d alone.
    rows = ([0, 1, 2], [0, 1], [0], [0, 3])
    likes = Likes(("a", "b", "c", "d"), tuple(np.array(r) for r in rows), 5)
    drafter = GroupDrafter(likes, USERS, None, QuerySettings(), 7)  # ty: ignore
    worth = {2: log(4) / 5, 1: 2 * log(2) / 5}
    assert worth[2] == pytest.approx(worth[1])  # a tie: the first row first
    assert drafter.favourites(np.array([0, 1])).tolist() == [1, 2]
    assert drafter.favourites(np.array([3])).tolist() == [3]
    assert drafter.favourites(np.array([2])).tolist() == []


@pytest.fixture(scope="module")
def grouped(small_domain: Callable[..., Domain]) -> Domain:
    """A small domain whose users have groups."""
    domain = small_domain(5, n_items=26, n_users=60)
    rng = stream(5, "groups")
    columns = {
        "user_id": domain.users["user_id"],
        "gender": [str(v) for v in rng.choice(["F", "M"], 60)],
        "town": [str(v) for v in rng.choice(["X", "Y", "Z"], 60)],
    }
    return replace(domain, users=pa.table(columns))


SIZES = SplitSizes(train=12, valid=4, test=6)
WANTED = {
    "categories": ("demographics", "demographics_personal"),
    "demographics": SIZES,
    "personal": SIZES,
    "group_users": 5,
    "group_favourites": 3,
    "n_candidates": 5,
}


def test_what_is_right_are_the_favourites_of_the_group_that_asks(
    grouped: Domain, small_settings: QuerySettings
) -> None:
    wanted = small_settings.model_copy(update=WANTED)
    by_split = queries_of(grouped, wanted, seed=7)
    rows = [r for r in grouped.interactions.to_pylist() if r["rating"] >= 4]
    liked_by: dict[str, set[str]] = {}
    for row in rows:
        liked_by.setdefault(row["item_id"], set()).add(row["user_id"])
    n_users = len({row["user_id"] for row in rows})
    people = grouped.users.to_pylist()
    groups = groups_of(grouped.users, [p["user_id"] for p in people], least=5)
    told = {person(group): group for group in groups}
    n_seen = 0
    for query in (q for split in SPLITS for q in by_split[split] if q.user_id is None):
        words = max((w for w in told if w.lower() in query.text.lower()), key=len)
        inside = {
            p["user_id"] for p in people if all(p[c.relation] == c.value for c in told[words])
        }
        n_likes = sum(row["user_id"] in inside for row in rows)
        worth = {
            i: len(who & inside) / n_likes * log(n_users / len(who)) for i, who in liked_by.items()
        }
        best = sorted(worth.values(), reverse=True)[2]
        assert len(query.ground_truth) == 3
        assert all(worth[i] >= best - 1e-12 for i in query.ground_truth)
        n_seen += 1
    assert n_seen >= 10


def test_a_group_asks_in_one_split_alone_and_not_twice_for_the_same(
    grouped: Domain, small_settings: QuerySettings
) -> None:
    wanted = small_settings.model_copy(update=WANTED)
    graph = AttributeGraph.from_table(grouped.catalogue, grouped.attributes)
    asked = askable(graph, wanted)
    likes = likes_of(grouped.interactions, grouped.catalogue, liked_rating=wanted.liked_rating)
    negatives = negatives_of(asked, grouped.catalogue)
    drafter = GroupDrafter(likes, grouped.users, negatives, wanted, 7)
    drafts = {split: drafter.drafts(split, ()) for split in SPLITS}
    groups = {split: {draft.group for draft in own} for split, own in drafts.items()}
    assert all(groups.values())
    assert not groups["train"] & groups["valid"] | groups["train"] & groups["test"]
    assert not groups["valid"] & groups["test"]
    for own in drafts.values():
        assert len({(draft.group, draft.positive) for draft in own}) == len(own)


def test_a_personalised_one_is_of_a_user_who_likes_what_is_right(
    grouped: Domain, small_settings: QuerySettings
) -> None:
    wanted = small_settings.model_copy(update=WANTED)
    liked: dict[str, set[str]] = {}
    for row in grouped.interactions.to_pylist():
        if row["rating"] >= 4:
            liked.setdefault(row["user_id"], set()).add(row["item_id"])
    queries = queries_of(grouped, wanted, seed=7)["train"]
    own = [q for q in queries if q.category == "demographics_personal"]
    assert own
    for query in own:
        assert set(query.ground_truth) <= liked[str(query.user_id)]
