"""One answer as it is written: ours against `model.generate`, token by token.

Both write as many tokens behind the same prompt with the same weights, in turn, in one run; a
random model of SmolLM2-135M's shape serves: what it costs matters, and not what it writes.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from generation import smollm2_shape
from transformers.generation.streamers import BaseStreamer

from rerec.train import runtime, streaming

WAYS = ("stock", "ours")
Seen = Callable[[], None]
"""Called as each token is written."""
Way = Callable[[Any, list[int], int, Seen], None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=700, help="tokens of the prompt")
    parser.add_argument("--answer", type=int, default=64, help="tokens of the answer")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    figures = measured(args)
    if args.json:
        print(json.dumps(figures))
        return
    for way in WAYS:
        own = figures[way]
        print(
            f"{way:5} first token after {own['first']:.2f} s, {own['a_token']:.3f} s a token,"
            f" {own['whole']:.2f} s in all"
        )
    print(f"ratio {figures['ratio']:.2f}, of tokens {figures['token_ratio']:.2f}")


def measured(args: argparse.Namespace) -> dict[str, Any]:
    """Medians of both, and stock / ours."""
    torch.manual_seed(0)
    model: Any = smollm2_shape()
    ids = torch.randint(5, 40_000, (args.prompt,)).tolist()
    ways: dict[str, Way] = {"stock": by_generate, "ours": by_ours}
    taken: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for run in range(args.runs + 1):  # the first touches the memory and is not counted
        for way, write in ways.items():
            times = timed(write, model, ids, args.answer)
            if run:
                taken[way].append([times[1] - times[0], times[-1] - times[0]])
    figures: dict[str, Any] = {}
    for way, runs in taken.items():
        first, whole = (statistics.median(part) for part in zip(*runs, strict=True))
        a_token = (whole - first) / (args.answer - 1)
        figures[way] = {"first": first, "a_token": a_token, "whole": whole}
    stock, ours = (figures[way] for way in WAYS)
    return figures | {
        "ratio": stock["whole"] / ours["whole"],
        "token_ratio": stock["a_token"] / ours["a_token"],
    }


def timed(write: Way, model: Any, ids: list[int], n_tokens: int) -> list[float]:
    """When the writing began, and when each token was written."""
    times = [time.perf_counter()]
    write(model, ids, n_tokens, lambda: times.append(time.perf_counter()))
    return times


def by_ours(model: Any, ids: list[int], n_tokens: int, seen: Seen) -> None:
    """Tokens as `rerec.train.streaming` writes them; none ends the answer."""
    policy: Any = SimpleNamespace(model=model, stop=[])
    for _ in streaming._tokens(policy, ids, n_tokens, 0):
        seen()


def by_generate(model: Any, ids: list[int], n_tokens: int, seen: Seen) -> None:
    """Tokens as transformers writes them."""
    model.set_attn_implementation("sdpa")
    prompt = torch.tensor([ids])
    model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        max_new_tokens=n_tokens,
        min_new_tokens=n_tokens,
        streamer=_Heard(seen),
    )


class _Heard(BaseStreamer):
    def __init__(self, seen: Seen) -> None:
        self._seen, self._of_prompt = seen, True

    def put(self, value: torch.Tensor) -> None:  # noqa: ARG002 - named by transformers
        if not self._of_prompt:  # the prompt is handed over first
            self._seen()
        self._of_prompt = False

    def end(self) -> None:
        pass


if __name__ == "__main__":
    main()
