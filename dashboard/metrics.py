"""What one dashboard process counts about itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters, gauges and histograms of one process.

    Attributes:
        requests: by method, path of the rule (never a path with an id in it) and status.
        seconds: from request to the beginning of the answer, by method and path of the rule.
        sockets: open WebSockets.
        cameras: cameras by recording state, as of the last look.
        streams: open streams, as of the last look.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "sightline_http_requests", "HTTP requests", ("method", "path", "status"), registry=self._registry
        )  # fmt: skip
        self.seconds = Histogram(
            "sightline_http_seconds", "Seconds until the answer begins", ("method", "path"),
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10), registry=self._registry,
        )  # fmt: skip
        self.sockets = Gauge("sightline_sockets", "Open WebSockets", registry=self._registry)
        self.cameras = Gauge(
            "sightline_cameras", "Cameras by recording state", ("recording",), registry=self._registry
        )  # fmt: skip
        self.streams = Gauge("sightline_streams_open", "Open streams", registry=self._registry)

    def exposition(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
