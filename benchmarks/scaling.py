"""What a step of reinforcement costs as its sizes grow, one at a time.

Groups, prompts and answers: whole steps of `benchmarks/train_step.py`, ours alone. Candidates and
items: reward and credit of 2,560 responses, by `benchmarks/reward.py`; a longer list of candidates
is also a longer prompt.

    python benchmarks/scaling.py [--json]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STEPS = {
    "group": (2, 4, 8, 16),
    "prompt": (128, 350, 640),
    "answer": (55, 110, 220),
}
"""Of `train_step.py`; what is not varied is 2 queries x G 8, prompts of 350, answers of 110."""
ANSWER = 110
SCORING = {"candidates": (5, 20, 100), "items": (1_682, 16_820, 168_200)}
"""Of `reward.py`."""
Json = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    rows = [step(name, value) for name, values in STEPS.items() for value in values]
    rows += [scoring(name, value) for name, values in SCORING.items() for value in values]
    if as_json:
        print(json.dumps({"rows": rows}))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


def step(name: str, value: int) -> Json:
    """Seconds of a step where one size is so."""
    sizes = {"answer": ANSWER, name: value}
    given = [f"--{key}={size}" for key, size in sizes.items()]
    # All answers are of one length, so that what is varied is varied alone.
    figures = printed("train_step.py", "--only=ours", f"--shortest={sizes['answer']}", *given)
    ours = figures["ours"]
    kept = ("step", "generate", "update", "tokens_per_second", "utilisation", "peak_gib")
    return {"varied": name, "is": value, **{key: ours[key] for key in kept}}


def scoring(name: str, value: int) -> Json:
    """Seconds of reward and credit where one size is so."""
    figures = printed("reward.py", f"--{name}", str(value))
    kept = ("seconds", "seconds_judging", "seconds_crediting")
    return {"varied": name, "is": value, **{key: figures[key] for key in kept}}


def printed(script: str, *arguments: str) -> Json:
    """What a benchmark prints as JSON."""
    command = [sys.executable, str(HERE / script), *arguments, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
