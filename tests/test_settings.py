"""Recipes, overrides, and what is said of a mistake in them."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rerec.errors import SettingsError
from rerec.sections import merged
from rerec.settings import CreditSettings, Recipe, RewardSettings, read_recipe

KEYS = st.text("abc", min_size=1, max_size=3)
TABLES = st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), max_size=3), max_size=3)


def recipe(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_recipe_is_all_defaults(tmp_path):
    assert read_recipe(recipe(tmp_path / "r.yaml", "")) == Recipe()


def test_a_recipe_and_its_overrides_are_read(tmp_path):
    path = recipe(tmp_path / "r.yaml", "seed: 3\nreward: {w_qas: 0.2}\ntrain:\n  beta: 0.01\n")
    read = read_recipe(path, ["reward.k=5", "train.learning_rate=1e-5", "credit.estimator=grpo"])
    assert (read.seed, read.reward.w_qas, read.reward.k) == (3, 0.2, 5)
    assert read.credit.estimator == "grpo"
    assert read.train.args == {"beta": 0.01, "learning_rate": 1e-5}


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("reward.w_qsa=1", "there is no setting 'reward.w_qsa'; did you mean 'w_qas'?"),
        ("rewrad.k=1", "there is no setting 'rewrad'; did you mean 'reward'?"),
        ("reward.zzz=1", "there is no setting 'reward.zzz'; there are: k, qas, w_format"),
        ("reward.k=0", "reward.k is 0: Input should be greater than or equal to 1"),
        ("credit.estimator=ppo", "credit.estimator is 'ppo'"),
        ("credit.w_penalty=-1", "credit.w_penalty is -1"),
        ("curriculum.tau=2", "curriculum.tau is 2"),
        ("reward.k", "override 'reward.k' is not of the form section.key=value"),
        ("seed.x=1", "override 'seed.x=1': 'seed' has no keys of its own"),
        ("seed={", "override 'seed={': the value is not YAML"),
    ],
)
def test_a_mistake_is_named_with_the_next_step(tmp_path, override, complaint):
    path = recipe(tmp_path / "r.yaml", "seed: 1")
    with pytest.raises(SettingsError) as error:
        read_recipe(path, [override])
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a\n- b", "holds a list, not sections"),
        ("a: [", "is not YAML"),
        ("a: \x00", "is not YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path, text, complaint):
    with pytest.raises(SettingsError, match=complaint):
        read_recipe(recipe(tmp_path / "r.yaml", text))


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.yaml: cannot be read"):
        read_recipe(tmp_path / "none.yaml")


@given(table=TABLES, key=KEYS, value=st.integers())
def test_an_override_wins_and_leaves_everything_else_and_its_argument_alone(table, key, value):
    before = yaml.safe_dump(table)
    found = merged(table, [f"own.{key}={value}"])
    assert found["own"][key] == value
    assert yaml.safe_dump(table) == before
    assert {k: v for k, v in found.items() if k != "own"} == {
        k: v for k, v in table.items() if k != "own"
    }


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        RewardSettings().k = 2  # ty: ignore[invalid-assignment]


def test_the_defaults_are_the_papers_where_it_names_them():
    assert CreditSettings().w_penalty == 0.3
    assert CreditSettings().raae_scale == "reward"
    assert Recipe().curriculum.tau == 0.1
    assert RewardSettings().k == 1
    assert RewardSettings().w_format == 0.1
