"""The server under load, as the benchmark puts it: as a process, with clients side by side."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "serving.py"
MOST_GROWTH = 1.05
"""Of the memory between the first and the last thousands of requests."""


def measured(domain: Path, *options: str) -> list[dict[str, Any]]:
    """The benchmark's figures."""
    command = [sys.executable, str(BENCHMARK), "--json", "--data", str(domain), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_ten_thousand_requests_one_in_twenty_malformed_do_no_harm(corner_shop_made: Path):
    figures = measured(corner_shop_made, "--requests", "5000", "--clients", "32", "32")
    for one in figures:
        assert one["unannounced_5xx"] == 0
        assert set(one["statuses"]) <= {
            "200", "400", "404", "405", "413", "422", "429", "503",
        }  # fmt: skip
        assert one["statuses"]["200"] > 0
        malformed = sum(one["statuses"].get(s, 0) for s in ("400", "404", "405", "413", "422"))
        assert 0.03 < malformed / 5000 < 0.07
    grown = figures[1]["memory_mb"][1] / figures[0]["memory_mb"][1]
    assert grown < MOST_GROWTH


def test_a_malformed_request_harms_no_other(client):
    """The same, in this process and short: one request in five is malformed."""
    from_them = [
        client.post("/api/recommend", content=b"{"),
        client.post("/api/recommend", json={"text": ""}),
        client.post("/api/recommend", json={"text": "x", "k": 99}),
        client.post("/v1/chat/completions", json={"model": "rerec", "messages": "?"}),
        client.request("PATCH", "/api/about"),
    ]
    assert {response.status_code for response in from_them} == {400, 405, 422}
    good = [client.post("/api/recommend", json={"text": "A crime film."}) for _ in range(20)]
    assert [response.status_code for response in good] == [200] * 20
    assert len({response.json()["reply"]["text"] for response in good}) == 1
