"""A domain's queries in the form that verl trains on: one Parquet file for each split.

Beside them stand `recipe.yaml`, by which verl's workers judge and credit, and `overrides.txt`,
which says in verl's own words what the recipe says of the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import yaml

from rerec.catalogue.domain import Domain, queries_path, read_domain
from rerec.catalogue.files import new_folder, write_parquet
from rerec.credit.judge import Judge
from rerec.prompting import write_answer
from rerec.records import SPLITS, Query
from rerec.settings import Recipe
from rerec.train.choosing import chosen_queries
from rerec.train.prompts import PromptWriter
from rerec.verl.overrides import overrides_of, untold

RECIPE_FILE = "recipe.yaml"
OVERRIDES_FILE = "overrides.txt"
ABILITY = "recommendation"
SCHEMA = pa.schema(
    {
        "data_source": pa.string(),
        "prompt": pa.list_(pa.struct({"role": pa.string(), "content": pa.string()})),
        "ability": pa.string(),
        "reward_model": pa.struct({"style": pa.string(), "ground_truth": pa.string()}),
        "extra_info": pa.struct(
            {
                "index": pa.int64(),
                "split": pa.string(),
                "query_id": pa.string(),
                "category": pa.string(),
                "domain": pa.string(),
            }
        ),
    }
)
"""verl's columns. `rerec.verl.reward` finds a query by `extra_info`."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    n_queries: dict[str, int]
    """Of each split that the domain has."""
    untold: tuple[str, ...]
    """Settings of the recipe that have no counterpart in `overrides.txt`."""


def export_verl(folder: Path, out: Path, recipe: Recipe) -> Exported:
    """Write a domain's queries for verl; the same domain and recipe give the same bytes.

    Args:
        folder: the domain; it is read by verl's workers too, so it stays where it is.
        out: a folder that is not there yet.
        recipe: its queries, prompts, reward, credit and run; its own `domain` does not count.

    Raises:
        ReRecError: the domain lacks what the recipe needs, or the folder is there already or
            cannot be written.
    """
    place = folder.resolve()
    own = recipe.model_copy(update={"domain": str(place)})
    domain = read_domain(place)
    judge = Judge.of(domain, own.reward, own.credit)
    writer = PromptWriter(domain, judge.graph, own.prompt)
    splits = [split for split in SPLITS if queries_path(place, split).is_file()]
    queries = {split: _queries(domain, judge, split, own) for split in splits}
    with new_folder(out) as temporary:
        for split, chosen in queries.items():
            judge.check(chosen)
            write_parquet(temporary / f"{split}.parquet", verl_table(writer, chosen, split))
        text = yaml.safe_dump(own.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        (temporary / RECIPE_FILE).write_text(text, encoding="utf-8")
        lines = overrides_of(own, out.resolve())
        (temporary / OVERRIDES_FILE).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return Exported({split: len(chosen) for split, chosen in queries.items()}, untold(own))


def _queries(domain: Domain, judge: Judge, split: str, recipe: Recipe) -> Sequence[Query]:
    if split == "train":
        return chosen_queries(domain, judge.graph, recipe)
    return domain.queries(split, recipe.categories)


def verl_table(writer: PromptWriter, queries: Sequence[Query], split: str) -> pa.Table:
    """Queries as rows of verl's table, in the order given.

    Args:
        writer: writes their prompts, as in our own training.
        queries: of one split.
        split: its name.

    Returns:
        A table of `SCHEMA`. `ground_truth` is the answer line that would be right; the reward does
        not read it, but verl shows it beside responses.
    """
    domain = writer.domain.folder
    rows = [
        {
            "data_source": f"rerec/{domain.name}",
            "prompt": writer.messages(query),
            "ability": ABILITY,
            "reward_model": {
                "style": "rule",
                "ground_truth": write_answer([writer.label(i) for i in query.ground_truth]),
            },
            "extra_info": {
                "index": index,
                "split": split,
                "query_id": query.query_id,
                "category": query.category,
                "domain": str(domain),
            },
        }
        for index, query in enumerate(queries)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
