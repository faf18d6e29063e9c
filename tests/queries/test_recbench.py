"""RecBench+ imported: small files in its form, and the sample as published."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.domain import check, read_domain
from rerec.catalogue.files import sha256_of
from rerec.errors import DataError
from rerec.queries.namesakes import namesakes_of
from rerec.queries.recbench import MOST_POSITIVES, import_recbench, splits_of
from rerec.records import SPLITS, Condition, Hop
from rerec.sources.recbench import Facts
from rerec.sources.recbench_queries import PublishedQuery

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "recbench_plus"
NO_FACTS = Facts(wanted=False)
GENRES = ("Crime", "Drama", "Comedy", "War")
FILMS = [(str(n), f"Film no. {n}, The ({1960 + n % 40})", GENRES[n % 4]) for n in range(1, 61)]
CRIME = [title for _, title, genre in FILMS if genre == "Crime"]


def record(n: int, **more) -> dict:
    """An explicit record of one film and one condition."""
    return {
        "source_user": 7,
        "movieSubset": [f"The Film No. {n} ({1960 + n % 40})"],
        "sharedRelationships": [["Starring", f"Star {n}"]],
        "situational_description_query": f"Which film has star {n}?",
        "data_idx": n,
        **more,
    }


HOP = {"movie": FILMS[9][1], "relation": "Director", "person": "Al Wrong"}
FILES = {
    "ExplicitQuery.json": [record(n) for n in range(1, 30)]
    + [record(30, sharedRelationships=[["Genre", "crime"]], movieSubset=CRIME)],
    "ImplicitQuery.json": [record(4, multihop_info=[HOP])],
    "MisinformedQuery.json": [
        record(5, query="Told wrongly", misinformed=[{**HOP, "original person": "Bo Right"}]),
        record(6, misinformed=[{**HOP, "movie": "Nowhere (1900)", "original person": "x"}]),
        record(7, movieSubset=["Film no. 7 (1967)", "Filmm no. (1907)"]),
        record(8, movieSubset=["Elsewhere (1900)"]),
    ],
    "InterestBasedQuery.json": [
        {
            "Shared consecutive movies": CRIME[:2],
            "query & ground true": [
                {"query": f"Like those {n}", "movie subset": [FILMS[n][1]]} for n in (2, 3)
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A folder in the form of RecBench+."""
    folder = tmp_path_factory.mktemp("recbench")
    for name, records in FILES.items():
        (folder / name).write_text(json.dumps(records), encoding="utf-8")
    lines = ["::".join(film) for film in FILMS]
    (folder / "movies.dat").write_text("\n".join(lines), encoding="latin-1")
    (folder / "users.dat").write_text("7::F::25::3::0\n8::M::18::4::0\n")
    (folder / "ratings.dat").write_text("7::1::5::10\n8::1::4::20\n8::2::2::30\n")
    return folder


@pytest.fixture(scope="module")
def imported(source, tmp_path_factory):
    """The domain, its queries by id, the split of each, and the report."""
    out = tmp_path_factory.mktemp("made") / "domain"
    report = import_recbench(out, source, seed=7, facts=NO_FACTS, progress=print)
    domain = check(out)
    by_split = {split: domain.queries(split) for split in SPLITS}
    queries = {q.query_id: q for split in SPLITS for q in by_split[split]}
    splits = {q.query_id: split for split in SPLITS for q in by_split[split]}
    return domain, queries, splits, report


def test_titles_become_items_and_conditions_facts_of_them(imported):
    domain, queries, _, _ = imported
    query = queries["explicit-00003"]
    assert query.ground_truth == ("3",)
    assert query.conditions == (Condition("starring", "Star 3"),)
    assert query.text == "Which film has star 3?"
    assert query.user_id == "7"
    assert {"item_id": "3", "relation": "starring", "value": "Star 3"} in (
        domain.attributes.to_pylist()
    )


def test_a_value_is_spelled_as_the_domain_spells_it(imported):
    domain, queries, _, _ = imported
    assert queries["explicit-00030"].conditions == (Condition("genre", "Crime"),)
    assert "crime" not in domain.attributes["value"].to_pylist()


def test_a_misinformed_hop_says_what_was_told_and_the_graph_what_is_true(imported):
    domain, queries, _, _ = imported
    assert queries["misinformed-00005"].hops == (Hop("10", "director", "Al Wrong"),)
    values = [a["value"] for a in domain.attributes.to_pylist() if a["relation"] == "director"]
    assert values == ["Al Wrong", "Bo Right"]  # the first is what the implicit hop says is true
    assert queries["misinformed-00006"].hops == ()


def test_what_means_no_item_is_listed_with_the_nearest(imported):
    _, queries, _, report = imported
    told = report["queries"]
    assert [(entry["query_id"], entry["title"]) for entry in told["unresolved"]] == [
        ("misinformed-00007", "Filmm no. (1907)"),
        ("misinformed-00008", "Elsewhere (1900)"),
    ]
    assert all(entry["nearest"].startswith("The Film no.") for entry in told["unresolved"])
    assert told["hops_unresolved"][0]["title"] == "Nowhere (1900)"
    assert told["left_out"] == ["misinformed-00008"]
    assert "misinformed-00008" not in queries
    assert queries["misinformed-00007"].ground_truth == ("7",)
    assert told["truths_resolved"] == round(1 - 2 / told["truths"], 4)


