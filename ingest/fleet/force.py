"""The people and their equipment: units, officers, cameras, call signs, shift pattern.

Pure and seeded: the same force for the same ground, number of cameras and seed, so that the fleet
and the database agree without asking each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from sightline.ingest.camera.messages import AudioOut
from sightline.ingest.fleet import names
from sightline.ingest.fleet.ground import DIVISIONS, Ground

SHIFT_S = 8 * 3600
"""Length of a shift."""
HALF_SHIFT_S = SHIFT_S // 2
"""Officers are back at their station in the middle and at the end of a shift."""
DEMO_OFFICER = "Olive Fisher"
"""An officer of Response A1 has this name: the demo's user `officer`."""
HISTORY_DAYS = 7
WORKED_SHARE = 0.42
"""Share of days on which an officer of the past week was on duty."""


class Duty(Enum):
    """What an officer does all day, which decides how the officer moves."""

    RESPONSE = "response"
    NEIGHBOURHOOD = "neighbourhood"
    ROADS = "roads"
    DOGS = "dogs"
    ARMED = "armed"
    PUBLIC_ORDER = "public_order"
    CUSTODY = "custody"


@dataclass(frozen=True)
class Unit:
    """A unit as the force names it. `division` is None for one that works everywhere."""

    code: str
    name: str
    duty: Duty
    division: str | None


@dataclass(frozen=True)
class Officer:
    """An officer with the camera that is theirs.

    Attributes:
        number: counts from 0 through the force.
        shoulder_number: text, unique.
        unit: number in `Force.units`.
        station: number of the place they start from.
        on_foot: walks rather than drives on patrol.
        operator: number of the camera's network in `radio.OPERATORS`.
        phase_s: where in eight hours their shift begins, counted from the force's epoch; negative.
        slot: which of a day's three shifts they worked in the past week.
    """

    number: int
    shoulder_number: str
    name: str
    rank: str
    unit: int
    call_sign: str
    camera: str
    audio_out: AudioOut
    station: int
    division: str
    on_foot: bool
    operator: int
    phase_s: int
    slot: int


@dataclass(frozen=True)
class Force:
    """Everybody with a camera."""

    seed: int
    units: tuple[Unit, ...]
    officers: tuple[Officer, ...]

    def duty(self, officer: Officer) -> Duty:
        """What the officer's unit does."""
        return self.units[officer.unit].duty


def build_units() -> tuple[Unit, ...]:
    """The force's units."""
    units = []
    for code in DIVISIONS:
        teams = 5 if code == "A" else 3
        units += [
            Unit(f"{code}{n}", f"Response {code}{n}", Duty.RESPONSE, code)
            for n in range(1, teams + 1)
        ]
        units.append(Unit(f"N{code}", f"Neighbourhood {code}", Duty.NEIGHBOURHOOD, code))
    return (
        *units,
        Unit("RP", "Roads Policing", Duty.ROADS, None),
        Unit("DS", "Dog Section", Duty.DOGS, None),
        Unit("AR", "Armed Response", Duty.ARMED, None),
        Unit("OS", "Operational Support", Duty.PUBLIC_ORDER, "A"),
        Unit("CU", "Custody", Duty.CUSTODY, "A"),
    )


_SHARES = {
    Duty.RESPONSE: 0.56,
    Duty.NEIGHBOURHOOD: 0.21,
    Duty.ROADS: 0.08,
    Duty.DOGS: 0.03,
    Duty.ARMED: 0.04,
    Duty.PUBLIC_ORDER: 0.05,
    Duty.CUSTODY: 0.03,
}
_AUDIO_OUTS: tuple[AudioOut, ...] = ("earpiece", "speaker", "none")
_CALL_SIGNS = {
    Duty.RESPONSE: "R",
    Duty.NEIGHBOURHOOD: "",
    Duty.ROADS: "T",
    Duty.DOGS: "D",
    Duty.ARMED: "X",
    Duty.PUBLIC_ORDER: "S",
    Duty.CUSTODY: "C",
}


