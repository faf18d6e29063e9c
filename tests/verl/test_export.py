"""Domains in the form that verl trains on."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rerec.catalogue.domain import queries_path, read_domain
from rerec.cli import main
from rerec.errors import DataError, SettingsError
from rerec.graph.attributes import AttributeGraph
from rerec.settings import Recipe, read_recipe
from rerec.train.choosing import chosen_queries
from rerec.train.prompts import PromptWriter
from rerec.verl.export import OVERRIDES_FILE, RECIPE_FILE, SCHEMA, export_verl


def rows(folder: Path, split: str) -> list[dict]:
    return pq.read_table(folder / f"{split}.parquet").to_pylist()


def test_a_row_has_every_column_that_verl_reads(exported):
    table = pq.read_table(exported / "test.parquet")
    assert table.schema == SCHEMA
    first = table.to_pylist()[0]
    assert first["data_source"] == "rerec/corner-shop"
    assert [message["role"] for message in first["prompt"]] == ["system", "user"]
    assert first["reward_model"] == {
        "style": "rule",
        "ground_truth": "\\boxed{The Usual Suspects (1995)}",
    }
    assert first["extra_info"]["query_id"] == "q7"
    assert first["extra_info"]["index"] == 0


def test_prompts_and_order_are_those_of_our_own_training(exported, small_recipe, corner_shop_made):
    domain = read_domain(corner_shop_made)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, small_recipe.prompt)
    queries = chosen_queries(domain, graph, small_recipe)
    found = rows(exported, "train")
    assert [row["extra_info"]["query_id"] for row in found] == [q.query_id for q in queries]
    assert [row["prompt"] for row in found] == [writer.messages(query) for query in queries]


def test_several_truths_stand_in_one_answer(exported):
    (row,) = [row for row in rows(exported, "train") if row["extra_info"]["query_id"] == "q4"]
    assert row["reward_model"]["ground_truth"] == "\\boxed{Heat (1995); Goodfellas (1990)}"


def test_the_same_domain_and_recipe_give_the_same_bytes(
    exported, corner_shop_made, small_recipe, tmp_path
):
    export_verl(corner_shop_made, tmp_path / "again", small_recipe)
    for file in [*sorted(exported.glob("*.parquet")), exported / RECIPE_FILE]:
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_the_recipe_that_is_written_reads_back_with_the_domain_in_full(
    exported, small_recipe, corner_shop_made
):
    found = read_recipe(exported / RECIPE_FILE)
    assert found == small_recipe.model_copy(update={"domain": str(corner_shop_made)})


def test_a_split_that_the_domain_lacks_is_left_out(corner_shop, small_recipe, tmp_path):
    queries_path(corner_shop, "test").unlink()
    written = export_verl(corner_shop, tmp_path / "out", small_recipe)
    assert written.n_queries == {"train": 4, "valid": 2}
    assert not (tmp_path / "out" / "test.parquet").exists()


def test_a_category_that_no_query_has_is_refused_and_nothing_is_written(
    corner_shop_made, small_recipe, tmp_path
):
    recipe = small_recipe.model_copy(update={"categories": ("interest",)})
    with pytest.raises(DataError, match="no query is interest"):
        export_verl(corner_shop_made, tmp_path / "out", recipe)
    assert not (tmp_path / "out").exists()


def test_a_loss_that_verl_does_not_have_is_refused_and_nothing_is_written(
    corner_shop_made, tmp_path
):
    recipe = Recipe.model_validate({"train": {"queries_per_step": 2, "loss_type": "sapo"}})
    with pytest.raises(SettingsError, match="no counterpart in verl"):
        export_verl(corner_shop_made, tmp_path / "out", recipe)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_there_is_not_overwritten(corner_shop_made, small_recipe, exported):
    with pytest.raises(DataError, match="is there already"):
        export_verl(corner_shop_made, exported, small_recipe)


def test_the_command_says_how_many_and_what_verl_is_not_told(corner_shop, tmp_path, capsys):
    shutil.move(corner_shop, tmp_path / "shop")
    given = ["data", "export-verl", str(tmp_path / "shop"), "--out", str(tmp_path / "out")]
    assert main([*given, "--set", "train.queries_per_step=2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_queries"] == {"train": 4, "valid": 2, "test": 3}
    assert told["untold"] == ["curriculum.enabled", "prompt.stop_repeats"]
    lines = (tmp_path / "out" / OVERRIDES_FILE).read_text().splitlines()
    assert f"data.train_files='{tmp_path / 'out' / 'train.parquet'}'" in lines
