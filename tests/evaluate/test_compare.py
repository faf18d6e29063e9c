"""Two runs are compared query by query, or not at all."""

import pytest

from rerec.errors import DataError
from rerec.evaluate.compare import compare, format_comparison
from rerec.evaluate.statistics import holm


@pytest.fixture
def two_runs(make_row, make_run):
    def category(i):
        return ("explicit", "implicit", "interest")[i % 3]

    rows_a = [make_row(i, right=i % 2 == 0, category=category(i)) for i in range(60)]
    rows_b = [make_row(i, right=i % 2 == 0 or i % 3 == 0, category=category(i)) for i in range(60)]
    return make_run(rows_a), make_run(rows_b, model="model-b")


def test_differences_are_b_minus_a_and_p_is_the_exact_test_on_discordant_pairs(two_runs):
    whole = compare(*two_runs)["all"]
    assert (whole["only_a"], whole["only_b"]) == (0, 10)
    assert whole["p"] == whole["p_holm"] == pytest.approx(2 / 2**10)
    cell = whole["differences"]["accuracy"]
    assert cell["value"] == pytest.approx(10 / 60)
    assert 0 < cell["low"] < 10 / 60 < cell["high"]


def test_the_other_way_round_is_the_mirror_image(two_runs):
    forth, back = compare(*two_runs)["all"], compare(*reversed(two_runs))["all"]
    assert forth["p"] == back["p"]
    assert forth["differences"]["ndcg"]["value"] == -back["differences"]["ndcg"]["value"]


def test_the_order_of_the_rows_does_not_matter(two_runs):
    run_a, run_b = two_runs
    turned = run_b.copy()
    turned["rows"] = run_b["rows"][::-1]
    assert compare(run_a, turned) == compare(run_a, run_b)


def test_categories_are_a_family_adjusted_by_holm(two_runs):
    changes = compare(*two_runs)["by_category"]
    assert list(changes) == ["explicit", "implicit", "interest"]
    assert [each["p"] for each in changes.values()] == pytest.approx([2 / 2**10, 1.0, 1.0])
    adjusted = [each["p_holm"] for each in changes.values()]
    assert adjusted == holm([each["p"] for each in changes.values()])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "valid"}, "the split of model-a is test and that of model-b is valid"),
        ({"domain": {"path": "x", "fingerprint": "b" * 64}}, "the domain of"),
        ({"settings": {"k": 1}}, "the NDCG cut-off of"),
    ],
)
def test_runs_on_different_things_are_refused_in_one_sentence(two_runs, change, said):
    run_a, run_b = two_runs
    with pytest.raises(DataError, match=said) as caught:
        compare(run_a, {**run_b, **change})
    assert "\n" not in str(caught.value)


def test_runs_over_different_queries_are_refused(two_runs):
    run_a, run_b = two_runs
    with pytest.raises(DataError, match="answered 60 queries and model-b 50, 50 of them the same"):
        compare(run_a, {**run_b, "rows": run_b["rows"][:50]})


def test_the_text_says_which_is_better_and_shows_every_figure(two_runs):
    text = format_comparison(compare(*two_runs))
    assert "B is more accurate (p = 0.002)" in text
    assert "+0.167" in text
    for name in ("ndcg", "conditions_met", "tokens", "  implicit"):
        assert name in text


def test_the_text_claims_nothing_where_nothing_is_shown(two_runs):
    run_a, _ = two_runs
    assert "no difference in accuracy is shown" in format_comparison(compare(run_a, run_a))
