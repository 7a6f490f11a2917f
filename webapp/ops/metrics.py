"""What Prometheus asks: requests and calls of the storage, counted and timed."""

from __future__ import annotations

import os
from time import perf_counter

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from storage import Call, StorageError
from webapp.auth.access import anonymous, operators
from webapp.ops.trace import current_trace, this_request

#: Others count as one: a client may call its method what it likes.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STORAGE_SECONDS = (0.0001, 0.00025, 0.0005, *REQUEST_SECONDS)


class Metrics:
    """The figures of one application.

    To find a figure by its labels takes longer than to raise it: what was found is kept.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        request, call = ("method", "route"), ("backend", "entity", "operation")
        self.requests = Counter("engine_room_requests", "Requests answered.", (*request, "status"), registry=registry)
        self.request_seconds = Histogram(
            "engine_room_request_seconds", "Time to an answer.", request, buckets=REQUEST_SECONDS, registry=registry
        )
        self.calls = Counter(
            "engine_room_storage_calls", "Calls of the storage.", (*call, "outcome"), registry=registry
        )
        self.call_seconds = Histogram(
            "engine_room_storage_seconds", "Time of a call.", call, buckets=STORAGE_SECONDS, registry=registry
        )
        self.connections = Gauge(
            "engine_room_connections_in_use",
            "Connections lent out when the latest request of each process ended.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.found_requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.found_calls: dict[tuple[str, str | None, str, type[BaseException] | None], tuple[Counter, Histogram]] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = (method, route, status)
        found = self.found_requests.get(key)
        if found is None:
            labels = (method if method in METHODS else "other", route)
            found = (self.requests.labels(*labels, str(status)), self.request_seconds.labels(*labels))
            if method in METHODS:
                self.found_requests[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_call(self, call: Call) -> None:
        """Count a call of the storage."""
        key = (call.backend, call.entity, call.operation, call.error)
        found = self.found_calls.get(key)
        if found is None:
            labels = (call.backend, call.entity or "", call.operation)
            found = (self.calls.labels(*labels, outcome(call.error)), self.call_seconds.labels(*labels))
            self.found_calls[key] = found
        found[0].inc()
        found[1].observe(call.seconds)

    def collected(self) -> CollectorRegistry:
        """Return what a scrape shows: of all processes where they share a folder, else of this one."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self.registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def outcome(error: type[BaseException] | None) -> str:
    """Return how a call ended: ``ok``, a storage error's name, or ``other``."""
    if error is None:
        return "ok"
    return error.__name__ if issubclass(error, StorageError) else "other"


def init_app(app: Flask) -> None:
    """Have the application count, and answer ``/metrics`` to operators, or to everybody if configured."""
    metrics, storage = Metrics(), app.extensions["storage"]
    storage.observe(metrics.count_call)

    @app.after_request
    def count(response: Response) -> Response:
        asked = this_request()
        route = "unmatched" if asked.url_rule is None else asked.url_rule.rule
        metrics.count_request(asked.method, route, response.status_code, perf_counter() - current_trace().started)
        metrics.connections.set(storage.connections_in_use())
        return response

    @(anonymous if app.config["METRICS_PUBLIC"] else operators)
    def show() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(metrics.collected()), content_type=content_type)

    app.add_url_rule("/metrics", "metrics", show)