def build_force(ground: Ground, cameras: int, seed: int) -> Force:
    """`cameras` officers, each with a camera, shared out over the units."""
    rng = random.Random(f"force/{seed}/{cameras}")
    units = build_units()
    # City division has the most officers of each kind.
    weights = [
        _SHARES[u.duty] / sum(v.duty is u.duty for v in units) * (1.25 if u.division == "A" else 1)
        for u in units
    ]
    of = _dealt(weights, cameras)
    # Five digits only where a force is so large that four are too few.
    digits = 4 if cameras <= 6_000 else 5
    shoulder = rng.sample(range(10 ** (digits - 1), 10**digits), cameras)
    refs = sorted(rng.sample(range(100, max(10_000, 12 * cameras)), cameras))
    in_unit = [0] * len(units)
    taken = {DEMO_OFFICER}
    officers = []
    known = next((k for k, u in enumerate(of) if units[u].code == "A1"), 0)
    for number, unit_number in enumerate(of):
        unit = units[unit_number]
        in_unit[unit_number] += 1
        rank = _rank(rng, unit.duty, in_unit[unit_number])
        name = _name(rng, taken)
        division = unit.division or rng.choice(DIVISIONS)
        stations = ground.stations[division]
        first = stations[0] if unit.duty is not Duty.RESPONSE else rng.choice(stations)
        officers.append(
            Officer(
                number,
                str(shoulder[number]),
                DEMO_OFFICER if number == known else name,
                "PC" if number == known else rank,
                unit_number,
                f"{_CALL_SIGNS[unit.duty]}{unit.code}{in_unit[unit_number]:02d}",
                f"AB4-{refs[number]:06d}",
                rng.choices(_AUDIO_OUTS, (55, 38, 7))[0],
                first,
                division,
                _walks(rng, unit),
                int(rng.random() < 0.3),
                -900 * rng.randrange(1, 8),
                rng.randrange(3),
            )
        )
    return Force(seed, units, tuple(officers))


def _dealt(weights: list[float], count: int) -> list[int]:
    """Unit of each of `count` officers: always to the unit that is shortest of its share."""
    held = [0] * len(weights)
    dealt = []
    for _ in range(count):
        unit = min(range(len(weights)), key=lambda k: ((held[k] + 0.5) / weights[k], k))
        held[unit] += 1
        dealt.append(unit)
    return dealt


def _rank(rng: random.Random, duty: Duty, number: int) -> str:
    if number == 1:
        return "Insp"
    if number % 7 == 2:
        return "PS"
    return "PCSO" if duty is Duty.NEIGHBOURHOOD and rng.random() < 0.4 else "PC"


def _name(rng: random.Random, taken: set[str]) -> str:
    for _ in range(50):
        name = f"{rng.choice(names.FIRST_NAMES)} {rng.choice(names.LAST_NAMES)}"
        if name not in taken:
            break
    taken.add(name)
    return name


def _walks(rng: random.Random, unit: Unit) -> bool:
    share = {Duty.NEIGHBOURHOOD: 0.75, Duty.PUBLIC_ORDER: 0.9, Duty.CUSTODY: 1.0}.get(unit.duty)
    if share is None:
        share = 0.25 if unit.duty is Duty.RESPONSE and unit.division == "A" else 0.0
    return rng.random() < share


def shift_start_s(officer: Officer, epoch_s: int, shift: int) -> int:
    """When a shift begins, seconds since 1970 UTC. Shift 0 is the one in progress at the epoch."""
    return epoch_s + officer.phase_s + shift * SHIFT_S


def shift_at(officer: Officer, epoch_s: int, time_s: float) -> int:
    """Number of the shift that a time falls into."""
    return int((time_s - epoch_s - officer.phase_s) // SHIFT_S)


def worked(force: Force, officer: Officer, shift: int) -> bool:
    """Whether the officer was on duty in a shift.

    Past shifts follow a pattern of one shift a day on some days. From the epoch on, a demonstration
    keeps everybody on duty so that its map is full.
    """
    if shift >= 0:
        return True
    day, slot = divmod(shift, 3)
    if slot != officer.slot:
        return False
    chance = random.Random(f"duty/{force.seed}/{officer.number}/{day}").random()
    return chance < WORKED_SHARE
