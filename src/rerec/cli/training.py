"""`rerec sft`, `train` and `average`: from a recipe to a fine-tuned model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rerec.cli.options import Overrides, progress

if TYPE_CHECKING:  # settings needs pydantic, a third of what `--help` may take
    from rerec.settings import Recipe

RecipeFile = Annotated[Path, typer.Option("--config", metavar="RECIPE", help="YAML recipe.")]
RunFolder = Annotated[
    Path, typer.Option(metavar="DIR", help="Run folder to write; one that was stopped goes on.")
]
RecipeDomain = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Domain folder; without it, the one that the recipe names."),
]


def sft(
    config: RecipeFile,
    out: RunFolder,
    data: RecipeDomain = None,
    overrides: Overrides = None,
) -> None:
    """Warm start: learn from reasoning written by the graph.

    --set takes section.key=value; the keys of TRL's SFTConfig go under `sft`.

    \b
    Example:
      rerec sft --config recipes/smollm2-movies.yaml --out runs/sft
      rerec sft --config recipes/demo.yaml --out runs/short --set sft.n_examples=64
    """
    recipe = _recipe(config, overrides, data)
    from rerec.train.sft import (
        sft as warm_start,
    )  # TRL takes seconds; a bad recipe is refused before

    warm_start(recipe, out=out, progress=progress)
    typer.echo(f"{out}: written; go on with `rerec train --config {config} --model {out}`")


def train(
    config: RecipeFile,
    out: RunFolder,
    model: Annotated[
        str | None,
        typer.Option(help="Run folder, path or hub id to start from, instead of the recipe's."),
    ] = None,
    data: RecipeDomain = None,
    overrides: Overrides = None,
) -> None:
    """Reinforcement fine-tuning from a recipe.

    Graph-shaped rewards, reasoning-aware advantages and an online curriculum.

    --set takes section.key=value; the keys of TRL's GRPOConfig go under `train`. Run again after a
    stop, the same command goes on from the last checkpoint, exactly.

    \b
    Example:
      rerec train --config recipes/smollm2-movies.yaml --model runs/sft --out runs/rft
      rerec train --config recipes/demo.yaml --out runs/x --set train.learning_rate=1e-5
    """
    recipe = _recipe(config, overrides, data)
    from rerec.train.rft import rft

    rft(recipe, model=model, out=out, progress=progress)
    typer.echo(f"{out}: written; measure it with `rerec evaluate --model {out}`")


def average(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Run or adapter folders, two or more.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Adapter folder to write.")],
) -> None:
    """Make one adapter of several: the mean of their weights.

    For the later steps of a run (`train.save_total_limit` says how many are kept), or for runs that
    began at the same adapter.

    \b
    Example:
      rerec average runs/a/checkpoints/checkpoint-10 runs/a runs/b --out runs/mean
      rerec average runs/a runs/b --out runs/mean
    """
    from rerec.train.averaging import average as mean_of

    mean_of(models, out)
    typer.echo(f"{out}: written; measure it with `rerec evaluate --model {out}`")


def _recipe(config: Path, overrides: list[str] | None, data: Path | None) -> "Recipe":
    from rerec.settings import read_recipe

    recipe = read_recipe(config, overrides or ())
    return recipe if data is None else recipe.model_copy(update={"domain": str(data)})
