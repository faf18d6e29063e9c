"""Interest requests, against a plain reading of the users' likes."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.domain import Domain
from rerec.queries.build import queries_of
from rerec.records import SPLITS, Query
from rerec.settings import QuerySettings, SplitSizes

MakeDomain = Callable[..., Domain]
SIZES = SplitSizes(train=12, valid=4, test=6)


def in_order(domain: Domain) -> dict[str, list[str]]:
    """What each user liked, by time."""
    rows = sorted(domain.interactions.to_pylist(), key=lambda r: (r["timestamp"], r["item_id"]))
    liked: dict[str, list[str]] = {}
    for row in rows:
        if row["rating"] >= 4:
            liked.setdefault(row["user_id"], []).append(row["item_id"])
    return liked


def followed(liked: list[str], named: tuple[str, ...], span: int) -> set[str]:
    if not set(named) <= set(liked):
        return set()
    first, second = sorted(liked.index(item_id) for item_id in named)
    return set(liked[second + 1 : first + span])


def made(domain: Domain, small: QuerySettings, category: str) -> dict[str, list[Query]]:
    update = {"categories": (category,), "interest": SIZES, "personal": SIZES, "interest_span": 5}
    return queries_of(domain, small.model_copy(update=update), seed=7)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_what_is_right_was_liked_next_by_two_and_nothing_else_offered_was_by_any(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int
) -> None:
    domain = small_domain(seed, n_items=24, n_users=30)
    liked = in_order(domain)
    for queries in made(domain, small_settings, "interest").values():
        for query in queries:
            named = query.history
            assert (len(named), query.conditions, query.user_id) == (2, (), None)
            nexts = [followed(own, named, 5) for own in liked.values()]
            (placed,) = set(query.ground_truth) & set(query.candidates)
            assert all(sum(t in rows for rows in nexts) >= 2 for t in query.ground_truth)
            for item_id in set(query.candidates) - {placed}:
                assert not any(item_id in rows for rows in nexts)
                assert item_id not in named


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_no_interest_of_one_split_is_told_in_another(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int
) -> None:
    domain = small_domain(seed, n_items=24, n_users=30)
    by_split = made(domain, small_settings, "interest")
    told = {s: {frozenset(q.history) for q in queries} for s, queries in by_split.items()}
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not told[one] & told[other]


def test_a_personalised_one_is_right_for_its_user_and_offers_what_others_liked_next(
    small_domain: MakeDomain, small_settings: QuerySettings
) -> None:
    n_made = 0
    for seed in range(5):
        domain = small_domain(seed, n_items=24, n_users=30)
        liked = in_order(domain)
        by_split = made(
            domain, small_settings.model_copy(update={"n_candidates": 6}), "interest_personal"
        )
        for query in (query for split in SPLITS for query in by_split[split]):
            own = liked[str(query.user_id)]
            assert set(query.ground_truth) <= set(own)
            (placed,) = set(query.ground_truth) & set(query.candidates)
            assert own.index(placed) >= 2
            n_made += 1
    assert n_made > 0
