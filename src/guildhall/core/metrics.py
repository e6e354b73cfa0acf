"""Metrics of one application, for Prometheus. Each application counts into a registry of its own.

Label values must come from small sets, because each new one is kept for ever: a route is its template, never a path,
and a method that nobody knows is "other".
"""

from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
STATEMENT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)

# Else each series comes with another one that holds the time it began.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What is counted and timed in one application. To be called on its event loop."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "guildhall_requests", "Requests answered.", ("face", "route", "method", "status"), registry=registry
        )
        self._request_seconds = Histogram(
            "guildhall_request_seconds",
            "Time from the head of a request to the head of its answer.",
            ("face", "route", "method"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._statement_seconds = Histogram(
            "guildhall_statement_seconds",
            "Time that statements took in the database.",
            ("kind",),
            buckets=STATEMENT_SECONDS,
            registry=registry,
        )
        self._jobs = Gauge("guildhall_jobs", "Jobs by the state they are in.", ("state",), registry=registry)
        self._subscribers = Gauge("guildhall_event_subscribers", "Listeners to live events.", registry=registry)
        self._in_flight = 0
        Gauge("guildhall_requests_in_flight", "Requests being answered.", registry=registry).set_function(
            lambda: self._in_flight
        )
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        # Looking a series up by its labels is the dear part of counting, so it is done once for each.
        self._request_series: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
        self._statement_series: dict[str, Histogram] = {}

    def request_begins(self) -> None:
        """Count a request that is being answered from now on; `request_ends` must follow."""
        self._in_flight += 1

    def request_ends(self, *, face: str, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request: the dialect or the panel, the template of its route, and the time it took."""
        self._in_flight -= 1
        series = face, route, method if method in METHODS else "other", status
        try:
            count, duration = self._request_series[series]
        except KeyError:
            count, duration = self._request_series[series] = (
                self._requests.labels(*series),
                self._request_seconds.labels(*series[:3]),
            )
        count.inc()
        duration.observe(seconds)

    def statement(self, kind: str, seconds: float) -> None:
        """Count a statement of this kind, such as "read" or "commit", and the time it took."""
        try:
            duration = self._statement_series[kind]
        except KeyError:
            duration = self._statement_series[kind] = self._statement_seconds.labels(kind)
        duration.observe(seconds)

    def jobs(self, counts: Mapping[str, int]) -> None:
        """Show how many jobs are in each state; states that are not named have none."""
        self._jobs.clear()
        for state, count in counts.items():
            self._jobs.labels(state).set(count)

    def watch_subscribers(self, count: Callable[[], int]) -> None:
        """Ask this function, whenever metrics are rendered, how many listen to live events."""
        self._subscribers.set_function(count)

    def render(self) -> bytes:
        """Return all metrics as text of type CONTENT_TYPE."""
        return generate_latest(self._registry)
