"""verl's own reward worker, agent loop and estimator beside ours: run where verl is installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("REREC_VERL_PYTHON") or (sys.executable if find_spec("verl") else None)
MOVIES = ROOT / "data" / "ml-100k"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        PYTHON is None,
        reason="needs an environment with verl: set REREC_VERL_PYTHON to its python (docs/verl.md)",
    ),
]


def compared(domain: Path, n_queries: int) -> dict:
    """The figures that the comparison prints."""
    script = ROOT / "benchmarks" / "verl_equality.py"
    command = [str(PYTHON), str(script), "--domain", str(domain), "--queries", str(n_queries)]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=800)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])


def holds(figures: dict) -> None:
    """Rewards and advantages are ours, and there was something to compare."""
    assert figures["rewards_max_difference"] <= 1e-6
    assert figures["advantages_max_difference"] <= 1e-6
    assert set(figures["outcomes"]) == {
        "right",
        "wrong",
        "not_a_candidate",
        "unknown_title",
        "no_answer",
    }
    assert figures["responses_blamed"] > 0
    assert figures["advantages_moved_by_blame"] > 1e-3, "losing the blame would not show"
    assert figures["rows_filled_up"] > 0
    assert figures["launch_scripts_validated"] == 4
    assert figures["unknown_key_refused"]


def test_verl_gives_the_corner_shop_the_rewards_and_advantages_that_we_give(corner_shop):
    holds(compared(corner_shop, 4))


@pytest.mark.skipif(not MOVIES.is_dir(), reason="needs data/ml-100k: `rerec data build ml-100k`")
def test_verl_gives_films_the_rewards_and_advantages_that_we_give():
    holds(compared(MOVIES, 24))
