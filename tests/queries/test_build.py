"""What must hold of the queries of every domain, against brute force; and the stages on disk."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.domain import Domain, check, read_domain, write_manifest, write_tables
from rerec.catalogue.files import sha256_of
from rerec.catalogue.titles import normalise
from rerec.errors import DataError
from rerec.queries import build
from rerec.queries.build import build_queries, queries_of
from rerec.queries.drafts import MAX_REPEATS
from rerec.queries.phrasing import is_held_back
from rerec.records import SPLITS, Condition, Query
from rerec.settings import QuerySettings
from rerec.sources.wheels import BOKEH_SAMPLEDATA, RECBOLE

SEED = 7
MakeDomain = Callable[..., Domain]
any_domain = given(
    seed=st.integers(0, 10**6), n_items=st.integers(6, 24), n_users=st.integers(3, 9)
)
few = settings(max_examples=12, deadline=None)


def facts_of(domain: Domain) -> dict[str, list[Condition]]:
    """Every item's facts in display order, read off the table."""
    facts = defaultdict(list)
    for row in domain.attributes.to_pylist():
        facts[row["item_id"]].append(Condition(row["relation"], row["value"]))
    return facts


def likes_of(domain: Domain, user_id: str | None) -> list[tuple[int, str]]:
    """(timestamp, item id) of what a user liked, by time."""
    return sorted(
        (row["timestamp"], row["item_id"])
        for row in domain.interactions.to_pylist()
        if row["user_id"] == user_id and row["rating"] >= 4
    )


def every_query(domain: Domain, its_settings: QuerySettings) -> list[Query]:
    by_split = queries_of(domain, its_settings, seed=SEED)
    return [query for split in SPLITS for query in by_split[split]]


def positive_of(query: Query) -> str:
    (positive,) = set(query.ground_truth) & set(query.candidates)
    return positive


