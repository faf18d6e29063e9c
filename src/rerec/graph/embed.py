"""From a domain's interactions to one embedding for each item, and how good they are.

Which interactions: those rated at least `liked_rating` count as liked, each the same; the others
are left out, as the preference alignment asks what users like and not what they met. How they are
held out: of each user's likes a seeded random tenth for validation (the early stop) and a tenth
for the test (the reported figures), see `InteractionGraph.split`. The embeddings that are written
are the very ones that were measured: trained on the training part alone.

Every item gets a row. One without any training interaction is an isolated node: its row is its
initial draw, moved only where it was drawn as what a user has not. It tells next to nothing (its
cosine with other items is small and arbitrary), but it is never all zeros.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain, read_domain, table_paths, write_embeddings
from rerec.catalogue.files import sha256_of, write_json
from rerec.catalogue.made import peak_memory_mb, versions
from rerec.errors import DataError
from rerec.graph.baselines import (
    bpr_scores,
    cornac_item_knn_scores,
    item_knn_scores,
    popularity_scores,
)
from rerec.graph.fitting import Embeddings, fit
from rerec.graph.interactions import InteractionGraph, Split
from rerec.graph.ranking import Ranked, rank_held_out
from rerec.settings import LightGCNSettings

REPORT_FILE = "embed.json"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class EmbedReport:
    """What was trained on what, and how well it ranks the test interactions."""

    n_items: int
    n_items_without_training: int
    """Items that no user has in the training interactions: their rows tell next to nothing."""
    n_users: int
    """Users with at least one test interaction: the figures are means over them."""
    n_train: int
    n_valid: int
    n_test: int
    liked_rating: float
    dim: int
    epochs: int
    """After how many epochs validation was best: the embeddings are those."""
    seconds: float
    """Training of LightGCN with its validations, wall clock."""
    figures: dict[str, Ranked]
    """Recall@20 and NDCG@20 on the test interactions, by recommender."""

    def __str__(self) -> str:
        """The report as a table."""
        lines = [
            f"{self.n_items} items x {self.dim}, LightGCN of {self.epochs} epochs, "
            f"{self.seconds:.1f} s; {self.n_items_without_training} items have no training "
            "interaction",
            f"interactions rated {self.liked_rating:g} or more: {self.n_train} to train, "
            f"{self.n_valid} to stop, {self.n_test} of {self.n_users} users to test",
            f"{'':16}{'Recall@20':>10}{'NDCG@20':>10}",
        ]
        for name, ranked in self.figures.items():
            lines.append(f"{name:16}{ranked.recall:10.4f}{ranked.ndcg:10.4f}")
        return "\n".join(lines)


def embed(
    folder: Path,
    settings: LightGCNSettings,
    *,
    seed: int,
    compare: bool,
    progress: Progress,
) -> EmbedReport:
    """Write `item_embeddings.safetensors` and `embed.json` into a domain folder.

    The embeddings are the same bytes for the same interactions, settings and seed.

    Args:
        folder: the domain.
        settings: of LightGCN.
        seed: of the held-out interactions and of everything that is trained.
        compare: also measure popularity, ItemKNN and BPR, in the same way.
        progress: told what is being done, a line at a time.

    Raises:
        DataError: the domain is missing or malformed, has too few liked interactions, or the
            folder cannot be written.
        SettingsError: training diverged.
    """
    domain = read_domain(folder)
    split = _split(domain, settings.liked_rating, seed)
    started = time.monotonic()
    fitted = fit(split, settings, seed=seed, progress=progress)
    seconds = time.monotonic() - started
    report = EmbedReport(
        n_items=split.train.n_items,
        n_items_without_training=int(
            (np.bincount(split.train.indices, minlength=split.train.n_items) == 0).sum()
        ),
        n_users=int(np.count_nonzero(np.diff(split.test.indptr))),
        n_train=len(split.train.indices),
        n_valid=len(split.valid.indices),
        n_test=len(split.test.indices),
        liked_rating=settings.liked_rating,
        dim=settings.dim,
        epochs=fitted.epoch,
        seconds=round(seconds, 2),
        figures=_figures(fitted, split, seed=seed, compare=compare, progress=progress),
    )
    write_embeddings(folder, fitted.items)
    write_json(folder / REPORT_FILE, _made(folder, settings, seed, report))
    return report


def _split(domain: Domain, liked_rating: float, seed: int) -> Split:
    graph = InteractionGraph.from_table(domain.catalogue, domain.interactions)
    split = graph.liked(liked_rating).split(seed)
    if not len(split.valid.indices):
        raise DataError(
            f"{domain.folder / 'interactions.parquet'}: no user has three interactions rated "
            f"{liked_rating:g} or more, so that none can be held out; set a lower liked_rating, "
            "or give more interactions"
        )
    return split


def _figures(
    fitted: Embeddings, split: Split, *, seed: int, compare: bool, progress: Progress
) -> dict[str, Ranked]:
    scores: dict[str, Callable[[], NDArray[np.floating]]] = {"lightgcn": fitted.scores}
    if compare:
        scores |= {
            "popularity": lambda: popularity_scores(split.train),
            "itemknn": lambda: item_knn_scores(split.train),
            "itemknn_cornac": lambda: cornac_item_knn_scores(split.train),
            "bpr": lambda: bpr_scores(split.train, seed=seed),
        }
    # What was held out for validation is known by now, and would only be in the way.
    known = split.train.matrix + split.valid.matrix
    figures = {}
    for name, score in scores.items():
        progress(f"measuring {name}")
        figures[name] = rank_held_out(score(), known=known, held_out=split.test.matrix)
    return figures


def _made(
    folder: Path, settings: LightGCNSettings, seed: int, report: EmbedReport
) -> dict[str, Any]:
    items, _, interactions, _ = table_paths(folder)
    return {
        "command": "rerec embed",
        "settings": settings.model_dump(),
        "seed": seed,
        "read": {path.name: sha256_of(path) for path in (items, interactions)},
        "versions": versions(),
        "peak_memory_mb": peak_memory_mb(),
        "report": asdict(report),
    }
