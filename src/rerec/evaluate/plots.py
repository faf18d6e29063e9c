"""Figures as SVG to put into a page: the same bytes every time, text in the page's own colour."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rerec.evaluate.table import Cell

# Okabe & Ito's colours that stand out from white and from black.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888")
# Drawn in a colour that nothing else has, then replaced: so text follows a light or dark scheme.
_INK = "#010203"
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,  # a model may be called a$b$
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_PANELS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("reward", (("train", "reward", "reward"),)),
    ("accuracy", (("train", "accuracy", "train"), ("valid", "accuracy", "validation"))),
    (
        "parts of the reward",
        (
            ("train", "reward/ndcg", "NDCG"),
            ("train", "reward/qas", "QAS"),
            ("train", "reward/pas", "PAS"),
            ("train", "reward/format", "format"),
        ),
    ),
    (
        "curriculum: queries",
        (
            ("train", "curriculum/mastered", "mastered"),
            ("train", "curriculum/open", "open"),
            ("train", "curriculum/unseen", "unseen"),
        ),
    ),
    (
        "credit: shares",
        (
            ("train", "blamed_tokens", "blamed tokens"),
            ("train", "groups_without_spread", "groups without spread"),
            ("train", "unknown_title", "unknown titles"),
            ("train", "clip_share", "clipped"),
        ),
    ),
    ("mean advantage of blamed tokens", (("train", "blamed_advantage", "blamed"),)),
    (
        "divergence from the start, entropy",
        (("train", "kl", "KL"), ("train", "entropy", "entropy")),
    ),
    ("tokens in a response", (("train", "length", "length"),)),
    ("loss", (("train", "loss", "loss"),)),
    ("accuracy of the next token", (("train", "token_accuracy", "train"),)),
)


def accuracy_bars(title: str, groups: Mapping[str, Mapping[str, Cell]]) -> str:
    """Bars with intervals: groups along the axis, one colour for each run.

    Args:
        title: stands above.
        groups: run -> group -> accuracy.
    """
    labels = list(dict.fromkeys(label for cells in groups.values() for label in cells))
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": title}):
        figure, axes = _canvas(title, width=max(4.2, 1.2 + 0.35 * len(labels) * (len(groups) + 1)))
        width = 0.8 / len(groups)
        drawn = []
        for i, cells in enumerate(groups.values()):
            at = [labels.index(label) + (i - (len(groups) - 1) / 2) * width for label in cells]
            drawn.append(_bars(axes, at, list(cells.values()), width, _COLOURS[i % len(_COLOURS)]))
        axes.set_xticks(range(len(labels)), labels)
        axes.set_ylim(0, 1)
        axes.legend(drawn, list(groups), loc="upper center", bbox_to_anchor=(0.5, -0.1))
        return _svg(figure)


def training_plots(lines: Sequence[dict[str, Any]]) -> list[str]:
    """One figure for each kind of figure that was logged."""
    drawn = [_panel(title, curves, lines) for title, curves in (*_PANELS, _by_category(lines))]
    return [svg for svg in drawn if svg]


def _by_category(
    lines: Sequence[dict[str, Any]],
) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    keys = sorted({key for line in lines if line.get("kind") == "valid" for key in line})
    curves = [("valid", key, key.removeprefix("accuracy/")) for key in keys if "accuracy/" in key]
    return "validation accuracy by category", tuple(curves if len(curves) > 1 else ())


def _panel(
    title: str, curves: Sequence[tuple[str, str, str]], lines: Sequence[dict[str, Any]]
) -> str | None:
    found = [(label, _curve(lines, kind, key)) for kind, key, label in curves]
    found = [(label, points) for label, points in found if len(points)]
    if not found:
        return None
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": title}):
        figure, axes = _canvas(title, width=4.2)
        drawn = [
            axes.plot(points[:, 0], points[:, 1], color=colour, marker=".", ms=3, lw=1.2)[0]
            for (_, points), colour in zip(found, _COLOURS, strict=False)
        ]
        axes.set_xlabel("step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(found) > 1:
            axes.legend(drawn, [label for label, _ in found])
        return _svg(figure)


def _curve(lines: Sequence[dict[str, Any]], kind: str, key: str) -> np.ndarray:
    points = [
        (line["step"], line[key])
        for line in lines
        if line.get("kind") == kind and isinstance(line.get(key), int | float)
    ]
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return array[np.isfinite(array).all(axis=1)]


def _canvas(title: str, *, width: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, 2.8), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10)
    axes.patch.set_alpha(0)
    axes.grid(axis="y", color="#888888", alpha=0.3, lw=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _bars(axes: Axes, at: list[float], cells: list[Cell], width: float, colour: str) -> Any:
    values = np.array([cell["value"] for cell in cells], dtype=np.float64)
    low = np.array([cell["low"] for cell in cells], dtype=np.float64)
    high = np.array([cell["high"] for cell in cells], dtype=np.float64)
    ends = np.clip([values - low, high - values], 0, None)
    error_style = {"ecolor": _INK, "elinewidth": 0.9, "capsize": 2}
    return axes.bar(at, values, width * 0.92, yerr=ends, color=colour, error_kw=error_style)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    # An id must be unique in the page; those of whole parts are numbered in each figure alike.
    return re.sub(
        r' id="(?:figure|axes|patch|text|line2d|legend|matplotlib\.axis|xtick|ytick)[^"]*"', "", svg
    )
