"""What needs no reasoning: how far each baseline gets on each category of a domain's queries.

A category on which popularity or the nearest to the history does well can be passed without reading
the request; `attribute_overlap` reads it word by word, so it is a ceiling where all is named.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rerec.catalogue.domain import read_domain
from rerec.catalogue.manifest import EMBEDDINGS_FILE
from rerec.evaluate.baselines import ranked, scorers
from rerec.evaluate.rows import RowMaker
from rerec.evaluate.table import Group, summarise

_WIDTH = 24


def shortcuts(folder: Path, *, split: str = "test", seed: int) -> dict[str, dict[str, Group]]:
    """Figures of every baseline by category: {category: {baseline: {figure: cell}}}.

    Args:
        folder: the domain; `nearest_to_history` is left out where it has no item embeddings.
        split: whose queries.
        seed: of ties and intervals.

    Raises:
        DataError: the domain or its queries cannot be read.
    """
    domain = read_domain(folder)
    queries = domain.queries(split)
    maker = RowMaker(domain)
    embeddings = domain.embeddings() if (folder / EMBEDDINGS_FILE).exists() else None
    found: dict[str, dict[str, Group]] = {}
    for name, scorer in scorers(domain.catalogue, maker.graph, embeddings).items():
        rows = [
            maker.ranked(query, ranked(scorer, domain.catalogue, query, seed=seed, name=name))
            for query in queries
        ]
        for category, group in summarise(rows, seed=seed)["by_category"].items():
            found.setdefault(category, {})[name] = group
    return found


def format_shortcuts(found: Mapping[str, Mapping[str, Group]]) -> str:
    """Accuracy of each baseline (columns) on each category (lines), with 95 % intervals."""
    names = list(dict.fromkeys(name for groups in found.values() for name in groups))
    lines = ["accuracy".ljust(_WIDTH) + "".join(name.rjust(_WIDTH) for name in names)]
    for category, groups in found.items():
        cells = [_cell(groups[name]["accuracy"]) for name in names]
        lines.append(category.ljust(_WIDTH) + "".join(cell.rjust(_WIDTH) for cell in cells))
    return "\n".join(lines)


def _cell(cell: Mapping[str, Any]) -> str:
    return f"{cell['value']:.3f} ({cell['low']:.3f}-{cell['high']:.3f})"
