"""TRL's trainer and ours take the same steps in this process and its siblings; run by torchrun.

    torchrun --nproc_per_node 2 tests/train/steps_of_both.py MODEL_FOLDER OUT_FOLDER

For each case the first process writes what both logged, as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

from accelerate import PartialState
from test_trainer import (
    CASES,
    PROMPTS,
    Even,
    Ours,
    Theirs,
    history,
    of_trl,
    policy,
    settings,
    varied,
)
from transformers import AutoTokenizer

from rerec.train.trainer import Speed


def main(folder: Path, out: Path) -> None:
    """Take five steps of each case with each trainer."""
    words = AutoTokenizer.from_pretrained(folder)
    shared: dict[str, Any] = {"train_dataset": PROMPTS, "processing_class": words}
    logged = {}
    for name, (more, lora) in CASES.items():
        theirs = Theirs(
            policy(folder, lora=lora), of_trl(varied), args=settings(out / "a", **more), **shared
        )
        ours = Ours(
            policy(folder, lora=lora),
            args=settings(out / "b", **more),
            crediting=Even(varied),
            speed=Speed(share_in_generation=False),
            **shared,
        )
        logged[name] = {"theirs": history(theirs), "ours": history(ours)}
    state = PartialState()
    if state.is_main_process:
        (out / "logged.json").write_text(json.dumps(logged), encoding="utf-8")
    # A process that ends with the group still open now and then aborts, its work all done.
    state.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
