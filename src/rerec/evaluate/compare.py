"""Is run B better than run A? Paired by query: a test of accuracy, differences with an interval."""

from collections.abc import Callable, Sequence

import numpy as np
from typing_extensions import TypedDict

from rerec.errors import DataError
from rerec.evaluate.run_file import Run
from rerec.evaluate.statistics import bootstrap_interval, holm, paired_permutation
from rerec.evaluate.table import FIGURES, Cell, Row, figures_of, lists_of


class Change(TypedDict):
    """How two runs differ on the same queries; differences are B minus A."""

    n: int
    accuracy_a: float
    accuracy_b: float
    only_a: int
    """Queries that A alone got right."""
    only_b: int
    p: float
    """Paired permutation test of accuracy: where no two queries are about one list, the exact
    binomial test on `only_a` and `only_b`."""
    p_holm: float
    """Adjusted for testing several categories; in all, `p` itself."""
    differences: dict[str, Cell]


class Comparison(TypedDict):
    """Two runs side by side."""

    a: str
    b: str
    candidate_info_a: str
    candidate_info_b: str
    split: str
    all: Change
    by_category: dict[str, Change]


def compare(run_a: Run, run_b: Run, *, seed: int = 7) -> Comparison:
    """Compare two runs over the same queries.

    Accuracy in all is the one main question; the categories are a family of their own, whose p
    values are adjusted by Holm's method.

    Raises:
        DataError: the runs answer different domains, splits or queries, or measure another NDCG@k.
    """
    _refuse_different(run_a, run_b)
    theirs = {row["query_id"]: row for row in run_b["rows"]}
    pairs = [(row, theirs[row["query_id"]]) for row in run_a["rows"]]
    categories = sorted({row["category"] for row, _ in pairs})
    changes = [
        _change([pair for pair in pairs if pair[0]["category"] == category], seed)
        for category in categories
    ]
    for change, adjusted in zip(changes, holm([each["p"] for each in changes]), strict=True):
        change["p_holm"] = adjusted
    return {
        "a": run_a["model"],
        "b": run_b["model"],
        "candidate_info_a": run_a["candidate_info"],
        "candidate_info_b": run_b["candidate_info"],
        "split": run_a["split"],
        "all": _change(pairs, seed),
        "by_category": dict(zip(categories, changes, strict=True)),
    }


def format_comparison(comparison: Comparison) -> str:
    """The comparison as text."""
    whole = comparison["all"]
    lines = [
        f"A  {comparison['a']} ({comparison['candidate_info_a']})",
        f"B  {comparison['b']} ({comparison['candidate_info_b']})",
        f"{whole['n']} queries of {comparison['split']}; differences are B - A, 95 % intervals",
        "",
        f"{'accuracy':22}{'n':>6}{'A':>8}{'B':>8}{'B - A':>9}{'interval':>18}{'p':>10}{'Holm':>10}",
        _accuracy_line("all", whole),
    ]
    categories = comparison["by_category"]
    if len(categories) > 1:
        lines += [_accuracy_line(f"  {name}", change) for name, change in categories.items()]
    lines += ["", "in all"]
    for figure, cell in whole["differences"].items():
        if figure != "accuracy":
            lines.append(f"  {figure:20}{_signed(figure, cell)}")
    lines += ["", _verdict(whole)]
    return "\n".join(lines)


def _refuse_different(run_a: Run, run_b: Run) -> None:
    # New embeddings change the manifest, and the baselines in the run with it.
    checks: list[tuple[str, Callable[[Run], object], str]] = [
        ("split", lambda run: run["split"], ""),
        ("domain", _manifest, ", embedded once"),
        ("NDCG cut-off", lambda run: run["settings"].get("k"), ""),
    ]
    for name, of, hint in checks:
        if of(run_a) != of(run_b):
            raise DataError(
                f"the runs cannot be compared: the {name} of {run_a['model']} is {of(run_a)} and "
                f"that of {run_b['model']} is {of(run_b)}; evaluate both on the same{hint}"
            )
    ids_a = {row["query_id"] for row in run_a["rows"]}
    ids_b = {row["query_id"] for row in run_b["rows"]}
    if ids_a != ids_b:
        raise DataError(
            f"the runs cannot be compared: {run_a['model']} answered {len(ids_a)} queries and "
            f"{run_b['model']} {len(ids_b)}, {len(ids_a & ids_b)} of them the same; evaluate both "
            "with the same --limit and seed"
        )


def _manifest(run: Run) -> str:
    return run["domain"]["fingerprint"][:12]


def _change(pairs: Sequence[tuple[Row, Row]], seed: int) -> Change:
    right_a = np.array(figures_of((a for a, _ in pairs), "accuracy"))
    right_b = np.array(figures_of((b for _, b in pairs), "accuracy"))
    lists = lists_of(a for a, _ in pairs)
    p = paired_permutation(right_a, right_b, seed=seed, clusters=lists)
    return {
        "n": len(pairs),
        "accuracy_a": float(right_a.mean()),
        "accuracy_b": float(right_b.mean()),
        "only_a": int((right_a > right_b).sum()),
        "only_b": int((right_b > right_a).sum()),
        "p": p,
        "p_holm": p,
        "differences": _differences(pairs, seed),
    }


def _differences(pairs: Sequence[tuple[Row, Row]], seed: int) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for figure in FIGURES:
        both = [(figures_of([a], figure), figures_of([b], figure), a) for a, b in pairs]
        values = [b[0] - a[0] for a, b, _ in both if a and b]
        lists = lists_of(row for a, b, row in both if a and b)
        if values:
            low, high = bootstrap_interval(values, seed=seed, clusters=lists)
            mean = sum(values) / len(values)
            cells[figure] = {"value": mean, "low": low, "high": high, "n": len(values)}
    return cells


def _accuracy_line(name: str, change: Change) -> str:
    cell = change["differences"]["accuracy"]
    interval = f"{cell['low']:+.3f} to {cell['high']:+.3f}"
    return (
        f"{name:22}{change['n']:>6}{change['accuracy_a']:>8.3f}{change['accuracy_b']:>8.3f}"
        f"{cell['value']:>+9.3f}{interval:>18}{change['p']:>10.2g}{change['p_holm']:>10.2g}"
    )


def _signed(figure: str, cell: Cell) -> str:
    digits = 1 if figure == "tokens" else 3
    ends = f"{cell['low']:+.{digits}f} to {cell['high']:+.{digits}f}"
    return f"{cell['value']:+.{digits}f}  ({ends})"


def _verdict(change: Change) -> str:
    only = f"{change['only_b']} queries right in B alone, {change['only_a']} in A alone"
    if change["p"] >= 0.05:
        return f"{only}: no difference in accuracy is shown (p = {change['p']:.2g})."
    better = "B" if change["only_b"] > change["only_a"] else "A"
    return f"{only}: {better} is more accurate (p = {change['p']:.2g})."
