"""When somebody says they will be there: a time of day or a number of minutes. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sightline.dashboard.errors import InvalidError

ALLOWED: Final = "a time (02:40) or minutes (25), within a day"
_CLOCK: Final = re.compile(r"(\d{1,2})[:.]?(\d{2})")
_MINUTES: Final = re.compile(r"(\d{1,4}) ?(?:m|min|mins|minutes)?", re.ASCII | re.IGNORECASE)
_DAY_MINUTES: Final = 24 * 60
_LATE_BY: Final = timedelta(minutes=5)


def arrival_time(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that somebody means; None: nothing was said.

    Args:
        text: ``02:40`` or ``0240``: the next time that clocks show it; ``25`` or ``25 min``: from now.
        now: the present moment.
        zone: in which the force reads its clocks.

    Raises:
        InvalidError: it is neither.
    """
    said = text.strip()
    if not said:
        return None
    minutes = _MINUTES.fullmatch(said)
    # Four digits are a time of day: nobody says 240 minutes as 0240.
    if minutes and len(minutes[1]) < 4 and int(minutes[1]) <= _DAY_MINUTES:
        return now + timedelta(minutes=int(minutes[1]))
    clock = _CLOCK.fullmatch(said)
    if clock and int(clock[1]) < 24 and int(clock[2]) < 60:
        local = now.astimezone(zone)
        meant = local.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return meant if meant >= local - _LATE_BY else meant + timedelta(days=1)
    raise InvalidError(
        f"Expected at the scene: {said[:40]!r} is neither a time nor minutes; {ALLOWED}.",
        "arrival",
        ALLOWED,
    )
