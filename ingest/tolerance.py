"""What is borne from one sender: how much that waits, and how many messages that are none."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from sightline.ingest import protocol
from sightline.ingest.settings import GatewaySettings

USUAL: Final = 20
"""Messages within a minute, where nobody has set how many."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sender may ask of the gateway.

    Attributes:
        camera_unwritten: fixes and messages of a camera's connection that may wait to be written.
        bridge_unwritten: the same of a bridge's.
        errors: messages within a minute that are none, of a connection or of a bridge's camera.
    """

    camera_unwritten: int = 10_800
    bridge_unwritten: int = 50_000
    errors: int = 20

    @classmethod
    def of(cls, settings: GatewaySettings) -> Limits:
        """As the settings say."""
        return cls(
            settings.gateway_camera_unwritten,
            settings.gateway_bridge_unwritten,
            settings.gateway_errors_a_minute,
        )


class Tolerance:
    """Counts what one connection, or one camera of a bridge, sends that is no message."""

    def __init__(self, most: int = USUAL) -> None:
        """`most`: how many are too many within `protocol.ERROR_WINDOW_S`."""
        self._most = most
        self._times: deque[float] = deque(maxlen=most)

    def count(self) -> None:
        """One more, now."""
        self._times.append(time.monotonic())

    def exceeded_for_s(self) -> float:
        """Seconds until there were not too many within `protocol.ERROR_WINDOW_S`; 0: there are not."""
        if len(self._times) < self._most:
            return 0.0
        return max(0.0, self._times[0] + protocol.ERROR_WINDOW_S - time.monotonic())
