"""The corner shop with a recipe that fits it, exported once for verl."""

from pathlib import Path

import pytest

from rerec.settings import Recipe
from rerec.verl.export import export_verl

SMALL = {"train": {"queries_per_step": 2, "num_generations": 4}, "reward": {"qas": "conditions"}}


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """A recipe whose step is no larger than the corner shop."""
    return Recipe.model_validate(SMALL)


@pytest.fixture(scope="session")
def exported(
    corner_shop_made: Path, small_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The corner shop as verl reads it; not to be changed."""
    out = tmp_path_factory.mktemp("verl") / "corner-shop"
    export_verl(corner_shop_made, out, small_recipe)
    return out
