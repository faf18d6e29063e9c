"""A server under load: throughput and latency at 1, 8 and 32 clients, faults, memory.

`rerec serve` runs as a process of its own; the clients share the machine with it, so the figures
are what is left beside them. A share of the requests is malformed on purpose.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from rerec.rng import stream

TEXTS = (
    "A crime film with Al Pacino.",
    "Something funny from the 1990s, but no romance.",
    "A thriller that Heat's director would like",
    "I liked Fargo. What else?",
    "An animated film for the whole family, please",
    "Anything with Bruce Willis",
)
JSON = {"Content-Type": "application/json"}
Request = tuple[str, str, dict[str, Any]]
"""Method, address, and what httpx2 is to send."""
MALFORMED: tuple[Request, ...] = (
    ("POST", "/api/recommend", {"content": b"{", "headers": JSON}),
    ("POST", "/api/recommend", {"content": b"[" * 5000, "headers": JSON}),
    ("POST", "/api/recommend", {"json": {"text": ""}}),
    ("POST", "/api/recommend", {"json": {"text": "x" * 2001}}),
    ("POST", "/api/recommend", {"json": {"text": "x", "k": -1}}),
    ("POST", "/api/recommend", {"json": {"text": "x", "conversation_id": "none"}}),
    ("POST", "/api/recommend", {"content": b"x" * 200_000, "headers": JSON}),
    ("POST", "/api/recommend", {"content": b'{"text": "a film"}', "headers": {}}),
    ("POST", "/api/feedback", {"json": {"item_id": "no such item", "opinion": "like"}}),
    ("POST", "/v1/chat/completions", {"json": {"model": "other", "messages": []}}),
    ("GET", "/api/items/no-such-item", {}),
    ("PATCH", "/api/about", {}),
    ("GET", "/healthz", {"headers": {"Host": "elsewhere.example"}}),
)
ANNOUNCED = frozenset({429, 503})
"""Refusals that say when to come again."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/ml-100k"))
    parser.add_argument("--model", default="none")
    parser.add_argument("--requests", type=int, default=1000, help="at each number of clients")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--malformed", type=float, default=0.05, help="share of the requests")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measured(args)
    print(json.dumps(figures) if args.json else _text(figures))


def measured(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The figures at each number of clients, one after the other on the same server."""
    with serving(args.data, args.model) as url:
        run(url, n_clients=max(args.clients), n_requests=200, malformed=args.malformed)  # warm
        return [
            run(url, n_clients=n, n_requests=args.requests, malformed=args.malformed)
            for n in args.clients
        ]


@contextmanager
def serving(data: Path, model: str) -> Generator[str]:
    """A server in a process of its own; its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rerec", "serve", "--data", str(data), "--port", "0"]
        files = ["--model", model, "--feedback", f"{folder}/feedback.db"]
        with subprocess.Popen(command + files, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            try:
                yield re.findall(r"http://[\d.:]+", line)[0]
            finally:
                process.terminate()
                process.communicate()


def run(url: str, *, n_clients: int, n_requests: int, malformed: float) -> dict[str, Any]:
    """So many clients, each with its next request as soon as the last one is answered."""
    drawn = list(islice(requests(malformed), n_requests))
    before = report(url)
    started = time.perf_counter()
    with ThreadPoolExecutor(n_clients) as clients:
        parts = [drawn[n::n_clients] for n in range(n_clients)]
        answered = [one for part in clients.map(lambda p: ask(url, p), parts) for one in part]
    seconds = time.perf_counter() - started
    after = report(url)
    good = [s for status, s, _ in answered if status == 200]
    return {
        "clients": n_clients,
        "requests": n_requests,
        "per_second": n_requests / seconds,
        "p50_ms": 1000 * float(np.percentile(good, 50)),
        "p95_ms": 1000 * float(np.percentile(good, 95)),
        "statuses": dict(sorted(Counter(status for status, _, _ in answered).items())),
        "unannounced_5xx": sum(is_unannounced(status, retry) for status, _, retry in answered),
        "cpu_ms": 1000 * (after["cpu_seconds_total"] - before["cpu_seconds_total"]) / n_requests,
        "memory_mb": [one["resident_memory_bytes"] / 2**20 for one in (before, after)],
    }


def ask(url: str, drawn: Sequence[Request]) -> list[tuple[int, float, bool]]:
    """Status, seconds, and whether it says when to come again, of each request of one client."""
    answered = []
    with httpx2.Client(base_url=url, timeout=120.0) as client:
        for method, path, sent in drawn:
            started = time.perf_counter()
            response = client.request(method, path, **sent)
            seconds = time.perf_counter() - started
            answered.append((response.status_code, seconds, "Retry-After" in response.headers))
    return answered


def requests(malformed: float) -> Iterator[Request]:
    """Requests without end: what people ask, streamed and not, and some that are malformed."""
    rng = stream(7, "load")
    while True:
        text = TEXTS[int(rng.integers(len(TEXTS)))]
        chat = {"model": "rerec", "messages": [{"role": "user", "content": text}]}
        asked: tuple[Request, ...] = (
            ("POST", "/api/recommend", {"json": {"text": text}}),
            ("POST", "/api/recommend", {"json": {"text": text, "stream": True}}),
            ("POST", "/v1/chat/completions", {"json": chat}),
        )
        kinds = MALFORMED if rng.random() < malformed else asked
        yield kinds[int(rng.integers(len(kinds)))]


def is_unannounced(status: int, has_retry: bool) -> bool:
    """Whether a status is a failure that nobody was told to expect."""
    return status >= 500 and not (status in ANNOUNCED and has_retry)


def report(url: str) -> dict[str, float]:
    """What the server's process says of itself: memory, processor time, open files."""
    text = httpx2.get(f"{url}/metrics", timeout=30.0).text
    found = re.findall(r"^process_(\w+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def _text(figures: Sequence[dict[str, Any]]) -> str:
    return "\n".join(
        f"{one['clients']} clients, {one['requests']} requests: {one['per_second']:.0f} a second,"
        f" p50 {one['p50_ms']:.0f} ms, p95 {one['p95_ms']:.0f} ms,"
        f" {one['cpu_ms']:.1f} ms of processor time each, {one['statuses']},"
        f" unannounced 5xx {one['unannounced_5xx']},"
        f" memory {one['memory_mb'][0]:.0f} to {one['memory_mb'][1]:.0f} MiB"
        for one in figures
    )


if __name__ == "__main__":
    main()
