"""How long a camera waits before it connects again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

FIRST_S = 1.0
LONGEST_S = 60.0
REFUSED_S = 60.0

GOING_AWAY = 1001
RESTARTING = 1012
OVERLOADED = 1013
_MAY_ADVISE = frozenset((GOING_AWAY, RESTARTING, OVERLOADED))
LONGEST_ADVICE_S = 300.0
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
        if code in _MAY_ADVISE and (asked := _SECONDS.search(reason)):
            return self._as_advised(float(asked.group()))
        return self.after_failure()

    def after_refused_for_now(self, retry_after: str | None) -> float:
        """Seconds to wait after the gateway let nobody in for now (503), with its ``Retry-After`` (RFC 9110, 10.2.3)."""
        if retry_after is not None and retry_after.strip().isdecimal():
            return self._as_advised(float(retry_after))
        return self.after_failure()

    def _as_advised(self, seconds: float) -> float:
        # The gateway spreads its advice over whole seconds; the part of a second is this camera's.
        return min(LONGEST_ADVICE_S, seconds) + self._random()
