"""`embed` writes a row for each item, twice the same, and says how good they are."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rerec.catalogue.domain import EMBEDDINGS_FILE, check, read_domain, table_paths
from rerec.catalogue.files import read_json, read_parquet, write_parquet
from rerec.catalogue.tables import INTERACTIONS
from rerec.errors import DataError
from rerec.graph.embed import REPORT_FILE, EmbedReport, embed
from rerec.settings import LightGCNSettings

SMALL = LightGCNSettings(dim=4, batch_size=16, max_epochs=4)


def run(folder: Path, *, compare: bool = False, seed: int = 7) -> EmbedReport:
    return embed(folder, SMALL, seed=seed, compare=compare, progress=[].append)


def test_every_item_gets_a_row_and_the_domain_still_checks(corner_shop):
    report = run(corner_shop)
    rows = read_domain(corner_shop).embeddings()
    assert rows.shape == (12, 4)
    assert (np.linalg.norm(rows, axis=1) > 1e-6).all()
    assert report.n_items_without_training > 0
    check(corner_shop)


def test_two_runs_write_the_same_bytes(corner_shop):
    written = []
    for seed in (7, 7, 8):
        run(corner_shop, seed=seed)
        written.append((corner_shop / EMBEDDINGS_FILE).read_bytes())
    assert written[0] == written[1] != written[2]


def test_the_order_of_the_interactions_file_does_not_matter(corner_shop):
    run(corner_shop)
    before = (corner_shop / EMBEDDINGS_FILE).read_bytes()
    path = table_paths(corner_shop)[2]
    table = read_parquet(path, INTERACTIONS)
    write_parquet(path, table.take(pa.array(range(len(table))[::-1])))
    run(corner_shop)
    assert (corner_shop / EMBEDDINGS_FILE).read_bytes() == before


def test_the_baselines_are_measured_beside_it_when_asked(corner_shop):
    assert list(run(corner_shop).figures) == ["lightgcn"]
    report = run(corner_shop, compare=True)
    assert list(report.figures) == ["lightgcn", "popularity", "itemknn", "itemknn_cornac", "bpr"]
    for name in report.figures:
        assert f"\n{name}" in str(report)
    written = read_json(corner_shop / REPORT_FILE)
    assert written["report"]["figures"]["bpr"]["recall"] == report.figures["bpr"].recall
    assert written["settings"]["dim"] == 4


def test_too_few_likes_are_one_sentence_and_nothing_is_written(corner_shop):
    (corner_shop / EMBEDDINGS_FILE).unlink()
    with pytest.raises(DataError, match=r"interactions\.parquet: no user has three .* rated 6 or"):
        embed(
            corner_shop,
            SMALL.model_copy(update={"liked_rating": 6.0}),
            seed=7,
            compare=False,
            progress=[].append,
        )
    assert not (corner_shop / EMBEDDINGS_FILE).exists()
    assert not (corner_shop / REPORT_FILE).exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(corner_shop, monkeypatch):
    before = (corner_shop / EMBEDDINGS_FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError, match="No space left on device"):
        run(corner_shop)
    assert (corner_shop / EMBEDDINGS_FILE).read_bytes() == before
