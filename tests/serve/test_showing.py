from dataclasses import replace

from rerec.catalogue.domain import read_domain
from rerec.serve.showing import about, examples, item_record, users


def test_without_queries_examples_are_made_of_frequent_values(bare, corner_shop):
    for split in ("train", "valid", "test"):
        (corner_shop / "queries" / f"{split}.parquet").unlink()
    found = examples(read_domain(corner_shop), bare.graph)
    assert found[0] == "Something with Crime, please."  # 5 of 12; 8 are of the 1990s
    assert len(found) == len(set(found)) == 6


def test_users_without_a_history_are_not_offered(corner_shop_made):
    domain = read_domain(corner_shop_made)
    assert {user["user_id"] for user in users(domain)} == {"ann", "bob", "cat", "dan"}
    nobody = domain.users.slice(0, 0)
    assert users(replace(domain, users=nobody)) == []


def test_an_item_that_is_none_has_no_record(bare):
    assert item_record(bare, "99") is None


def test_the_model_is_named(bare, reasoning):
    assert (about(bare)["model"], about(reasoning)["model"]) == ("none", "scripted")
