"""Figures of a domain, counted by hand on the corner shop."""

import json
from pathlib import Path

import pytest

from rerec.catalogue.domain import queries_path
from rerec.errors import DataError
from rerec.queries.info import format_info, info


def test_the_figures_of_the_corner_shop_are_those_counted_by_hand(corner_shop: Path) -> None:
    figures = info(corner_shop)
    assert (figures["items"], figures["users"], figures["interactions"]) == (12, 4, 23)
    assert figures["sparsity"] == round(1 - 23 / 48, 4)
    assert figures["relations"]["country"] == {"values": 2, "facts": 12, "items": 12}
    assert figures["most_common"][:2] == [
        {"relation": "country", "value": "United States", "items": 11},
        {"relation": "language", "value": "English", "items": 11},
    ]
    test = figures["queries"]["test"]
    assert test["n"] == 3
    assert test["categories"] == {"explicit": 3}
    assert test["n_conditions"] == {"2": 1.0}
    # q7: only item 2 is by Bryan Singer; q8: only 5 is animated; q9: only 1 is by Michael Mann.
    assert test["n_holders"] == {"1": 1.0}
    # Thrillers 3, 7, 8 of four negatives; fantasy 6 of three; nobody else by Mann of four.
    assert test["hard_share"] == round((3 + 1 + 0) / 11, 4)
    assert test["mean_ground_truth"] == 1.0
    # q4 asks for crime (1 3 9 12), drama (1 9 10 12) and De Niro (1 3 12), q1 for Scorsese (12),
    # q2 for Bruce Willis (7), q3 for romance (10 11) from the 1990s (1 3 6 10).
    assert figures["queries"]["train"]["n_holders"] == {"1": 0.5, "2": 0.25, "3": 0.25}


def test_overlaps_between_splits_are_shares_of_mentions(corner_shop: Path) -> None:
    overlap = info(corner_shop)["overlaps"]["test in train"]
    assert overlap["condition_sets"] == 0.0
    assert overlap["users"] == 1.0
    assert overlap["single_conditions"] == 0.0
    assert overlap["placed_items"] == round(1 / 3, 4)  # item 1 of q9 is one of q4's two


def test_a_domain_without_queries_has_figures_too(corner_shop: Path) -> None:
    for split in ("train", "valid", "test"):
        queries_path(corner_shop, split).unlink()
    figures = info(corner_shop)
    assert (figures["queries"], figures["overlaps"], figures["samples"]) == ({}, {}, [])
    assert "12 items" in format_info(figures)


def test_the_figures_are_json_and_their_text_names_splits_and_samples(corner_shop: Path) -> None:
    figures = info(corner_shop)
    assert json.loads(json.dumps(figures)) == figures
    text = format_info(figures)
    assert "train: 4 queries (explicit 4), 4 users, 4 condition sets" in text
    assert "genre Thriller (5)" in text or "genre Drama (4)" in text
    for sample in figures["samples"]:
        assert sample["text"] in text


def test_a_folder_that_is_no_domain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such"):
        info(tmp_path / "nowhere")