@any_domain
@few
def test_the_ground_truth_is_every_liked_item_that_meets_all_conditions(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    facts = facts_of(domain)
    for query in every_query(domain, small_settings):
        liked = {item_id for _, item_id in likes_of(domain, query.user_id)}
        right = {i for i in liked if set(query.conditions) <= set(facts[i])}
        assert set(query.ground_truth) == right
        assert len(query.ground_truth) == len(right)
        assert query.ground_truth[0] == positive_of(query)


@any_domain
@few
def test_one_candidate_is_right_and_no_other_could_be(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    facts = facts_of(domain)
    name_of = {item.item_id: normalise(item.title) for item in domain.catalogue.items}
    for query in every_query(domain, small_settings):
        assert len(set(query.candidates)) == len(query.candidates) == small_settings.n_candidates
        right_names = {name_of[item_id] for item_id in query.ground_truth}
        asked_values = {condition.value.casefold() for condition in query.conditions}
        for item_id in set(query.candidates) - {positive_of(query)}:
            assert not set(query.conditions) <= set(facts[item_id])
            assert not asked_values <= {fact.value.casefold() for fact in facts[item_id]}
            assert name_of[item_id] not in right_names


@any_domain
@few
def test_conditions_are_shown_facts_and_few_items_meet_them(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    facts = facts_of(domain)
    n_having = defaultdict(int)
    for held in facts.values():
        for fact in held:
            n_having[fact] += 1
    for query in every_query(domain, small_settings):
        values = [condition.value.casefold() for condition in query.conditions]
        assert 1 <= len(values) == len(set(values)) <= 4
        for condition in query.conditions:
            uncommon = [
                fact
                for fact in facts[positive_of(query)]
                if fact.relation == condition.relation and n_having[fact] <= 0.5 * n_items
            ]
            assert condition in uncommon[: small_settings.shown_values]
        n_meeting = sum(set(query.conditions) <= set(held) for held in facts.values())
        assert n_meeting <= max(1, n_items // 10)


@any_domain
@few
def test_splits_share_no_condition_set_and_no_user(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    by_split = queries_of(domain, small_settings, seed=SEED)
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        for part_of in (lambda q: frozenset(q.conditions), lambda q: q.user_id):
            assert not {part_of(q) for q in by_split[one]} & {part_of(q) for q in by_split[other]}


@any_domain
@few
def test_a_history_is_what_the_user_liked_before_the_placed_item(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    name_of = {item.item_id: normalise(item.title) for item in domain.catalogue.items}
    for query in every_query(domain, small_settings):
        likes = [item_id for _, item_id in likes_of(domain, query.user_id)]
        right_names = {name_of[item_id] for item_id in query.ground_truth}
        before = likes[: likes.index(positive_of(query))]
        before = [item_id for item_id in before if name_of[item_id] not in right_names]
        assert list(query.history) == before[-small_settings.n_history :]


@any_domain
@few
def test_the_order_of_the_tables_changes_nothing(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    rng = np.random.default_rng(seed)
    write_tables(
        domain.folder / "turned",
        items=domain.catalogue.items,
        attributes=domain.attributes,
        interactions=domain.interactions.take(rng.permutation(domain.n_interactions)),
        users=domain.users.take(rng.permutation(n_users)),
    )
    turned = read_domain(domain.folder / "turned")
    expected = queries_of(domain, small_settings, seed=SEED)
    assert queries_of(turned, small_settings, seed=SEED) == expected
    assert queries_of(domain, small_settings, seed=SEED) == expected


def test_processes_change_nothing(small_domain: MakeDomain, small_settings: QuerySettings) -> None:
    domain = small_domain(5, n_items=24, n_users=9)
    kinds = ("explicit", "implicit", "interest", "interest_personal", "misinformed")
    every = small_settings.model_copy(update={"categories": kinds})
    expected = queries_of(domain, every, seed=SEED)
    assert {q.category for q in expected["train"]} >= {"explicit", "implicit"}
    assert queries_of(domain, every, seed=SEED, n_processes=2) == expected


def test_of_many_users_some_ask_and_nobody_else_is_read(
    small_domain: MakeDomain, small_settings: QuerySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = small_domain(3, n_items=24, n_users=9)
    read: list[set[str]] = []
    whole = Domain.interactions_of

    def watched(self: Domain, user_ids: Collection[str]) -> pa.Table:
        read.append(set(user_ids))
        return whole(self, user_ids)

    monkeypatch.setattr(Domain, "interactions_of", watched)
    few_users = small_settings.model_copy(update={"max_users": 6})
    made = queries_of(domain, few_users, seed=SEED)
    assert [len(users) for users in read] == [6]
    assert {q.user_id for queries in made.values() for q in queries} <= read[0]
    assert "interactions" not in vars(domain)  # never read whole


@any_domain
@few
def test_nobody_asks_too_much_and_nothing_is_asked_twice_by_one_user(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int, n_users: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=n_users)
    for queries in queries_of(domain, small_settings, seed=SEED).values():
        per_user, per_set = defaultdict(list), defaultdict(int)
        for query in queries:
            per_user[query.user_id].append(query.conditions)
            per_set[query.conditions] += 1
        for asked in per_user.values():
            assert len(set(asked)) == len(asked) <= small_settings.max_queries_per_user
        assert all(n <= MAX_REPEATS for n in per_set.values())


def test_only_tests_use_held_back_patterns_and_as_many_as_asked_for(
    small_domain: MakeDomain, small_settings: QuerySettings
) -> None:
    domain = small_domain(3, n_items=24, n_users=9)
    by_split = queries_of(domain, small_settings, seed=SEED)
    n_held_back = {s: sum(is_held_back(q.query_id) for q in qs) for s, qs in by_split.items()}
    n_test = len(by_split["test"])
    assert n_test >= 3
    assert n_held_back == {"train": 0, "valid": 0, "test": round(n_test / 3)}


def test_another_seed_gives_other_queries(
    small_domain: MakeDomain, small_settings: QuerySettings
) -> None:
    domain = small_domain(3, n_items=24, n_users=9)
    one, other = (queries_of(domain, small_settings, seed=seed)["train"] for seed in (7, 8))
    assert [query.text for query in one] != [query.text for query in other]


SHOP = QuerySettings(
    categories=("explicit",),
    n_train=4,
    n_valid=2,
    n_test=2,
    n_candidates=3,
    max_queries_per_user=8,
    common_share=1.0,
)


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_build_writes_splits_that_read_back_and_are_listed(
    corner_shop: Path, said: list[str]
) -> None:
    report = build_queries(corner_shop, SHOP, seed=1, progress=said.append)
    domain = check(corner_shop)
    for split in SPLITS:
        queries = domain.queries(split)
        assert len(queries) == report["queries"][split]["n"] > 0
        assert queries == queries_of(domain, SHOP, seed=1)[split]
    assert (corner_shop / "queries" / "made.json").is_file()


def test_a_second_build_leaves_the_first_alone_and_says_so(
    corner_shop: Path, said: list[str]
) -> None:
    first = build_queries(corner_shop, SHOP, seed=1, progress=said.append)
    times = {path: path.stat().st_mtime_ns for path in (corner_shop / "queries").iterdir()}
    assert not any("already" in line for line in said)
    assert build_queries(corner_shop, SHOP, seed=1, progress=said.append) == first
    assert "already" in said[-1]
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_damaged_split_another_seed_and_a_changed_table_are_built_anew(
    corner_shop: Path, said: list[str]
) -> None:
    build_queries(corner_shop, SHOP, seed=1, progress=said.append)
    train = corner_shop / "queries" / "train.parquet"
    whole = sha256_of(train)
    train.write_bytes(b"half")
    build_queries(corner_shop, SHOP, seed=1, progress=said.append)
    assert sha256_of(train) == whole
    build_queries(corner_shop, SHOP, seed=2, progress=said.append)
    assert sha256_of(train) != whole
    (corner_shop / "queries" / "made.json").write_text("[", encoding="utf-8")
    build_queries(corner_shop, SHOP, seed=2, progress=said.append)
    assert not any("already" in line for line in said)


def test_a_domain_too_small_for_a_split_is_refused_and_left_as_it_was(
    corner_shop: Path, said: list[str]
) -> None:
    before = {p.name: p.read_bytes() for p in (corner_shop / "queries").iterdir()}
    too_many = SHOP.model_copy(update={"n_candidates": 13})  # of 12 films
    with pytest.raises(DataError, match="no query can be made for train"):
        build_queries(corner_shop, too_many, seed=1, progress=said.append)
    assert {p.name: p.read_bytes() for p in (corner_shop / "queries").iterdir()} == before


def test_fewer_queries_than_asked_for_are_said(corner_shop: Path, said: list[str]) -> None:
    many = SHOP.model_copy(update={"n_train": 500, "n_valid": 100, "n_test": 100})
    report = build_queries(corner_shop, many, seed=1, progress=said.append)
    n = report["queries"]["train"]["n"]
    assert 0 < n < 500
    assert any(f"{500 - n} fewer than asked for" in line for line in said)


def test_the_tables_are_built_once(
    corner_shop: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def build_tables(out: Path, *, from_files: Path | None, progress: object) -> dict[str, int]:
        calls.append((out, from_files, progress))
        pins = {f"{pin.name} {pin.version}": pin.sha256 for pin in (RECBOLE, BOKEH_SAMPLEDATA)}
        write_manifest(out, {"source": "ml-100k", "wheels": pins})
        (out / "sources.json").write_text(json.dumps({"joined": 12}), encoding="utf-8")
        return {"joined": 12}

    monkeypatch.setattr(build, "build_tables", build_tables)
    reports = [
        build.build(
            "ml-100k", corner_shop, SHOP, seed=1, from_files=Path("wheels"), progress=said.append
        )
        for _ in range(2)
    ]
    assert calls == [(corner_shop, Path("wheels"), said.append)]
    assert reports[0] == reports[1]
    assert reports[0]["tables"] == {"joined": 12}
    items = corner_shop / "items.parquet"
    items.write_bytes(items.read_bytes() + b"x")  # not the file that was listed
    with pytest.raises(DataError):
        build.build("ml-100k", corner_shop, SHOP, seed=1, progress=said.append)
    assert len(calls) == 2


@pytest.mark.parametrize("split", SPLITS)
def test_the_built_domain_keeps_its_promises(split: str) -> None:
    folder = Path(__file__).parents[2] / "data" / "ml-100k"
    if not (folder / "queries" / "made.json").is_file():
        pytest.skip("the embedded domain is not built here")
    domain = read_domain(folder)
    facts = {item_id: set(held) for item_id, held in facts_of(domain).items()}
    made = json.loads((folder / "queries" / "made.json").read_text(encoding="utf-8"))["settings"]
    queries = domain.queries(split, ["explicit"])
    assert len(queries) == made[f"n_{split}"]
    for query in queries:
        meeting = [i for i in query.candidates if set(query.conditions) <= facts[i]]
        assert meeting == [query.ground_truth[0]]
        assert all(set(query.conditions) <= facts[i] for i in query.ground_truth)
        assert len(set(query.candidates)) == made["n_candidates"]
        for condition in query.conditions:
            assert condition.value.lower() in query.text.lower()
