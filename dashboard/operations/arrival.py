"""When somebody says they will be there: a time of day or a number of minutes. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sightline.dashboard.errors import InvalidError

LONGEST_WAY: Final = timedelta(hours=12)
"""Nobody sets off to a scene who will be there later than this."""
JUST_OVER: Final = timedelta(minutes=5)
"""A time that was over by so little when it was said is not tomorrow's."""
ALLOWED: Final = "a time (02:40) or minutes (25), within 12 hours"
_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d{2})|(\d{2})(\d{2})", re.ASCII)
_MINUTES: Final = re.compile(
    r"(\d{1,3}) ?(?:m|min|mins|minutes)|(\d{1,2})", re.ASCII | re.IGNORECASE
)
# Three digits alone are refused: 130 may be minutes or half past one.


def arrival_time(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that somebody means, in UTC; None: nothing was said.

    Args:
        text: ``02:40`` or ``0240``: the next time that clocks show it; ``25`` or ``25 min``: from now.
        now: the present moment.
        zone: in which the force reads its clocks.

    Raises:
        InvalidError: it is neither, or too far ahead.
    """
    said = text.strip()
    if not said:
        return None
    meant = _meant(said, now, zone)
    if meant is None or meant > now + LONGEST_WAY:
        trouble = "is over, or too far ahead" if meant else "is neither a time nor minutes"
        raise InvalidError(
            f"Expected at the scene: {said[:40]!r} {trouble}; say {ALLOWED}.", "arrival", ALLOWED
        )
    return meant


def _meant(said: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    minutes = _MINUTES.fullmatch(said)
    if minutes:
        return now + timedelta(minutes=int(minutes[1] or minutes[2]))
    clock = _CLOCK.fullmatch(said)
    if not clock:
        return None
    hour, minute = int(clock[1] or clock[3]), int(clock[2] or clock[4])
    if hour > 23 or minute > 59:
        return None
    today = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    # Clocks show it on each day, and twice in the night in which they go back.
    shown = (
        (today + timedelta(days=day)).replace(fold=fold).astimezone(UTC)
        for day in (-1, 0, 1)
        for fold in (0, 1)
    )
    return min(moment for moment in shown if moment >= now - JUST_OVER)
