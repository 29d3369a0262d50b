"""Times and ages in words, as every page says them.

Times are kept in UTC and read in the force's local time; an age is a number of seconds. The browser
lets ages tick with the same words (``assets/triage.js``, `ageWords`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/London")
"""The time zone in which the force reads its clocks."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def age_words(seconds: float) -> str:
    """How long: ``now``, ``12 s``, ``4 min``, ``2 h 05``, ``3 days``.

    A negative age (clocks differ by a little) is ``now``.
    """
    whole = int(seconds)
    if whole < 1:
        return "now"
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d}"
    return f"{whole // _DAY} days"


def ago(seconds: float) -> str:
    """How long ago: ``just now``, ``4 min ago``."""
    words = age_words(seconds)
    return "just now" if words == "now" else f"{words} ago"


def clock(moment: datetime) -> str:
    """Local time of day, ``14:02``."""
    return moment.astimezone(LOCAL).strftime("%H:%M")


def clock_seconds(moment: datetime) -> str:
    """Local time of day to the second, ``14:02:11``."""
    return moment.astimezone(LOCAL).strftime("%H:%M:%S")


def day_clock(moment: datetime, now: datetime) -> str:
    """Local day and time, the day left out where it is today: ``14:02``, ``Sat 21 Nov 06:00``."""
    local = moment.astimezone(LOCAL)
    if local.date() == now.astimezone(LOCAL).date():
        return local.strftime("%H:%M")
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def day_name(moment: datetime, now: datetime) -> str:
    """The local day: ``Today``, ``Tomorrow``, ``Yesterday``, ``Saturday 21 November``."""
    local, today = moment.astimezone(LOCAL).date(), now.astimezone(LOCAL).date()
    near = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get((local - today).days)
    return near or f"{local:%A} {local.day} {local:%B}"


def spelled(moment: datetime) -> str:
    """Local date, time and zone in full, for the hover: ``20 November 2026, 14:02:11 GMT``."""
    local = moment.astimezone(LOCAL)
    return f"{local.day} {local:%B %Y, %H:%M:%S %Z}"


def period(start: datetime, end: datetime, now: datetime) -> str:
    """From when to when: ``14:00–22:00``, ``Sat 21 Nov 22:00 – Sun 22 Nov 06:00``."""
    first, last = day_clock(start, now), day_clock(end, now)
    same_day = start.astimezone(LOCAL).date() == end.astimezone(LOCAL).date()
    if same_day:
        return f"{first}–{clock(end)}"
    return f"{first} – {last}"


def hours_words(length: timedelta) -> str:
    """Hours since something, for people's rest: ``under 1 h``, ``5 h``, ``3 days``."""
    hours = int(length.total_seconds() // _HOUR)
    if hours < 1:
        return "under 1 h"
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
