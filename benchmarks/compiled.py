"""`torch.compile` in the update: one group's row through SmolLM2-135M, forward and backward.

In turn, in one process: as it is; the feed-forward parts and norms compiled; if asked for, whole
layers compiled, which takes minutes. Lengths differ from row to row, as in training, so shapes are
dynamic.
What compiling took is the first two rows' excess over the later ones.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from train_step_side import MODEL
from trl.trainer.utils import add_fused_lm_head

from rerec.settings import ModelSettings
from rerec.train import runtime
from rerec.train.policy import load_trainable
from rerec.train.sharing import prepare_sharing, shared_logps

WAYS = ("plain", "parts", "layers")
_N_WARM = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", type=int, default=8, help="answers in the row (G)")
    parser.add_argument("--prompt", type=int, default=350, help="tokens of the prompt")
    parser.add_argument("--answer", type=int, default=110, help="tokens of the longest answer")
    parser.add_argument("--lora", type=int, default=16, help="rank; 0 trains every weight")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS[:2])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    found = measured(args)
    if args.json:
        print(json.dumps(found))
        return
    for way, own in found.items():
        print(
            f"{way:6} {own['seconds']:6.2f} s a row, ratio {own['ratio']:.2f},"
            f" compiling {own['compiling']:.0f} s, log-probabilities apart {own['apart']:.1e}"
        )


def measured(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """For each way: median seconds a row, plain / way, seconds of compiling, difference."""
    steps = {way: step_of(way, args.lora) for way in args.ways}
    taken: dict[str, list[float]] = {way: [] for way in args.ways}
    logps: dict[str, torch.Tensor] = {}
    for run in range(_N_WARM + args.runs):
        row = row_of(args, short=10 * (run % 3))
        for way, step in steps.items():
            started = time.perf_counter()
            logps[way] = step(*row)
            taken[way].append(time.perf_counter() - started)
    first, found = args.ways[0], {}
    later = {way: statistics.median(own[_N_WARM:]) for way, own in taken.items()}
    for way, own in taken.items():
        found[way] = {
            "seconds": later[way],
            "ratio": later[first] / later[way],
            "compiling": sum(own[:_N_WARM]) - _N_WARM * later[way],
            "apart": float((logps[way] - logps[first]).abs().max()),
        }
    return found


Row = tuple[torch.Tensor, torch.Tensor, int, int]


def row_of(args: argparse.Namespace, *, short: int) -> Row:
    """A group's token ids and mask, (G, P + C), and C and G; answers are shorter by some tokens."""
    draw = torch.Generator().manual_seed(short)
    prompt = torch.randint(1000, 20_000, (1, args.prompt - short), generator=draw)
    answers = torch.randint(1000, 20_000, (args.group, args.answer - short), generator=draw)
    ids = torch.cat([prompt.expand(args.group, -1), answers], dim=1)
    return ids, torch.ones_like(ids), answers.shape[1], args.group


def step_of(way: str, lora: int) -> Callable[..., torch.Tensor]:
    """What computes a row's log-probabilities and gradients."""
    torch.manual_seed(7)
    settings = ModelSettings(lora_rank=lora)
    model = load_trainable(settings, model=MODEL, dtype=runtime.fast_dtype())
    base = model.get_base_model() if lora else model
    add_fused_lm_head(base, temperature=1.0, outputs=("log_probs", "entropy"))
    prepare_sharing(model)
    for layer in base.model.layers:
        compile_layer(layer, way)

    def step(ids: torch.Tensor, mask: torch.Tensor, n_answer: int, group: int) -> torch.Tensor:
        logps, _ = shared_logps(model, ids, mask, n_answer, entropy=False, group_size=group)
        logps.mean().backward()
        model.zero_grad(set_to_none=True)
        return logps.detach()

    return step


def compile_layer(layer: Any, way: str) -> None:
    """Compile a decoder layer, or what of it is not attention, in place."""
    compiled = {
        "plain": [],
        "parts": [layer.mlp, layer.input_layernorm, layer.post_attention_layernorm],
        "layers": [layer],
    }
    for module in compiled[way]:
        module.compile(dynamic=True)


if __name__ == "__main__":
    main()
