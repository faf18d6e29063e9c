"""What splits share, on queries written by hand."""

import pytest

from rerec.queries.overlaps import overlap, overlaps
from rerec.records import Condition, Query

WAR, ANN, BO = (
    Condition("genre", "War"),
    Condition("director", "Ann"),
    Condition("writer", "Bo"),
)


def query(name: str, conditions: tuple[Condition, ...], truth: str, user: str) -> Query:
    return Query(name, "explicit", name, conditions, (), (truth,), (truth, "z"), user, (), 1)


SEEN = [query("e-train-0-d00", (WAR, ANN), "a", "u1"), query("e-train-1-d01", (BO,), "b", "u2")]


def test_order_of_conditions_does_not_matter_and_shares_are_of_mentions() -> None:
    later = [
        query("e-test-0-d00", (ANN, WAR), "a", "u1"),
        query("e-test-1-d02u", (WAR,), "c", "u1"),
    ]
    found = overlap(later, SEEN)
    assert found == {
        "condition_sets": 0.5,
        "interests": 0.0,
        "user_truth_pairs": 0.5,
        "users": 1.0,
        "texts": 0.0,
        "placed_items": 0.5,
        "single_conditions": 1.0,
        "patterns": 0.5,
        "contained_sets": 1.0,
    }


@pytest.mark.parametrize(
    ("conditions", "contained"),
    [((WAR,), 1.0), ((BO, WAR), 1.0), ((Condition("genre", "Bo"),), 0.0), ((), 0.0)],
)
def test_a_set_is_contained_where_it_is_part_of_another_or_the_other_of_it(
    conditions: tuple[Condition, ...], contained: float
) -> None:
    assert overlap([query("e-test-0-d00", conditions, "q", "u9")], SEEN)["contained_sets"] == (
        contained
    )


def test_every_later_split_is_held_against_every_earlier_one() -> None:
    found = overlaps({"train": SEEN, "valid": SEEN[:1], "test": []})
    assert list(found) == ["valid in train", "test in train", "test in valid"]
    shared = {kind: share for kind, share in found["valid in train"].items() if kind != "interests"}
    assert set(shared.values()) == {1.0}
    assert set(found["test in train"].values()) == {0.0}
