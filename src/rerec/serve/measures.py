"""What the server counts and times, as Prometheus reads it."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from rerec.assistant.exchange import Reply

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Measures:
    """One server's figures; no other server in the process shares them."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "rerec_requests", "Requests.", ("route", "status"), registry=self._registry
        )
        self._request_seconds = Histogram(
            "rerec_request_seconds",
            "From a request to the end of its response.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stage_seconds = Histogram(
            "rerec_stage_seconds",
            "Of each stage of an answer.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._dropped = Counter(
            "rerec_dropped_titles",
            "Titles that the model named and the catalogue does not have.",
            registry=self._registry,
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Report a figure that somebody else holds.

        Args:
            name: after `rerec_`.
            meaning: one sentence.
            value: asked at every report.
        """
        Gauge(f"rerec_{name}", meaning, registry=self._registry).set_function(value)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """A response has ended."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_reply(self, reply: Reply, waited_s: float) -> None:
        """An answer was given."""
        for stage, seconds in {"wait": waited_s, **reply.seconds}.items():
            self._stage_seconds.labels(stage).observe(seconds)
        self._dropped.inc(len(reply.dropped))

    def report(self) -> Response:
        """All figures, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
