"""How long a camera waits before it connects again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

FIRST_S = 1.0
LONGEST_S = 60.0
REFUSED_S = 60.0

OVERLOADED = 1013
TOKEN_INVALID = 4001
REPLACED = 4009

_SECONDS = re.compile(r"\d+(?:\.\d+)?")


class Backoff:
    """Exponential with full jitter, so that thousands of cameras do not come back as one.

    `random` gives numbers from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._ceiling_s = FIRST_S

    def succeeded(self) -> None:
        """The gateway welcomed this camera: the next break begins from the start."""
        self._ceiling_s = FIRST_S

    def after_failure(self) -> float:
        """Seconds to wait after a connection that could not be made, or that broke."""
        delay_s = self._random() * self._ceiling_s
        self._ceiling_s = min(LONGEST_S, 2 * self._ceiling_s)
        return delay_s

    def after_refusal(self) -> float:
        """Seconds to wait after the token was not accepted; only a person can mend that."""
        return REFUSED_S * (1 + self._random())

    def after_close(self, code: int | None, reason: str) -> float:
        """Seconds to wait after the gateway closed the connection with this code and reason."""
        if code in (TOKEN_INVALID, REPLACED):
            # Another connection of this camera took over: two must not chase each other.
            return self.after_refusal()
        if code == OVERLOADED and (asked := _SECONDS.search(reason)):
            return min(LONGEST_S, float(asked.group())) * (1 + self._random())
        return self.after_failure()
