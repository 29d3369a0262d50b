"""Fills an empty database with the invented force, its county, and the week before.

`seed_demo` is run once for a data directory; what the live fleet needs later it keeps in files
(see `files`). The database must be migrated and hold the demo's users.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from sightline.ingest.fleet.casebook import open_incidents, open_sites, past_incidents, postings
from sightline.ingest.fleet.county import County, build_county
from sightline.ingest.fleet.errors import DemoIncompleteError
from sightline.ingest.fleet.files import FleetFiles, FleetPlan
from sightline.ingest.fleet.force import HALF_SHIFT_S, Force, build_force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.history import (
    CAMERAS_WITH_HISTORY,
    GROUP,
    Attendance,
    Group,
    Stretch,
    history,
)
from sightline.ingest.fleet.people import build_negotiators
from sightline.ingest.fleet.places import build_ground
from sightline.ingest.fleet.store_cases import DEMO_ROLES, CaseWriter
from sightline.ingest.fleet.store_force import Enrolled, add_negotiators, enrol, moment, sign_on
from sightline.ingest.fleet.store_history import add_cells, write_basemap, write_history
from sightline.sql import connect, query
from sightline.sql.settings import DatabaseSettings

Progress = Callable[[str, float], None]
"""Hears what is being done, and which share of it (0 to 1) is."""


async def seed_demo(
    settings: DatabaseSettings,
    *,
    cameras: int,
    seed: int,
    progress: Progress,
    now: Callable[[], float] = time.time,
) -> None:
    """Make the demo, unless the database holds it already.

    Args:
        settings: where the database and the data directory are.
        cameras: simulated cameras.
        seed: of the county and its force.
        progress: hears of each step.
        now: seconds since 1970 UTC.

    Raises:
        DemoIncompleteError: the database holds another demo, or the demo's users are missing.
    """
    connection = await connect(settings, "owner")
    try:
        if await _is_made(connection, cameras, seed):
            return
        users = await _users(connection)
        progress("Inventing the county", 0.0)
        county = await asyncio.to_thread(build_county, seed)
        progress("Inventing the county", 0.6)
        ground = await asyncio.to_thread(build_ground, county)
        progress("Inventing the county", 1.0)
        epoch_s = int(now())
        await _fill(connection, settings, county, ground, users, cameras, epoch_s, progress)
    finally:
        await connection.close()


async def _is_made(connection: asyncpg.Connection, cameras: int, seed: int) -> bool:
    value = await connection.fetchval(query("fleet.made"))
    if value is None:
        return False
    made = json.loads(value)
    if (made["seed"], made["cameras"]) != (seed, cameras):
        raise DemoIncompleteError(
            f"The database holds a demo of {made['cameras']} cameras and seed {made['seed']},"
            f" not of {cameras} cameras and seed {seed}."
        )
    return True


async def _users(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(query("fleet.users"), list(DEMO_ROLES))
    users = {row["username"]: row["id"] for row in rows}
    if missing := sorted(set(DEMO_ROLES) - set(users)):
        raise DemoIncompleteError(f"The demo's users are missing: {', '.join(missing)}.")
    return users


async def _fill(
    connection: asyncpg.Connection,
    settings: DatabaseSettings,
    county: County,
    ground: Ground,
    users: dict[str, int],
    cameras: int,
    epoch_s: int,
    progress: Progress,
) -> None:
    progress("Enrolling the force", 0.0)
    force = build_force(ground, cameras, county.seed)
    sites = open_sites(ground, force)
    posted = postings(ground, force, sites)
    plan = FleetPlan(county.seed, cameras, epoch_s, posted)
    async with connection.transaction():
        enrolled = await enrol(connection, force, county.areas.divisions)
        taken = {o.shoulder_number for o in force.officers}
        people = build_negotiators(county.seed, taken)
        negotiators = await add_negotiators(
            connection, people, datetime.fromtimestamp(epoch_s, UTC)
        )
        team = [k for k, person in zip(negotiators, people, strict=True) if not person.coordinates]
        progress("Enrolling the force", 0.5)
        await write_basemap(connection, county)
        progress("Enrolling the force", 1.0)
    stretches, attendances = await _history(connection, ground, force, plan, enrolled, progress)
    async with connection.transaction():
        await sign_on(connection, force, enrolled, stretches, epoch_s)
        # Longer than anybody's present shift has lasted.
        await connection.execute(query("fleet.last_positions"), moment(epoch_s - HALF_SHIFT_S))
        writer = CaseWriter(connection, ground, force, enrolled, users, team)
        for incident in past_incidents(attendances, epoch_s):
            await writer.write_past(incident)
        for incident in open_incidents(ground, force, sites, posted, epoch_s):
            await writer.write_open(incident)
        FleetFiles(settings.data_dir).write(ground, plan, enrolled.tokens)
        made = json.dumps({"seed": county.seed, "cameras": cameras, "epoch_s": epoch_s})
        await connection.fetchval(query("fleet.audit_made"), made)
        await connection.execute(query("fleet.mark_made"), made)
    await connection.execute(query("fleet.analyse"))


async def _history(
    connection: asyncpg.Connection,
    ground: Ground,
    force: Force,
    plan: FleetPlan,
    enrolled: Enrolled,
    progress: Progress,
) -> tuple[list[Stretch], list[Attendance]]:
    stretches: list[Stretch] = []
    attendances: list[Attendance] = []
    count = -(-min(len(force.officers), CAMERAS_WITH_HISTORY) // GROUP)
    done = 0

    def each(group: Group) -> None:
        nonlocal done
        done += 1
        stretches.extend(group.stretches)
        attendances.extend(group.attendances)
        progress("Writing the past week", done / count)

    hours = await connection.fetchval(query("fleet.retention_other_hours"))
    async with connection.transaction():
        cells = await add_cells(connection, ground)
        groups = history(ground, force, plan.epoch_s, plan.postings, keep_other_s=3_600.0 * hours)
        await write_history(connection, groups, enrolled.camera_ids, cells, plan.epoch_s, each)
    return stretches, attendances
