"""Products of few rows with weights laid out for them, against the layers' own.

What `rerec.train.packed` brings, for the layers of SmolLM2-135M in float32: both ways in turn, in
one process, and what laying out the weights takes.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from rerec.train import runtime
from rerec.train.packed import Layers, Packed, Plain

SHAPES = [(576, (576, 192, 192)), (576, (576,)), (576, (1536, 1536)), (1536, (576,))]
"""What reads the same input: its width, and the widths of what is read from it."""
N_LAYERS = 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 16, 32, 48, 64, 128, 256])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    layers = [
        tuple(nn.Linear(width, out, bias=False) for out in widths)
        for _ in range(N_LAYERS)
        for width, widths in SHAPES
    ]
    figures = [measured(rows, layers, args.runs) for rows in args.rows]
    if args.json:
        print(json.dumps(figures))
        return
    for one in figures:
        print(
            f"{one['rows']:4} rows: plain {1000 * one['plain_seconds']:.1f} ms,"
            f" packed {1000 * one['seconds']:.1f} ms, ratio {one['ratio']:.2f};"
            f" laid out in {one['layout_seconds']:.2f} s"
        )


@torch.inference_mode()
def measured(rows: int, layers: list[Layers], runs: int) -> dict[str, float]:
    """Median seconds through all layers, plain / packed, and seconds of the layout."""
    inputs = {width: torch.randn(rows, width) for width in (576, 1536)}
    plain, packed = Plain(), Packed(rows)

    def through(products: Plain | Packed) -> Callable[[], None]:
        def run() -> None:
            for own in layers:
                products(own, inputs[own[0].in_features])

        return run

    first = _timed(through(packed))
    taken: list[tuple[float, float]] = []
    for _ in range(runs + 1):  # the first touches the memory and is not counted
        taken.append((_timed(through(plain)), _timed(through(packed))))
    stock, ours = (statistics.median(side) for side in zip(*taken[1:], strict=True))
    return {
        "rows": rows,
        "plain_seconds": stock,
        "seconds": ours,
        "ratio": stock / ours,
        "layout_seconds": first - ours,
    }


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
