"""The gateway's figures for Prometheus, read from the counters that its parts keep anyway."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sightline.ingest.conversation import Services


class GatewayCollector(Collector):
    """Turns counters into metrics at the moment they are asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        services, writer = self._services, self._services.writer
        counts, traffic = writer.counts, services.traffic
        away_s = 0.0 if writer.away_since is None else time.monotonic() - writer.away_since
        for name, words, value in (
            ("connections", "Open connections of cameras and bridges", traffic.connections),
            ("trackers", "Requests of trackers that are being answered", traffic.trackers),
            ("cameras", "Cameras whose newest connection is here", len(services.links)),
            ("inbox", "Fixes and messages received and not committed", writer.inbox.size),
            ("database_away_seconds", "Seconds since the database does not answer", away_s),
            ("newest_flush_seconds", "Duration of the newest transaction", counts.newest_flush_s),
            (
                "actions_waiting",
                "Requests of officers that wait for the database",
                len(services.actions),
            ),
        ):
            yield GaugeMetricFamily(f"sightline_gateway_{name}", words, value)
        for name, words, count in (
            ("put_off", "Connections told to come back (503)", traffic.put_off),
            ("messages", "Messages received", traffic.messages),
            ("fixes", "Fixes received, before any check", traffic.fixes),
            ("errors", "Messages answered with an error", traffic.errors),
            ("tracker_requests", "Requests of trackers with a token", traffic.tracker_requests),
            ("tracker_refusals", "Requests of trackers refused (4xx)", traffic.tracker_refusals),
            ("tracker_delays", "Requests of trackers put off (503)", traffic.tracker_delays),
            ("stored", "Fixes stored in history, archive or quarantine", counts.stored),
            ("duplicates", "Fixes that were stored before", counts.duplicate),
            ("doubted", "Fixes put into quarantine", counts.doubted),
            ("late", "Fixes older than the newest of their camera", counts.late),
            ("archived", "Fixes older than the retention", counts.archived),
            ("refused", "Fixes and statuses that could not be stored at all", counts.refused),
            ("flushes", "Transactions committed", counts.flushes),
            ("failures", "Times that the database was found away", counts.failures),
            ("flush_seconds", "Time spent in transactions", counts.flush_s),
            ("commands", "Commands delivered to cameras", services.commands.delivered),
        ):
            yield CounterMetricFamily(f"sightline_gateway_{name}", words, count)


def registry(services: Services) -> CollectorRegistry:
    """A registry of this gateway alone."""
    made = CollectorRegistry()
    made.register(GatewayCollector(services))
    return made
