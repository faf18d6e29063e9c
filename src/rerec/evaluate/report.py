"""One HTML file that needs no network: runs with their intervals, plots, and what the models wrote.

Whatever comes from outside (model names, categories, responses) is escaped: a response that holds
`<script>` is shown, never run. Colours are inherited from the reader's light or dark scheme.
"""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rerec.catalogue.files import replaced
from rerec.evaluate import plots
from rerec.evaluate.compare import Comparison, format_comparison
from rerec.evaluate.metrics_file import read_metrics
from rerec.evaluate.run_file import Run
from rerec.evaluate.table import FIGURES, Cell, Group, Row, groupings, sections

_SAMPLES_OF_EACH = 3
_SHOWN_CHARACTERS = 4000
_NOTE = (
    "Below each figure stands its 95 % bootstrap interval. NDCG and recall are cut off at k: a "
    "model answers with the titles that it boxes, mostly one; a baseline ranks all candidates."
)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
td small { opacity: 0.7; white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { border-left: 3px solid #8888; padding: 0.3rem 0.9rem; }
figure { display: inline-block; margin: 0.5rem 1rem 0.5rem 0; max-width: 100%; }
figure svg { max-width: 100%; height: auto; }
.table { overflow-x: auto; }
.note { opacity: 0.75; }
"""
# Control characters break the page or hide text; lone surrogates cannot be written at all.
_UNSEEN = (*range(32), *range(127, 160), *range(0xD800, 0xE000))
_VISIBLE = dict.fromkeys(_UNSEEN, "\ufffd")
del _VISIBLE[ord("\n")], _VISIBLE[ord("\t")]


def write_report(
    out_html: Path,
    runs: Sequence[Run],
    metrics: Sequence[tuple[str, Path]],
    *,
    requests: Mapping[str, str] | None = None,
    comparisons: Sequence[Comparison] = (),
) -> None:
    """Write the report, atomically; the same input gives the same bytes.

    Args:
        out_html: the file to write.
        runs: evaluated models, in the order of the tables.
        metrics: (name, `metrics.jsonl`) of training runs, in the order of the plots.
        requests: query id -> request text, shown with the sample completions where it is known.
        comparisons: shown after the tables.

    Raises:
        DataError: a metrics file cannot be read, or the report cannot be written.
    """
    names = _names(runs)
    parts = [
        *_tables(names, runs),
        *(f"<pre>{_text(format_comparison(each))}</pre>" for each in comparisons),
        *_accuracy_plots(names, runs),
        *(part for name, path in metrics for part in _training(name, read_metrics(path))),
        *_samples(names, runs, requests or {}),
    ]
    _write(out_html, _page(parts))


def _page(parts: Sequence[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>ReRec report</title><style>{_STYLE}</style></head><body>\n<h1>ReRec report</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _names(runs: Sequence[Run]) -> list[str]:
    """Model names, with a number where two runs share one."""
    models = [run["model"].translate(_VISIBLE) for run in runs]
    return [
        model if models.count(model) == 1 else f"{model} #{models[: i + 1].count(model)}"
        for i, model in enumerate(models)
    ]


def _tables(names: Sequence[str], runs: Sequence[Run]) -> list[str]:
    if not runs:
        return ['<p class="note">No evaluated runs.</p>']
    parts = ["<h2>Results</h2>", *_settings_note(names, runs)]
    lines = [(name, run["summary"]["all"]) for name, run in zip(names, runs, strict=True)]
    lines += [(f"baseline: {each}", group) for each, group in _baselines(runs)]
    parts.append(_table("", lines))
    for name, run in zip(names, runs, strict=True):
        for title, groups in sections(run["summary"]):
            parts.append(_table(f"{name}, {title}", list(groups.items())))
    return parts


def _settings_note(names: Sequence[str], runs: Sequence[Run]) -> list[str]:
    lines = [
        f"{name}: {len(run['rows'])} queries of {run['split']} in {run['domain']['path']}, "
        f"candidates shown as {run['candidate_info']}, k = {run['settings'].get('k')}"
        for name, run in zip(names, runs, strict=True)
    ]
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return [f"<ul>{items}</ul>", f'<p class="note">{_NOTE}</p>']


def _baselines(runs: Sequence[Run]) -> list[tuple[str, Group]]:
    """The baselines of the run with most queries: they are the same questions for all runs."""
    largest = max(runs, key=lambda run: len(run["rows"]))
    return [(name, summary["all"]) for name, summary in largest["baselines"].items()]


def _table(title: str, lines: Sequence[tuple[str, Group]]) -> str:
    head = "".join(f"<th>{_text(each.replace('_', ' '))}</th>" for each in FIGURES)
    body = "".join(_table_row(name, group) for name, group in lines)
    heading = f"<h3>{_text(title)}</h3>" if title else ""
    return (
        f'{heading}<div class="table"><table><thead><tr><th></th><th>n</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _table_row(name: str, group: Group) -> str:
    cells = "".join(f"<td>{_cell(figure, group)}</td>" for figure in FIGURES)
    return f"<tr><td>{_text(name)}</td><td>{group['accuracy']['n']}</td>{cells}</tr>"


def _cell(figure: str, group: Group) -> str:
    if figure not in group:
        return "-"
    cell = group[figure]
    digits = 1 if figure == "tokens" else 3
    ends = f"{cell['low']:.{digits}f} to {cell['high']:.{digits}f}"
    return f"{cell['value']:.{digits}f}<br><small>{ends}</small>"


def _accuracy_plots(names: Sequence[str], runs: Sequence[Run]) -> list[str]:
    if not runs:
        return []
    parts = ["<h2>Accuracy</h2>"]
    grouped = [groupings(run["summary"]) for run in runs]
    for title in grouped[0]:
        cells = {name: _accuracies(each[title]) for name, each in zip(names, grouped, strict=True)}
        if any(cells.values()):
            parts.append(_figure(plots.accuracy_bars(f"accuracy {title}", cells)))
    return parts


def _accuracies(groups: Mapping[str, Group]) -> dict[str, Cell]:
    return {label.translate(_VISIBLE): group["accuracy"] for label, group in groups.items()}


def _training(name: str, lines: Sequence[dict[str, Any]]) -> list[str]:
    drawn = plots.training_plots(lines)
    if not drawn:
        return [f'<h2>Training: {_text(name)}</h2><p class="note">No steps were logged yet.</p>']
    return [f"<h2>Training: {_text(name)}</h2>", *(_figure(svg) for svg in drawn)]


def _samples(names: Sequence[str], runs: Sequence[Run], requests: Mapping[str, str]) -> list[str]:
    parts = ["<h2>Sample completions</h2>"] if runs else []
    for name, run in zip(names, runs, strict=True):
        right = [row for row in run["rows"] if row["outcome"] == "right"][:_SAMPLES_OF_EACH]
        other = [row for row in run["rows"] if row["outcome"] != "right"][:_SAMPLES_OF_EACH]
        parts.append(f"<h3>{_text(name)}</h3>")
        parts += [_sample(row, requests.get(row["query_id"])) for row in (*right, *other)]
    return parts


def _sample(row: Row, request: str | None) -> str:
    heading = f"{row['query_id']} ({row['category']}): {row['outcome'].replace('_', ' ')}"
    asked = f"<p><em>{_text(request)}</em></p>" if request else ""
    response = row["response"]
    shown = response[:_SHOWN_CHARACTERS]
    if len(response) > len(shown):
        shown += f"… ({len(response) - len(shown)} more characters)"
    body = f"{asked}<pre>{_text(shown)}</pre>"
    return f"<details open><summary>{_text(heading)}</summary>{body}</details>"


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"


def _text(text: str) -> str:
    return html.escape(text.translate(_VISIBLE))


def _write(path: Path, page: str) -> None:
    with replaced(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8", newline="\n")
