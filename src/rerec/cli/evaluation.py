"""`rerec evaluate`, `compare`, `report`, `score` and `demo`: how good, and is it better."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rerec.cli.options import JsonOutput, Overrides, Seed, progress, section, show
from rerec.errors import SettingsError

DomainOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="Domain folder.")]
RunFile = Annotated[Path, typer.Argument(metavar="RUN.JSON", help="Written by `rerec evaluate`.")]


def evaluate(
    model: Annotated[str, typer.Option(help="Run folder, local path, hub id or smollm2-135m.")],
    data: DomainOption,
    out: Annotated[Path, typer.Option(metavar="FILE", help="run.json to write.")],
    split: Annotated[Literal["train", "valid", "test"], typer.Option(help="Split.")] = "test",
    category: Annotated[
        list[str] | None, typer.Option(help="Only queries of this category; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Answer only so many of the split's queries.")
    ] = None,
    requests_per_list: Annotated[
        int,
        typer.Option(
            min=1,
            help="With more than 1, further requests are drawn about each query's candidates.",
        ),
    ] = 1,
    candidate_info: Annotated[
        Literal["titles", "facts"] | None,
        typer.Option(help="Show titles alone or facts too; without it, as the model was trained."),
    ] = None,
    dtype: Annotated[
        Literal["float32", "bfloat16"] | None,
        typer.Option(help="Of the weights; without it, what this machine is fast in."),
    ] = None,
    seed: Seed = 7,
    as_json: JsonOutput = False,
) -> None:
    """Answer a split and say how good the answers were.

    Greedy decoding; every figure has a 95 % bootstrap interval, four baselines stand beside.

    Run again after a stop, the same command goes on with the queries that are left.

    On a processor most of an answer's time is reading its candidates. With --requests-per-list 5
    each list is read once for five requests: its query's own, and four that ask for other
    candidates. Intervals and tests then draw whole lists.

    \b
    Example:
      rerec evaluate --model runs/rft --data data/ml-100k --split test --out run.json
      rerec evaluate --model runs/rft --data data/ml-100k --category explicit --out explicit.json
    """
    from rerec.evaluate.evaluation import evaluate as answer_split
    from rerec.evaluate.table import format_table
    from rerec.settings import PromptSettings
    from rerec.train.policy import find

    prompt = None
    if candidate_info is not None:
        trained_with = find(model).prompt or PromptSettings()
        prompt = trained_with.model_copy(update={"candidate_info": candidate_info})
    run = answer_split(
        model,
        data,
        split=split,
        categories=category or (),
        out=out,
        limit=limit,
        requests_per_list=requests_per_list,
        prompt=prompt,
        dtype=dtype,
        seed=seed,
        progress=progress,
    )
    figures = {key: run[key] for key in ("model", "split", "summary", "baselines")}
    show(figures, format_table(run["summary"], run["baselines"]), as_json=as_json)


def compare(run_a: RunFile, run_b: RunFile, as_json: JsonOutput = False) -> None:
    """Say whether run B is better than run A.

    Paired permutation test and differences with intervals, in all and by category.

    \b
    Example:
      rerec compare runs/sft/test.json runs/rft/test.json
    """
    from rerec.evaluate.compare import compare as compare_runs
    from rerec.evaluate.compare import format_comparison
    from rerec.evaluate.run_file import read_run

    comparison = compare_runs(read_run(run_a), read_run(run_b))
    show(comparison, format_comparison(comparison), as_json=as_json)


def report(
    out: Annotated[Path, typer.Option(metavar="FILE", help="HTML file to write.")],
    run: Annotated[
        list[Path] | None, typer.Option(metavar="RUN.JSON", help="A run; several times.")
    ] = None,
    metrics: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="metrics.jsonl of a training run; several times."),
    ] = None,
) -> None:
    """Write an HTML file with the tables and plots of runs.

    It is a single file that needs no network.

    \b
    Example:
      rerec report --run run.json --metrics runs/rft/metrics.jsonl --out report.html
    """
    from rerec.evaluate.report import write_report
    from rerec.evaluate.run_file import read_run

    if not run and not metrics:
        raise SettingsError("there is nothing to report; give a --run or a --metrics")
    # A metrics.jsonl is known by the run folder that it lies in.
    curves = [(path.resolve().parent.name, path) for path in metrics or ()]
    write_report(out, [read_run(path) for path in run or ()], curves)
    typer.echo(f"{out}: written")


def score(
    data: DomainOption,
    responses: Annotated[
        Path,
        typer.Option(metavar="FILE", help='JSON lines {"query_id": ..., "response": ...}.'),
    ],
    overrides: Overrides = None,
) -> None:
    """Score responses exactly as training does.

    Prints one JSON line for each: answer, outcome, reward and its parts, blamed segments.

    --set takes reward.* and credit.* as in a recipe.

    \b
    Example:
      rerec score --data data/ml-100k --responses answers.jsonl --set reward.w_qas=0.2
    """
    from rerec.catalogue.domain import read_domain
    from rerec.credit.judge import score_file
    from rerec.settings import Recipe

    unused = [o for o in overrides or () if not o.startswith(("reward.", "credit."))]
    if unused:
        raise SettingsError(f"--set {unused[0]}: scoring takes reward.* and credit.* only")
    settings = section(Recipe, overrides)
    for line in score_file(read_domain(data), responses, settings):
        typer.echo(json.dumps(line))


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all of it.")] = Path("demo"),
    limit: Annotated[int, typer.Option(min=1, help="Held-out queries to answer.")] = 200,
    requests_per_list: Annotated[
        int, typer.Option(min=1, help="So many of them are about one list of candidates.")
    ] = 8,
    steps: Annotated[int, typer.Option(min=1, help="Fine-tuning steps.")] = 2,
    as_json: JsonOutput = False,
) -> None:
    """Run the whole line on real data in minutes.

    Build, embed, evaluate, fine-tune, evaluate again, report.

    Starts from the warm-started adapter that is shipped, so it needs a checkout. What is finished
    is not done again. With --requests-per-list 1 the test queries alone are asked: on a processor
    that takes far longer.

    \b
    Example:
      rerec demo
      rerec demo --out /tmp/demo --limit 50 --steps 4
    """
    from rerec.evaluate.demo import demo as run_demo

    told = run_demo(
        out, limit=limit, requests_per_list=requests_per_list, steps=steps, progress=progress
    )
    show(told, _demo_text(told), as_json=as_json)


def _demo_text(told: dict[str, Any]) -> str:
    report, steps = f"report: {told['report']}", "\n  ".join(["next:", *told["next_steps"]])
    return "\n\n".join([told["table"], told["note"], told["comparison"], report, steps])
