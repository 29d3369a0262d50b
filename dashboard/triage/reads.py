"""What the triage page reads, as the acting user: rows of the named queries become values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from sightline.dashboard.operations.fields import id_from
from sightline.dashboard.places import direction
from sightline.dashboard.triage.command_log.timeline import Entry, Spoken, Stream
from sightline.dashboard.triage.deployment import (
    Change,
    Deployment,
    Incident,
    Member,
    Person,
    Recommendation,
)
from sightline.dashboard.triage.incident.best_camera import AROUND_M, NearCamera, shortlist
from sightline.dashboard.triage.incident.steps import State
from sightline.dashboard.triage.queue.waiting import Waiting
from sightline.ingest.quality import quality
from sightline.sql import query

LONGEST_LOG = 300
"""Entries of the command log that the page shows."""

_BEARERS_WITH_RSRP = frozenset({1, 2})  # lte, nr: the level of another bearer is not RSRP


async def read_queue(connection: asyncpg.Connection, settled_since: datetime) -> list[Waiting]:
    """Every request that the acting user may see; settled ones only if changed since then."""
    rows = await connection.fetch(query("triage.queue"), settled_since)
    return [Waiting(**row) for row in rows]


async def read_deployment(connection: asyncpg.Connection, deployment_id: int) -> Deployment | None:
    """One deployment; None where there is none, or it is not the acting user's to see.

    The id comes from the address or the browser's store, so it may be any number.
    """
    known = id_from(deployment_id)
    row = known and await connection.fetchrow(query("triage.deployment"), known)
    if not row:
        return None
    members = await connection.fetch(query("triage.members"), deployment_id)
    return Deployment(
        id=row["id"],
        incident=_incident(row),
        state=row["state"],
        state_name=row["state_name"],
        requested_time=row["requested_time"],
        requested_by=Person(row["requested_by_id"], row["requested_by"], row["requested_role"]),
        changed_time=row["updated_time"],
        request=json.loads(row["request"]),
        commander=_person(row, "commander"),
        handover_to=_person(row, "handover"),
        recommendation=_recommendation(row),
        members=tuple(Member(**member) for member in members),
        in_charge=row["in_charge"],
        change=_change(row),
    )


def _incident(row: Mapping[str, Any]) -> Incident:
    return Incident(
        id=row["incident_id"],
        title=row["title"],
        grade=row["grade"],
        grade_name=row["grade_name"],
        log_number=row["log_number"],
        lat=row["lat"],
        lon=row["lon"],
        talkgroup=row["talkgroup"],
        restricted=row["restricted"],
        exercise=row["exercise"],
        provisional=row["provisional"],
        closed=row["closed"],
    )


def _person(row: Mapping[str, Any], which: str) -> Person | None:
    if row[f"{which}_id"] is None:
        return None
    return Person(row[f"{which}_id"], row[which], row[f"{which}_role"])


def _change(row: Mapping[str, Any]) -> Change | None:
    if row["step_id"] is None:
        return None
    by = Person(row["step_by_id"], row["step_by"], row["step_role"])
    return Change(row["step_id"], by, row["step_time"])


def _recommendation(row: Mapping[str, Any]) -> Recommendation | None:
    if row["recommendation_code"] is None:
        return None
    return Recommendation(
        code=row["recommendation_code"],
        name=row["recommendation"],
        by=row["recommendation_by"],
        at=row["recommendation_time"],
        rationale=row["recommendation_rationale"],
    )


async def read_possible(connection: asyncpg.Connection, state: str) -> list[str]:
    """The actions that are possible in a state, whoever takes them."""
    return [row["action"] for row in await connection.fetch(query("triage.possible"), state)]


async def read_log(connection: asyncpg.Connection, incident_id: int) -> list[Entry]:
    """The newest entries of the command log."""
    rows = await connection.fetch(query("triage.log"), incident_id, LONGEST_LOG)
    return [_entry(row) for row in rows]


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        author=row["author"],
        role=row["role"],
        text=row["text"],
        about=row["about"],
        acknowledged_by=row["acknowledged_by"],
        action=row["action"],
        people=tuple(zip(row["people"] or (), row["had_set_off"] or (), strict=True)),
        stream=_stream(row),
        spoken=_spoken(row),
    )


def _spoken(row: Mapping[str, Any]) -> tuple[Spoken, ...]:
    if row["talk"] is None:
        return ()
    turns = zip(row["numbers"], row["began_times"], row["ended_times"], strict=True)
    return tuple(
        Spoken(f"/api/talk/{row['talk']}/turns/{number}", began, ended)
        for number, began, ended in turns
    )


def _stream(row: Mapping[str, Any]) -> Stream | None:
    if row["camera"] is None:
        return None
    return Stream(
        camera=row["camera"],
        call_sign=row["call_sign"],
        officer=row["officer"],
        purpose=row["purpose"],
        opened=row["opened_time"],
        ended=row["ended_time"],
    )


async def read_cameras(connection: asyncpg.Connection, incident: Incident) -> list[NearCamera]:
    """The cameras near an incident, or named as at it, to choose from; best first."""
    rows = await connection.fetch(
        query("triage.near"), incident.id, incident.lat, incident.lon, AROUND_M
    )
    return shortlist(_camera(row, incident) for row in rows)


def _camera(row: Mapping[str, Any], incident: Incident) -> NearCamera:
    known = row["bearer"] in _BEARERS_WITH_RSRP
    where = None
    if incident.lat is not None and incident.lon is not None and row["lat"] is not None:
        where = direction(incident.lat, incident.lon, row["lat"], row["lon"])
    return NearCamera(
        camera=row["camera"],
        officer=_officer(row),
        call_sign=row["call_sign"],
        lat=row["lat"],
        lon=row["lon"],
        distance_m=row["distance_m"],
        direction=where,
        recording=row["recording"],
        stale=row["stale"],
        seen_s=row["seen_s"],
        fix_age_s=row["fix_age_s"],
        quality=quality(
            row["rsrp_dbm"] if known else None,
            row["rsrq_db"] if known else None,
            row["sinr_db"] if known else None,
            row["uplink_kbps"],
        ),
        attached=row["attached"],
    )


def _officer(row: Mapping[str, Any]) -> str | None:
    if row["officer"] is None:
        return None
    return f"{row['officer']} {row['shoulder_number']}"


async def read_commanders(connection: asyncpg.Connection) -> dict[str, str]:
    """To whom command can be handed: user name → name and role."""
    rows = await connection.fetch(query("triage.commanders"))
    return {row["username"]: f"{row['name']}, {row['role_name']}" for row in rows}


async def read_recommendations(connection: asyncpg.Connection) -> dict[str, str]:
    """The force's recommendations, code → name."""
    rows = await connection.fetch(query("triage.recommendations"))
    return {row["code"]: row["name"] for row in rows}


async def read_states(connection: asyncpg.Connection, deployment_id: int) -> list[State]:
    """All states in order, with when the deployment first reached each."""
    rows = await connection.fetch(query("triage.reached"), deployment_id)
    return [State(**row) for row in rows]
