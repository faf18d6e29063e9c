"""Answers to several requests about one list of candidates: the list read once, against each alone.

Prompts of a list begin with the same tokens and go on with a request of their own. Both ways write
as many tokens greedily with the same weights, in turn, in one run; a random model of SmolLM2-135M's
shape serves: what it costs matters, and not what it writes. Only a processor reads lists once.
"""

import argparse
import json
import statistics
from unittest.mock import patch

import torch
from generation import smollm2_shape, timed

from rerec.train import beginnings, generation, runtime
from rerec.train.generation import Sampling, generate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=int, default=2)
    parser.add_argument("--requests", type=int, default=8, help="about each list")
    parser.add_argument("--shared", type=int, default=730, help="tokens of a list")
    parser.add_argument("--rest", type=int, default=40, help="tokens of a request")
    parser.add_argument("--answer", type=int, default=32, help="tokens of an answer")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    figures = measured(args)
    if args.json:
        print(json.dumps(figures))
    else:
        print(
            f"{args.lists} lists x {args.requests} requests, {args.shared} + {args.rest} tokens and"
            f" {args.answer} written: alone {figures['alone_seconds']:.1f} s, a list once"
            f" {figures['seconds']:.1f} s, ratio {figures['ratio']:.2f}"
        )


def measured(args: argparse.Namespace) -> dict[str, float]:
    """Median seconds of both ways, and alone / a list once."""
    torch.manual_seed(0)
    model = smollm2_shape()
    lists = torch.randint(5, 40_000, (args.lists, args.shared)).tolist()
    rests = torch.randint(5, 40_000, (args.lists, args.requests, args.rest)).tolist()
    prompts = [[*lists[i], *rest] for i in range(args.lists) for rest in rests[i]]

    def once() -> None:
        generate(model, prompts, Sampling(max_new_tokens=args.answer), stop=[])

    def alone() -> None:
        def each(prompts: list[list[int]]) -> tuple[list, list]:
            return [], beginnings.each_alone(prompts)

        with patch.object(generation, "gathered", each):
            once()

    seconds: dict[str, list[float]] = {"alone": [], "once": []}
    for run in range(args.runs + 1):  # the first touches the memory and is not counted
        for name, write in (("alone", alone), ("once", once)):
            spent = timed(write)
            if run:
                seconds[name].append(spent)
    apart, together = (statistics.median(taken) for taken in seconds.values())
    return {"alone_seconds": apart, "seconds": together, "ratio": apart / together}


if __name__ == "__main__":
    main()
