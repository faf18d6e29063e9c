"""What products of weights reach in bfloat16 and in float32 here, and which of them runs use.

The product is that of an up-projection of SmolLM2-135M on a prompt of 733 tokens.

    python benchmarks/dtype.py [--tokens 733] [--json]
"""

import argparse
import json
import time

import torch

from rerec.train.runtime import fast_dtype, prepare

WIDE, NARROW = 1536, 576
REPEATS = 30


def main() -> None:
    """Measure both, one after the other and again, and print the better of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=733, help="rows of the product")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    prepare()
    both = (torch.bfloat16, torch.float32)
    rates = [{dtype: gflops(given.tokens, dtype) for dtype in both} for _ in range(2)]
    best = {str(dtype): round(max(rate[dtype] for rate in rates), 1) for dtype in both}
    if given.json:
        print(json.dumps({"gflops": best, "used": str(fast_dtype())}))
        return
    for name, rate in best.items():
        print(f"{name}: {rate} GFLOP/s")
    print(f"used: {fast_dtype()}")


def gflops(tokens: int, dtype: torch.dtype) -> float:
    """10^9 multiplications and additions a second of one product."""
    left, right = torch.randn(tokens, NARROW, dtype=dtype), torch.randn(WIDE, NARROW, dtype=dtype)
    torch.nn.functional.linear(left, right)
    started = time.perf_counter()
    for _ in range(REPEATS):
        torch.nn.functional.linear(left, right)
    return 2 * tokens * NARROW * WIDE * REPEATS / (time.perf_counter() - started) / 1e9


if __name__ == "__main__":
    main()