def test_candidates_are_twenty_with_true_ones_and_others_that_are_not(imported):
    domain, queries, _, _ = imported
    facts = {(a["item_id"], a["relation"], a["value"]) for a in domain.attributes.to_pylist()}
    names = namesakes_of(domain.catalogue)
    for query in queries.values():
        assert len(set(query.candidates)) == len(query.candidates) == 20
        true = [item_id for item_id in query.candidates if item_id in query.ground_truth]
        assert len(true) == min(len(query.ground_truth), MOST_POSITIVES)
        alike = {row for t in query.ground_truth for row in names[domain.catalogue.row_of(t)]}
        for item_id in set(query.candidates) - set(query.ground_truth):
            assert domain.catalogue.row_of(item_id) not in alike
            if query.conditions:
                asked = [(item_id, c.relation, c.value) in facts for c in query.conditions]
                assert not all(asked), (query.query_id, item_id)


def test_one_condition_set_or_group_is_in_one_split(imported):
    _, queries, splits, _ = imported
    split_of = {}
    for query_id, query in queries.items():
        key = query.conditions or query_id.rpartition("-")[0]
        assert split_of.setdefault(key, splits[query_id]) == splits[query_id]
    assert set(splits.values()) == set(SPLITS)
    assert splits["interest-00000-0"] == splits["interest-00000-1"]
    assert splits["explicit-00004"] == splits["implicit-00004"]


def test_the_same_seed_draws_the_same_and_another_one_others(source, imported, tmp_path):
    domain, queries, _, _ = imported
    for seed, name in ((7, "same"), (8, "other")):
        import_recbench(tmp_path / name, source, seed=seed, facts=NO_FACTS, progress=print)
    for table in ("items.parquet", "attributes.parquet", "queries/test.parquet"):
        assert sha256_of(domain.folder / table) == sha256_of(tmp_path / "same" / table)
    other = read_domain(tmp_path / "other")
    drawn = {q.query_id: q.candidates for split in SPLITS for q in other.queries(split)}
    assert drawn["explicit-00003"] != queries["explicit-00003"].candidates


def test_splits_that_are_given_are_kept(source, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name in ("movies.dat", "ExplicitQuery.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    given = {"ExplicitQuery.json": {"valid": list(range(1, 20)), "train": list(range(20, 31))}}
    (folder / "splits.json").write_text(json.dumps(given))
    import_recbench(tmp_path / "made", folder, seed=7, facts=NO_FACTS, progress=print)
    domain = read_domain(tmp_path / "made")
    assert len(domain.queries("valid")) == 19
    assert len(domain.queries("train")) == 11
    with pytest.raises(DataError, match=r"test\.parquet"):
        domain.queries("test")


def test_a_bad_record_is_refused_or_counted(source, tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "movies.dat").write_bytes((source / "movies.dat").read_bytes())
    records = [record(1), {"data_idx": 2}, record(3, movieSubset=[])]
    (folder / "ExplicitQuery.json").write_text(json.dumps(records))
    with pytest.raises(
        DataError, match=r"record 1: has no 'sharedRelationships' \(explicit\); mend"
    ):
        import_recbench(tmp_path / "d", folder, seed=7, facts=NO_FACTS, progress=print)
    assert not (tmp_path / "d").exists()
    report = import_recbench(
        tmp_path / "d", folder, seed=7, facts=NO_FACTS, skip_bad_rows=True, progress=print
    )
    assert report["queries"]["queries"] == 1
    assert report["files"][str(folder / "ExplicitQuery.json")]["skipped"] == 2


@given(
    kinships=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
def test_a_kinship_is_never_torn_apart(kinships, seed):
    queries = [
        PublishedQuery(f"q{n}", "explicit", "?", (), (), ("x",), None, "f", n, kinship)
        for n, kinship in enumerate(kinships)
    ]
    splits = splits_of(queries, {}, seed=seed)
    assert len({*zip(kinships, splits, strict=True)}) == len(set(kinships))
    assert "test" in splits
    assert splits == splits_of(queries, {}, seed=seed)


def test_the_published_sample_imports_whole(tmp_path):
    if not SAMPLE.is_dir():
        pytest.skip("the sample of RecBench+ is not beside the checkout")
    report = import_recbench(tmp_path / "d", SAMPLE, seed=7, facts=NO_FACTS, progress=print)
    told = report["queries"]
    assert told["queries"] == 57
    assert told["truths_resolved"] >= 0.98
    assert len(told["unresolved"]) == round((1 - told["truths_resolved"]) * told["truths"])
    domain = check(tmp_path / "d")
    queries = [q for split in SPLITS for q in domain.queries(split)]
    nostalgic = next(q for q in queries if q.query_id == "demographics-00000-0")
    labels = [
        domain.catalogue.items[domain.catalogue.row_of(t)].label for t in nostalgic.ground_truth
    ]
    assert labels == [
        "Stand by Me (1986)",
        "The Breakfast Club (1985)",
        "The Princess Bride (1987)",
    ]
