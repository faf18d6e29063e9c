"""Products of few rows: `x @ W.T` against `W @ x.T`, with the weights of SmolLM2-135M's layers.

What `rerec.train.few_rows` turns, and where: both ways in turn, in one process, in float32.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch

from rerec.train import runtime

SHAPES = [(576, 576), (192, 576), (192, 576), (576, 576), (1536, 576), (1536, 576), (576, 1536)]
N_LAYERS = 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[8, 16, 32, 64, 96, 128, 192, 256])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    layers = [torch.randn(shape) for _ in range(N_LAYERS) for shape in SHAPES]
    figures = [measured(rows, layers, args.runs) for rows in args.rows]
    if args.json:
        print(json.dumps(figures))
        return
    for one in figures:
        print(
            f"{one['rows']:4} rows: x @ W.T {1000 * one['plain_seconds']:.1f} ms,"
            f" W @ x.T {1000 * one['seconds']:.1f} ms, ratio {one['ratio']:.2f}"
        )


def measured(rows: int, layers: list[torch.Tensor], runs: int) -> dict[str, float]:
    """Median seconds through all layers, and plain / turned."""
    inputs = {width: torch.randn(rows, width) for width in (576, 1536)}

    def plain() -> None:
        for weight in layers:
            torch.nn.functional.linear(inputs[weight.shape[1]], weight)

    def turned() -> None:
        for weight in layers:
            weight @ inputs[weight.shape[1]].t()

    taken: list[tuple[float, float]] = []
    for _ in range(runs + 1):  # the first touches the memory and is not counted
        taken.append((_timed(plain), _timed(turned)))
    stock, ours = (statistics.median(side) for side in zip(*taken[1:], strict=True))
    return {"rows": rows, "plain_seconds": stock, "seconds": ours, "ratio": stock / ours}


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
