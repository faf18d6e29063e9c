"""Rows become means with intervals, by group."""

import pytest

from rerec.evaluate.table import (
    FIGURES,
    figures_of,
    format_side_by_side,
    format_table,
    summarise,
)


def test_every_outcome_is_counted_where_it_belongs(make_row):
    outcomes = ["right", "wrong", "no_answer", "unknown_title", "not_a_candidate"]
    rows = [make_row(i, outcome=outcome) for i, outcome in enumerate(outcomes)]
    whole = summarise(rows, seed=7)["all"]
    assert whole["accuracy"]["value"] == pytest.approx(1 / 5)
    assert whole["no_answer"]["value"] == pytest.approx(1 / 5)
    assert whole["outside_candidates"]["value"] == pytest.approx(2 / 5)
    assert whole["tokens"]["value"] == pytest.approx((40 + 41 + 42 + 43 + 44) / 5)


def test_groups_hold_each_row_once(make_row):
    rows = [make_row(i, category="explicit" if i % 4 else "implicit") for i in range(40)]
    summary = summarise(rows, seed=7)
    for grouping in ("by_category", "by_n_conditions", "by_n_holders"):
        assert sum(group["accuracy"]["n"] for group in summary[grouping].values()) == 40
    assert list(summary["by_n_conditions"]) == ["1", "2", "3"]
    assert list(summary["by_n_holders"]) == ["1", "2", "3", "4 or more"]


def test_a_figure_that_rows_lack_is_a_mean_over_the_others(make_row):
    rows = [make_row(0, conditions_met=0.5, n_tokens=None), make_row(1, conditions_met=None)]
    rows[1]["n_tokens"] = None
    whole = summarise(rows, seed=7)["all"]
    assert whole["conditions_met"]["n"] == 1
    assert whole["conditions_met"]["value"] == 0.5
    assert "tokens" not in whole


def test_a_query_that_asks_nothing_is_in_no_group_of_conditions_or_holders(make_row):
    summary = summarise([make_row(0, n_conditions=0, n_holders=0, conditions_met=None)], seed=7)
    assert summary["by_n_conditions"] == summary["by_n_holders"] == {}
    assert summary["all"]["accuracy"]["n"] == 1


def test_the_summary_is_the_same_every_time_and_holds_its_means(make_row):
    rows = [make_row(i, right=i % 3 > 0) for i in range(60)]
    summary = summarise(rows, seed=7)
    assert summary == summarise(rows, seed=7)
    for figure in FIGURES:
        cell = summary["all"][figure]
        assert cell["low"] <= cell["value"] <= cell["high"]
        assert cell["value"] == pytest.approx(sum(figures_of(rows, figure)) / 60)


def test_the_text_shows_means_over_intervals_and_the_baselines(make_row):
    rows = [make_row(i, right=i % 4 > 0) for i in range(80)]
    summary = summarise(rows, seed=7)
    text = format_table(summary, {"random": summarise(rows[:20], seed=7)})
    lines = text.splitlines()
    assert lines[1].split()[:3] == ["all", "80", "0.750"]
    cell = summary["all"]["accuracy"]
    assert lines[2].split()[0] == f"{cell['low']:.3f}-{cell['high']:.3f}".replace("0.", ".")
    assert lines[3].split()[:2] == ["random", "20"]
    assert "by number of conditions" in text
    assert "by category" not in text  # there is only one: it would repeat the whole
    assert max(map(len, lines)) <= 110


def test_models_side_by_side_are_one_table(make_row):
    summary = summarise([make_row(i) for i in range(4)], seed=7)
    text = format_side_by_side({"untrained": summary, "a name that is far too long": summary})
    assert text.count("NDCG") == 1
    assert "a name that is far t…" in text
