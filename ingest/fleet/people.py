"""The negotiators and who is on call when. Invented; the telephone numbers are Ofcom's for drama.

Pure. Times are aware and UTC.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sightline.ingest.fleet import names

WEEKS_BEFORE, WEEKS_AHEAD = 5, 52
_TEAM = 3
"""Negotiators on call at a time: one more than the least, and the first is trained for kidnap."""
_LANGUAGES = ("Polish", "Urdu", "British Sign Language", "French", "Welsh", "Romanian")


@dataclass(frozen=True)
class Negotiator:
    """A negotiator or a coordinator of them.

    Attributes:
        username: the demo user who is this person, if one is.
        language: one they speak beside English; empty if none.
        training_days: from the making of the demo until the training lapses.
    """

    shoulder_number: str
    name: str
    rank: str
    coordinates: bool
    kidnap_trained: bool
    language: str
    training_days: int
    phone: str
    username: str | None = None


def build_negotiators(seed: int, taken: set[str]) -> list[Negotiator]:
    """Fifteen negotiators in five teams, and four coordinators. `taken`: shoulder numbers in use."""
    rng = random.Random(f"negotiators/{seed}")
    free = (number for number in range(101, 100_000) if f"{number:04d}" not in taken)

    def name() -> str:
        return f"{rng.choice(names.FIRST_NAMES)} {rng.choice(names.LAST_NAMES)}"

    negotiators = [
        Negotiator(
            f"{next(free):04d}",
            name(),
            rng.choice(("PC", "PS", "PS", "DC", "DS", "Insp")),
            coordinates=False,
            kidnap_trained=k % _TEAM == 0,
            language=rng.choice(_LANGUAGES) if rng.random() < 0.5 else "",
            training_days=35 if k == 4 else rng.randrange(400, 700),
            phone=f"07700 900{100 + k}",
        )
        for k in range(15)
    ]
    coordinators = [
        Negotiator(
            f"{next(free):04d}",
            name() if k else "Nell Coburn",
            "Insp" if k else "Ch Insp",
            coordinates=True,
            kidnap_trained=k < 2,
            language="",
            training_days=rng.randrange(400, 700),
            phone=f"07700 900{150 + k}",
            username=None if k else "negco",
        )
        for k in range(4)
    ]
    return negotiators + coordinators


def build_rota(people: list[Negotiator], now: datetime) -> list[tuple[int, datetime, datetime]]:
    """(number in `people`, from, until) for some weeks before and a year ahead.

    A team of three negotiators and two coordinators by the week, from Monday 08:00 local time. The
    demo's NegCo is always one of them, so that the demo can be used on any day.
    """
    local = ZoneInfo("Europe/London")
    day = now.astimezone(local).date()
    monday = day - timedelta(days=day.weekday())
    teams = [k for k, person in enumerate(people) if not person.coordinates]
    coordinators = [k for k, person in enumerate(people) if person.coordinates]
    first, *others = coordinators
    shifts = []
    for week in range(-WEEKS_BEFORE, WEEKS_AHEAD):
        # Wall-clock times on both sides of a change of the clocks.
        start, end = (
            datetime.combine(
                monday + timedelta(weeks=week + k), datetime.min.time().replace(hour=8), local
            )
            for k in (0, 1)
        )
        number = (monday.toordinal() // 7 + week) % (len(teams) // _TEAM)
        on_call = teams[number * _TEAM : (number + 1) * _TEAM]
        on_call += [first, others[(monday.toordinal() // 7 + week) % len(others)]]
        shifts += [
            (k, start.astimezone(ZoneInfo("UTC")), end.astimezone(ZoneInfo("UTC"))) for k in on_call
        ]
    return shifts
