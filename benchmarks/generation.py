"""Answers to groups: ours (each prompt read once, shared by its answers) against `model.generate`.

All write as many tokens from the same prompts with the same weights, in turn, in one run; a random
model of SmolLM2-135M's shape serves: what it costs matters, and not what it writes. Ours is written
twice: by the lean forward (`rerec.train.lean_forward`), and by the model's own.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rerec.train import runtime
from rerec.train.generation import Sampling, generate
from rerec.train.lean_forward import LeanForward


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=4)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=350, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=48, help="tokens of an answer")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    figures = measured(args)
    if args.json:
        print(json.dumps(figures))
    else:
        print(
            f"{args.queries} queries x G {args.group}, {args.prompt} + {args.answer} tokens:"
            f" stock {figures['stock_seconds']:.1f} s, ours {figures['seconds']:.1f} s,"
            f" ratio {figures['ratio']:.2f};"
            f" ours by the model's own forward {figures['own_forward_seconds']:.1f} s,"
            f" ratio {figures['lean_ratio']:.2f}"
        )


def measured(args: argparse.Namespace) -> dict[str, float]:
    """Median seconds of all, stock / ours, and ours without the lean forward / ours."""
    torch.manual_seed(0)
    model: Any = smollm2_shape()
    prompts = torch.randint(5, 40_000, (args.queries, args.prompt))
    repeated = prompts.repeat_interleave(args.group, dim=0)
    seeds = range(args.queries * args.group)

    def stock() -> None:
        model.set_attn_implementation("sdpa")
        model.generate(
            repeated,
            attention_mask=torch.ones_like(repeated),
            do_sample=True,
            max_new_tokens=args.answer,
            min_new_tokens=args.answer,
        )

    def ours() -> None:
        sampling = Sampling(n=args.group, max_new_tokens=args.answer, temperature=1.0)
        generate(model, prompts.tolist(), sampling, stop=[], seeds=seeds)

    def own_forward() -> None:
        with patch.object(LeanForward, "of", return_value=None):
            ours()

    ways = {"stock": stock, "ours": ours, "own_forward": own_forward}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(args.runs + 1):  # the first touches the memory and is not counted
        for name, write in ways.items():
            spent = timed(write)
            if run:
                seconds[name].append(spent)
    stock_, own, without = (statistics.median(taken) for taken in seconds.values())
    return {
        "stock_seconds": stock_,
        "seconds": own,
        "ratio": stock_ / own,
        "own_forward_seconds": without,
        "lean_ratio": without / own,
    }


def timed(work: Callable[[], None]) -> float:
    """Seconds that a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def smollm2_shape() -> LlamaForCausalLM:
    """A random model as large as SmolLM2-135M, in what this machine is fast in."""
    config = LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        pad_token_id=2,
    )
    model = LlamaForCausalLM(config).to(runtime.fast_dtype()).eval()
    model.generation_config.eos_token_id = None
    return model


if __name__ == "__main__":
    main()
