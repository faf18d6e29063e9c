"""A step of reinforcement: ours against TRL's own `GRPOTrainer`, side by side in one run.

Each trainer has a process of its own, with the same model, prompts, lengths, rewards and seed; they
take steps in turn, the other one waiting. The first step of each is left out. Answers end at
lengths drawn evenly between two bounds, the same on both sides; with equal bounds all are as long
as each other. What ours gains where groups have no spread is not in the figures.

Utilisation is the least work that writing and update need (each prompt once, each answer once,
words only for the answers), as a share of what the machine reaches in one large product in that
time. TRL's share of it says how many times faster than TRL's any step can be on this machine.

    python benchmarks/train_step.py --queries 8 --group 8 --prompt 350 --answer 110 --json
    python benchmarks/train_step.py --table
    python benchmarks/train_step.py --profile
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import torch
from train_step_side import SIDES, Json, lengths_of, now, work

from rerec.train import runtime

TABLE = [
    {"group": 4, "prompt": 350},
    {"group": 8, "prompt": 350},
    {"group": 16, "prompt": 350},
    {"group": 8, "prompt": 128},
    {"group": 8, "prompt": 640},
]
"""What `--table` measures, two queries a step each, one after the other."""
PROFILED = {"generate": "writing", "update": "the update of a group"}
PEAK_SIZE = 2048 if runtime.on_cpu() else 8192


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=2, help="queries a step")
    parser.add_argument("--group", type=int, default=8, help="answers to a query (G)")
    parser.add_argument("--prompt", type=int, default=350, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=110, help="tokens of the longest answers")
    parser.add_argument("--shortest", type=int, default=40, help="tokens of the shortest possible")
    parser.add_argument("--lora", type=int, default=0, help="rank; 0 trains every weight")
    parser.add_argument("--rounds", type=int, default=1, help="measured steps of each")
    parser.add_argument("--table", action="store_true", help="several groups and prompts")
    parser.add_argument("--profile", action="store_true", help="what a step consists of")
    parser.add_argument("--only", choices=SIDES, help="measure one of the two alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = vars(parser.parse_args())
    given["shortest"] = min(given["shortest"], given["answer"])
    as_json, table, only = given.pop("json"), given.pop("table"), given.pop("only")
    sides = (only,) if only else SIDES
    cases = [given | {"queries": 2} | case for case in TABLE] if table else [given]
    found = []
    for case in cases:
        found.append(measured(case, sides))
        # A table takes half an hour: what is known is told, and kept apart from the JSON.
        print(report(found[-1]), file=sys.stderr if as_json else sys.stdout, flush=True)
    if as_json:
        print(json.dumps({"cases": found} if table else found[0]))


def measured(case: Json, sides: Sequence[str]) -> Json:
    """The trainers' steps, in turn, and what follows from them."""
    context = multiprocessing.get_context("spawn")
    workers: dict[str, tuple[Any, Connection]] = {}
    for side in sides:
        here, there = context.Pipe()
        worker = context.Process(target=work, args=(side, case, there), daemon=True)
        worker.start()
        there.close()  # so that the end of the worker is seen
        workers[side] = (worker, here)
    steps: dict[str, list[Json]] = {side: [] for side in sides}
    for _ in range(1 + case["rounds"]):
        for side, (_, pipe) in workers.items():
            steps[side] += stepped(pipe)
    operations = {}
    if case["profile"]:
        operations = {side: stepped(pipe) for side, (_, pipe) in workers.items()}
    for worker, _ in workers.values():
        worker.terminate()
        worker.join()
    whole = {side: own[1:] for side, own in steps.items() if len(own) > case["rounds"]}
    died = {"died": [side for side in sides if side not in whole]}
    found: Json = died | figures_of(case, whole, peak_flops(runtime.fast_dtype()))
    for side in operations.keys() & found.keys():
        found[side]["operations"] = {
            part: shares
            for own in operations[side]
            for part, shares in own.get("operations", {}).items()
        }
    return found


def stepped(pipe: Connection) -> list[Json]:
    """What a step took; nothing from a process that has died, most often for want of memory."""
    try:
        pipe.send("step")
        return [pipe.recv()]
    except (EOFError, BrokenPipeError):
        return []


