"""A group's attention, forward and backward: answer after answer against all answers at once.

The shape is one layer of SmolLM2-135M: 9 heads on 3 key-value heads of 64, in what this processor
is fast in; the prompt's own attention is the same on both sides. Both run in turn, in one process.
"""

import argparse
import json
import statistics
import time

import torch

from rerec.train import runtime
from rerec.train.attention import Tree

HEADS, KV_HEADS, WIDTH = 9, 3, 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=730, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=120, help="tokens of the longest answer")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    figures = measured(args)
    if args.json:
        print(json.dumps(figures))
    else:
        print(
            f"G {args.group}, {args.prompt} + up to {args.answer} tokens: at once"
            f" {1000 * figures['at_once_seconds']:.1f} ms, in turn {1000 * figures['seconds']:.1f}"
            f" ms, ratio {figures['ratio']:.2f}"
        )


def measured(args: argparse.Namespace) -> dict[str, float]:
    """Median seconds a layer, and their ratio (above 1: in turn is faster)."""
    lengths = [args.answer - 10 * (i % 4) for i in range(args.group)]
    tree = Tree.of(args.prompt, lengths, torch.device("cpu"))
    seconds: dict[str, list[float]] = {"_at_once": [], "_in_turn": []}
    for _ in range(args.runs + 1):
        for way, taken in seconds.items():
            taken.append(_timed(tree, way, args.prompt + sum(lengths)))
    at_once, in_turn = (statistics.median(taken[1:]) for taken in seconds.values())
    return {"at_once_seconds": at_once, "seconds": in_turn, "ratio": at_once / in_turn}


def _timed(tree: Tree, way: str, length: int) -> float:
    parts = [
        torch.randn(1, length, n, WIDTH, dtype=runtime.fast_dtype())
        .transpose(1, 2)
        .requires_grad_()
        for n in (HEADS, KV_HEADS, KV_HEADS)
    ]
    started = time.perf_counter()
    getattr(tree, way)(*parts, WIDTH**-0.5).sum().backward()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
