"""What happens on the Cursor-on-Target port, for metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True)
class CotCounts:
    """Since the start, but for `connections` and `viewers`, which are of now."""

    connections: int = 0
    viewers: int = 0
    received: int = 0
    positions: int = 0
    ignored: int = 0
    refused: int = 0
    turned_away: int = 0
    sent: int = 0
    withdrawn: int = 0
    dropped: int = 0


class CotCollector(Collector):
    """Turns the counters into metrics at the moment they are asked for."""

    def __init__(self, counts: CotCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        counts = self._counts
        for name, words, value in (
            ("connections", "Open connections of TAK programs", counts.connections),
            ("viewers", "TAK programs that are shown the officers", counts.viewers),
        ):
            yield GaugeMetricFamily(f"sightline_cot_{name}", words, value)
        for name, words, count in (
            ("events_received", "Elements received from TAK programs", counts.received),
            ("positions", "Events taken as positions of cameras", counts.positions),
            ("events_ignored", "Events that are no position of a camera", counts.ignored),
            ("events_refused", "Positions that were not taken", counts.refused),
            ("turned_away", "Connections ended for what they are or send", counts.turned_away),
            ("events_sent", "Events of officers handed to TAK programs", counts.sent),
            ("events_withdrawn", "Officers taken off the maps of TAK programs", counts.withdrawn),
            ("viewers_dropped", "TAK programs cut off because they did not read", counts.dropped),
        ):
            yield CounterMetricFamily(f"sightline_cot_{name}", words, count)