def figures_of(case: Json, steps: dict[str, list[Json]], peak: float) -> Json:
    """Medians of each side, their ratios, and how much of the machine the update uses."""
    sides = {
        side: {name: statistics.median(step[name] for step in own) for name in own[0]}
        for side, own in steps.items()
    }
    n_tokens = case["queries"] * case["prompt"] + sum(lengths_of(case))
    written, learned = forward_flops(case), update_flops(case)
    for own in sides.values():
        own["utilisation"] = learned / own["update"] / peak
        own["generate_utilisation"] = written / own["generate"] / peak
        own["tokens_per_second"] = n_tokens / own["step"]
    ratios = {}
    if len(sides) == 2:
        parts = ("step", "update", "generate")
        ratios = {f"{p}_ratio": round(sides["stock"][p] / sides["ours"][p], 2) for p in parts}
        ratios["utilisation"] = round(sides["ours"]["utilisation"], 3)
        at_peak = {"step": written + learned, "update": learned, "generate": written}
        for part, flops in at_peak.items():
            ratios[f"{part}_ratio_at_peak"] = round(sides["stock"][part] * peak / flops, 2)
    return {
        "case": case,
        **ratios,
        "peak_gflops": round(peak / 1e9, 1),
        "dtype": str(runtime.fast_dtype()),
        **{side: {k: round(v, 3) for k, v in own.items()} for side, own in sides.items()},
    }


def report(figures: Json) -> str:
    """One case for people."""
    case = figures["case"]
    lines = [
        f"{case['queries']} queries x G {case['group']}, prompts of {case['prompt']} and answers of"
        f" {case['shortest']} to {case['answer']} tokens,"
        f" {figures['dtype']}, peak {figures['peak_gflops']} GFLOP/s"
    ]
    if "step_ratio" in figures:
        lines.append(
            f"  step ratio {figures['step_ratio']}, of updates {figures['update_ratio']},"
            f" of generation {figures['generate_ratio']}; if ours ran at the peak"
            f" {figures['step_ratio_at_peak']}, {figures['update_ratio_at_peak']} and"
            f" {figures['generate_ratio_at_peak']}"
        )
    lines += [_line(side, figures[side]) for side in SIDES if side in figures]
    lines += [
        f"  {side:5} died, as a process does that memory does not hold" for side in figures["died"]
    ]
    for side in SIDES:
        for part, shares in figures.get(side, {}).get("operations", {}).items():
            told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            lines.append(f"  {side:5} {PROFILED[part]}: {told}")
    return "\n".join(lines)


def _line(side: str, own: Json) -> str:
    return (
        f"  {side:5} {own['step']:7.1f} s = generate {own['generate']:.1f}"
        f" + reward and credit {own['reward']:.2f} + update {own['update']:.1f},"
        f" writing at {own['generate_utilisation']:.0%} of the peak, the update at"
        f" {own['utilisation']:.0%};"
        f" {own['tokens_per_second']:.0f} tokens/s, {own['peak_gib']:.2f} GiB"
    )


def forward_flops(case: Json) -> float:
    """The least that writing must compute: each prompt once, and each answer once."""
    hidden, inner, layers, kv, vocabulary = 576, 1536, 30, 192, 49_152
    weights = layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * inner)
    prompt, lengths = case["prompt"], lengths_of(case)
    prompts, answers = case["queries"] * prompt, sum(lengths)
    # Each token looks at half of its own text on average, and answers at the whole prompt.
    seen = prompts * prompt / 2 + sum(n * (prompt + n / 2) for n in lengths)
    products = 2 * weights * (prompts + answers) + 2 * vocabulary * hidden * answers
    return products + 4 * layers * hidden * seen


def update_flops(case: Json) -> float:
    """The least that the update must compute: forward, and twice as much backward.

    With an adapter the weights beneath it need no gradient: once as much backward.
    """
    return forward_flops(case) * (2 if case["lora"] else 3)


def peak_flops(dtype: torch.dtype) -> float:
    """Multiplications and additions a second of one large product, the best of five."""
    left = torch.randn(PEAK_SIZE, PEAK_SIZE, dtype=dtype, device=runtime.home())
    taken = []
    for _ in range(6):
        started = now()
        left @ left
        taken.append(now() - started)
    return 2 * PEAK_SIZE**3 / min(taken[1:])


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
