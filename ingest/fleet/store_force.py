"""Writes the invented force into the database: areas, units, officers, cameras, duty, negotiators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import numpy as np
import shapely

from sightline.ingest.fleet import names
from sightline.ingest.fleet.areas import Area
from sightline.ingest.fleet.force import DEMO_OFFICER, Force
from sightline.ingest.fleet.history import Stretch
from sightline.ingest.fleet.people import Negotiator, build_rota
from sightline.ingest.fleet.projection import to_wgs84
from sightline.ingest.fleet.readings import Ints
from sightline.sql import query
from sightline.sql.accounts import new_token, token_hash

CAMERA_MODEL = "AB4"


@dataclass(frozen=True)
class Enrolled:
    """The force as the database knows it: ids by the officer's number, and the cameras' tokens."""

    officer_ids: Ints
    camera_ids: Ints
    tokens: dict[str, str]


async def enrol(
    connection: asyncpg.Connection, force: Force, divisions: Sequence[Area]
) -> Enrolled:
    """Areas, units, officers, cameras with tokens; the demo's officer and supervisor get theirs."""
    await connection.execute(query("fleet.name_force"), names.FORCE)
    area_ids = dict(
        await connection.fetch(
            query("fleet.add_areas"),
            [a.code for a in divisions],
            [a.name for a in divisions],
            [shapely.to_wkb(shapely.transform(a.ground, to_wgs84)) for a in divisions],
        )
    )
    unit_ids = dict(
        await connection.fetch(
            query("fleet.add_units"),
            [u.code for u in force.units],
            [u.name for u in force.units],
            [area_ids.get(u.division) for u in force.units],
        )
    )
    units = [unit_ids[force.units[o.unit].code] for o in force.officers]
    officer_ids = dict(
        await connection.fetch(
            query("fleet.add_officers"),
            [o.shoulder_number for o in force.officers],
            [o.name for o in force.officers],
            [o.rank for o in force.officers],
            units,
        )
    )
    ids = [officer_ids[o.shoulder_number] for o in force.officers]
    tokens = {o.camera: new_token() for o in force.officers}
    camera_ids = dict(
        await connection.fetch(
            query("fleet.add_cameras"),
            [o.camera for o in force.officers],
            ids,
            units,
            [o.audio_out for o in force.officers],
            [token_hash(tokens[o.camera]) for o in force.officers],
            CAMERA_MODEL,
        )
    )
    known = next(o for o in force.officers if o.name == DEMO_OFFICER)
    await connection.execute(
        query("fleet.link_user"), "officer", officer_ids[known.shoulder_number]
    )
    await connection.execute(
        query("fleet.own_units"), "supervisor", [unit_ids["A1"], unit_ids["NA"]]
    )
    await connection.execute(query("fleet.add_post"), "fim")
    return Enrolled(
        np.array(ids, dtype=np.int64),
        np.array([camera_ids[o.camera] for o in force.officers], dtype=np.int64),
        tokens,
    )


async def sign_on(
    connection: asyncpg.Connection,
    force: Force,
    enrolled: Enrolled,
    stretches: Sequence[Stretch],
    epoch_s: int,
) -> None:
    """Duty: the shifts of the past week, and everybody on duty from their present shift on."""
    rows: list[tuple[int, float, float | None]] = [
        (s.officer, s.start_s, s.end_s) for s in stretches if s.end_s < epoch_s - 1.0
    ]
    rows += [(o.number, float(epoch_s + o.phase_s), None) for o in force.officers]
    await connection.execute(
        query("fleet.add_duties"),
        [int(enrolled.camera_ids[number]) for number, _, _ in rows],
        [int(enrolled.officer_ids[number]) for number, _, _ in rows],
        [force.officers[number].call_sign for number, _, _ in rows],
        [moment(start) for _, start, _ in rows],
        [None if end is None else moment(end) for _, _, end in rows],
    )


async def add_negotiators(
    connection: asyncpg.Connection, people: Sequence[Negotiator], now: datetime
) -> list[int]:
    """Negotiators, who they are in the force, and the rota; returns their ids in order."""
    officers = dict(
        await connection.fetch(
            query("fleet.add_officers"),
            [n.shoulder_number for n in people],
            [n.name for n in people],
            [n.rank for n in people],
            [None] * len(people),
        )
    )
    ids = [officers[n.shoulder_number] for n in people]
    negotiators = dict(
        await connection.fetch(
            query("fleet.add_negotiators"),
            ids,
            [n.username for n in people],
            ["negco" if n.coordinates else "negotiator" for n in people],
            [n.phone for n in people],
            [n.kidnap_trained for n in people],
            [n.language for n in people],
            [n.training_days for n in people],
        )
    )
    numbers = [negotiators[officer] for officer in ids]
    shifts = build_rota(list(people), now)
    await connection.execute(
        query("fleet.add_rota"),
        [numbers[k] for k, _, _ in shifts],
        [start for _, start, _ in shifts],
        [end for _, _, end in shifts],
    )
    for person, officer in zip(people, ids, strict=True):
        if person.username:
            await connection.execute(query("fleet.link_user"), person.username, officer)
    return numbers


def moment(time_s: float) -> datetime:
    """Seconds since 1970 as an aware time."""
    return datetime.fromtimestamp(time_s, UTC)
