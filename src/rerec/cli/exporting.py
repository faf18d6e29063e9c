"""`rerec data export-verl`: a domain and a recipe, written for another training engine."""

from pathlib import Path
from typing import Annotated

import typer

from rerec.cli.options import DomainFolder, JsonOutput, Overrides, section, show


def export_verl(
    folder: DomainFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder to write.")],
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML recipe; the defaults without one.")
    ] = None,
    overrides: Overrides = None,
    as_json: JsonOutput = False,
) -> None:
    """Write a domain's queries as verl trains on them.

    train, valid and test in Parquet, with the prompts that our own training writes; the recipe, by
    which verl's workers judge and credit; and what it says of the run as overrides of verl's
    configuration. --set takes the keys of a recipe.

    \b
    Example:
      rerec data export-verl data/ml-100k --out verl/ml-100k --recipe recipes/paper-qwen2.5-3b.yaml
    """
    from rerec.settings import Recipe, read_recipe

    settings = read_recipe(recipe, overrides or ()) if recipe else section(Recipe, overrides)
    from rerec.verl.export import export_verl as export  # torch takes seconds; refuse before

    written = export(folder, out, settings)
    counts = ", ".join(f"{n} {split}" for split, n in written.n_queries.items())
    lines = [f"{out}: {counts} queries written"]
    if written.untold:
        lines.append(f"verl is not told of: {', '.join(written.untold)}")
    show(written, "\n".join(lines), as_json=as_json)
