"""Users and condition sets are shared out by hash, in proportion."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rerec.queries.split import split_of_conditions, split_of_users
from rerec.records import SPLITS
from rerec.rng import stream

SIZES = {"train": 6000, "valid": 500, "test": 1000}


@given(names=st.lists(st.text(max_size=4), min_size=3, unique=True), seed=st.integers(0, 99))
def test_each_user_is_in_one_split_whatever_the_order(names: list[str], seed: int) -> None:
    shares = split_of_users(names, SIZES, seed=seed)
    placed = [names[at] for split in SPLITS for at in shares[split]]
    assert sorted(placed) == sorted(names)
    assert all(shares[split] for split in SPLITS)
    turned = split_of_users(names[::-1], SIZES, seed=seed)
    for split in SPLITS:
        assert [names[::-1][at] for at in turned[split]] == [names[at] for at in shares[split]]


def test_users_are_shared_out_in_proportion_to_the_queries() -> None:
    shares = split_of_users([f"u{n}" for n in range(750)], SIZES, seed=7)
    assert {split: len(users) for split, users in shares.items()} == {
        "train": 600,
        "valid": 50,
        "test": 100,
    }


@given(names=st.lists(st.text(max_size=4), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_the_split_of_a_condition_set_does_not_depend_on_its_order(
    names: list[str], seed: int
) -> None:
    turned = stream(seed).permutation(len(names))
    assert split_of_conditions([names[at] for at in turned], SIZES, seed=7) == split_of_conditions(
        names, SIZES, seed=7
    )


def test_condition_sets_are_shared_out_in_proportion() -> None:
    n = Counter(split_of_conditions([f"genre={n}"], SIZES, seed=7) for n in range(7500))
    for split, size in SIZES.items():
        assert abs(n[split] - size) < 4 * size**0.5
