"""From one row for each query to figures with intervals: in all, by category, conditions, holders.

`tokens` is the only figure that is not a share. A figure is a mean over the rows that have it: a
baseline writes no tokens, and a query without conditions has none to meet. Requests about one list
of candidates are drawn together for the intervals.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from typing_extensions import TypedDict

from rerec.evaluate.statistics import bootstrap_interval, share_interval
from rerec.records import Outcome, list_of


class Row(TypedDict):
    """What one query was answered, and what that was worth."""

    query_id: str
    category: str
    n_conditions: int
    n_holders: int
    """Candidates that hold the asked value which fewest of them hold; 0 where nothing is asked."""
    response: str
    answer: list[str]
    """Item ids, best first."""
    outcome: Outcome
    ndcg: float
    recall: float
    conditions_met: float | None
    """Share of the asked conditions that the first answer meets; None where nothing is asked."""
    n_tokens: int | None
    """None where no model wrote the answer."""


class Cell(TypedDict):
    """A mean over n rows with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


Group = dict[str, Cell]
"""Figure -> cell; a figure that no row has is left out."""


class Summary(TypedDict):
    """Every figure of one answerer."""

    all: Group
    by_category: dict[str, Group]
    by_n_conditions: dict[str, Group]
    by_n_holders: dict[str, Group]


_FIGURES: dict[str, Callable[[Row], float | None]] = {
    "accuracy": lambda row: float(row["outcome"] == "right"),
    "ndcg": lambda row: row["ndcg"],
    "recall": lambda row: row["recall"],
    "conditions_met": lambda row: row["conditions_met"],
    "no_answer": lambda row: float(row["outcome"] == "no_answer"),
    "outside_candidates": lambda row: float(row["outcome"] in ("unknown_title", "not_a_candidate")),
    "tokens": lambda row: row["n_tokens"],
}
FIGURES = tuple(_FIGURES)
_HEADINGS = ("accuracy", "NDCG", "recall", "conditions", "no answer", "outside", "tokens")
_MANY_HOLDERS = 4
_NAME, _CELL = 22, 11


def figures_of(rows: Iterable[Row], figure: str) -> list[float]:
    """The figure of every row that has it, in order; `figure` is one of `FIGURES`."""
    found = (_FIGURES[figure](row) for row in rows)
    return [float(value) for value in found if value is not None]


def lists_of(rows: Iterable[Row]) -> list[str]:
    """Of each row, which list of candidates it is about."""
    return [list_of(row["query_id"]) for row in rows]


def holders_label(n_holders: int) -> str:
    """The group that a query's number of holders falls into.

    >>> [holders_label(n) for n in (1, 3, 9)]
    ['1', '3', '4 or more']
    """
    return str(n_holders) if n_holders < _MANY_HOLDERS else f"{_MANY_HOLDERS} or more"


def summarise(rows: Sequence[Row], *, seed: int) -> Summary:
    """Every figure with its 95 % bootstrap interval, in all and by group; deterministic."""
    asked = [row for row in rows if row["n_conditions"]]
    return {
        "all": _group(rows, seed),
        "by_category": _groups(rows, lambda row: row["category"], seed),
        "by_n_conditions": _groups(asked, lambda row: str(row["n_conditions"]), seed),
        "by_n_holders": _groups(asked, lambda row: holders_label(row["n_holders"]), seed),
    }


def format_table(
    summary: Summary, baselines: Mapping[str, Summary] | None = None, *, name: str = "all"
) -> str:
    """The summary as text: a line of means, and under it their intervals."""
    lines = [_heading(), *_lines(name, summary["all"])]
    for baseline, its_summary in (baselines or {}).items():
        lines += _lines(baseline, its_summary["all"])
    for title, groups in sections(summary):
        lines += ["", title]
        for label, group in groups.items():
            lines += _lines(f"  {label}", group)
    return "\n".join(lines)


def format_side_by_side(summaries: Mapping[str, Summary]) -> str:
    """Several answerers under one heading, each over all of its queries."""
    lines = [_heading()]
    for name, summary in summaries.items():
        lines += _lines(name, summary["all"])
    return "\n".join(lines)


def groupings(summary: Summary) -> dict[str, dict[str, Group]]:
    """Title -> label -> figures."""
    return {
        "by category": summary["by_category"],
        "by number of conditions": summary["by_n_conditions"],
        "by candidates that hold the most selective condition": summary["by_n_holders"],
    }


def sections(summary: Summary) -> list[tuple[str, dict[str, Group]]]:
    """The groupings that say more than the whole, each with its title."""
    return [(title, groups) for title, groups in groupings(summary).items() if len(groups) > 1]


def _groups(rows: Sequence[Row], label: Callable[[Row], str], seed: int) -> dict[str, Group]:
    labels = sorted({label(row) for row in rows}, key=_numbers_first)
    return {each: _group([row for row in rows if label(row) == each], seed) for each in labels}


def _numbers_first(label: str) -> tuple[int, str]:
    first = label.split(" ")[0]
    return (int(first), label) if first.isdecimal() else (1 << 30, label)


def _group(rows: Sequence[Row], seed: int) -> Group:
    found = {}
    for figure in FIGURES:
        having = [row for row in rows if _FIGURES[figure](row) is not None]
        if having:
            found[figure] = _cell(figure, having, seed)
    return found


def _cell(figure: str, rows: Sequence[Row], seed: int) -> Cell:
    interval = bootstrap_interval if figure == "tokens" else share_interval
    values = figures_of(rows, figure)
    low, high = interval(values, seed=seed, clusters=lists_of(rows))
    return {"value": sum(values) / len(values), "low": low, "high": high, "n": len(values)}


def _heading() -> str:
    return f"{'':{_NAME}}{'n':>6}" + "".join(f"{each:>{_CELL}}" for each in _HEADINGS)


def _lines(name: str, group: Group) -> list[str]:
    n = group["accuracy"]["n"]
    means = "".join(f"{_mean(each, group):>{_CELL}}" for each in FIGURES)
    ends = "".join(f"{_ends(each, group):>{_CELL}}" for each in FIGURES)
    shown = name if len(name) < _NAME else f"{name[: _NAME - 2]}…"
    return [f"{shown:{_NAME}}{n:>6}{means}", f"{'':{_NAME + 6}}{ends}".rstrip()]


def _mean(figure: str, group: Group) -> str:
    if figure not in group:
        return "-"
    return f"{group[figure]['value']:.{1 if figure == 'tokens' else 3}f}"


def _ends(figure: str, group: Group) -> str:
    if figure not in group:
        return ""
    cell = group[figure]
    if figure == "tokens":
        return f"{cell['low']:.0f}-{cell['high']:.0f}"
    return f"{cell['low']:.3f}-{cell['high']:.3f}".replace("0.", ".")
