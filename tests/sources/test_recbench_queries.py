"""Records of RecBench+ as its files have them, read into queries."""

import pytest

from rerec.records import Condition
from rerec.sources.recbench_queries import PublishedHop, queries_of

EXPLICIT = {
    "source_user": 7,
    "condition_num": 2,
    "movieCount": 2,
    "movieSubset": ["Heat (1995)", "Ronin (1998)"],
    "movieSubsetId": [1, 2],
    "sharedRelationships": [["Starring", "Robert  De Niro"], ["Genre", "Crime"]],
    "direct_description_query": "Crime films with De Niro",
    "situational_description_query": "I had a long\nday.",
    "data_idx": 12,
}


def only(category, record, **more):
    (query,) = queries_of(category, {**record, **more}, n=3, file="File.json")
    return query


def test_an_explicit_record_is_one_query_in_its_situational_words():
    query = only("explicit", EXPLICIT)
    assert query.query_id == "explicit-00012"
    assert query.text == "I had a long day."
    assert query.conditions == (
        Condition("starring", "Robert De Niro"),
        Condition("genre", "Crime"),
    )
    assert query.titles == ("Heat (1995)", "Ronin (1998)")
    assert (query.user_id, query.hops, query.file, query.record) == ("7", (), "File.json", 12)


def test_without_situational_words_the_others_are_taken():
    query = only("explicit", EXPLICIT, situational_description_query="  ")
    assert query.text == "Crime films with De Niro"
    assert only("misinformed", EXPLICIT, situational_description_query=None, query="q").text == "q"


def test_a_record_of_a_book_says_book():
    record = {k.replace("movie", "book"): v for k, v in EXPLICIT.items()}
    record["sharedRelationships"] = [["WRITTEN_BY", "Ann Other"]]
    query = only("explicit", record)
    assert query.titles == ("Heat (1995)", "Ronin (1998)")
    assert query.conditions == (Condition("written_by", "Ann Other"),)


def test_an_implicit_hop_tells_what_is_true():
    hop = {"movie": "Cape Fear (1991)", "relation": "Starring", "person": "Robert De Niro"}
    query = only("implicit", EXPLICIT, multihop_info=[hop])
    de_niro = "Robert De Niro"
    assert query.hops == (PublishedHop("Cape Fear (1991)", "starring", de_niro, de_niro),)


def test_a_misinformed_hop_keeps_what_was_told_and_what_is_true():
    hop = {
        "book": "Emma",
        "relation": "WRITTEN_BY",
        "person": "Ann Other",
        "original person": "Jane Austen",
    }
    query = only("misinformed", EXPLICIT, misinformed=hop)
    assert query.hops == (PublishedHop("Emma", "written_by", "Ann Other", "Jane Austen"),)


def test_the_order_of_conditions_makes_no_other_kinship():
    other = [["Genre", "Crime"], ["Starring", "Robert De Niro"]]
    assert only("explicit", EXPLICIT).kinship == (
        only("implicit", EXPLICIT, sharedRelationships=other).kinship
    )


def test_a_group_holds_several_queries_of_one_kinship():
    children = [
        {"reason": "r", "query": "Something old", "movie subset": ["Heat (1995)"]},
        {"reason": "r", "query": "Something new", "movie subset": ["Ronin (1998)"]},
    ]
    record = {"data_idx": 4, "group_type": "age", "group": "25-34", "query & ground true": children}
    one, other = queries_of("demographics", record, n=0, file="f")
    assert (one.query_id, other.query_id) == ("demographics-00004-0", "demographics-00004-1")
    assert (one.text, one.titles, one.conditions) == ("Something old", ("Heat (1995)",), ())
    assert one.kinship == other.kinship
    (third,) = queries_of(
        "interest",
        {"Shared consecutive books": ["A"], "query & ground true": [
            {"query": "q", "book subset": ["B"]}]},
        n=5,
        file="f",
    )  # fmt: skip
    assert third.query_id == "interest-00005-0"
    assert third.kinship != one.kinship


@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        ({"sharedRelationships": [["Starring"]]}, TypeError, "no .relation, value."),
        ({"movieSubset": "Heat"}, TypeError, "no list of titles"),
        ({"movieSubset": []}, ValueError, "'movieSubset' is empty"),
        ({"multihop_info": [{"relation": "x", "person": "y"}]}, KeyError, "movie"),
        ({"data_idx": "first"}, ValueError, "first"),
    ],
)
def test_a_field_of_another_kind_is_told(broken, error, said):
    with pytest.raises(error, match=said):
        only("implicit", EXPLICIT, **broken)


def test_what_is_no_record_is_told():
    with pytest.raises(TypeError, match="is no record"):
        queries_of("explicit", ["x"], n=0, file="f")  # ty: ignore[invalid-argument-type]
