"""How far the baselines get, category by category."""

from dataclasses import replace

from rerec.catalogue.domain import EMBEDDINGS_FILE, read_domain, write_manifest, write_queries
from rerec.evaluate.shortcuts import format_shortcuts, shortcuts


def test_each_category_has_its_own_figures(corner_shop):
    queries = read_domain(corner_shop).queries("test")
    others = [replace(q, query_id=f"{q.query_id}b", category="implicit", text="?") for q in queries]
    write_queries(corner_shop, "test", [*queries, *others])
    write_manifest(corner_shop)
    found = shortcuts(corner_shop, seed=7)
    assert list(found) == ["explicit", "implicit"]
    overlap = {category: groups["attribute_overlap"] for category, groups in found.items()}
    assert overlap["explicit"]["accuracy"]["n"] == len(queries)
    # A request that names nothing leaves the words no more than chance.
    assert overlap["explicit"]["accuracy"]["value"] > overlap["implicit"]["accuracy"]["value"]
    assert overlap["explicit"]["conditions_met"]["value"] == 1.0
    table = format_shortcuts(found)
    assert [line.split()[0] for line in table.splitlines()] == ["accuracy", "explicit", "implicit"]


def test_without_embeddings_there_is_no_taste(corner_shop):
    (corner_shop / EMBEDDINGS_FILE).unlink()
    assert "nearest_to_history" not in shortcuts(corner_shop, seed=7)["explicit"]
