"""Writes the invented incidents into the database: logs, cameras there, deployments step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence

import asyncpg
import numpy as np

from sightline.ingest.fleet.casebook import MINUTE_S, Incident
from sightline.ingest.fleet.errors import FleetError
from sightline.ingest.fleet.force import Force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.projection import to_wgs84
from sightline.ingest.fleet.scenarios import Step
from sightline.ingest.fleet.store_force import Enrolled, moment
from sightline.sql import query

DEMO_ROLES = ("fim", "negco", "commander", "supervisor", "coordinator", "officer")

RVP_METRES = 250.0
"""Everybody meets so far from the scene."""

_MEMBER_STATES = {
    "stand_down": "released",
    "return": "released",
    "cancel": "cancelled",
}


class CaseWriter:
    """Writes incidents, one after the other.

    Args:
        connection: of the owner.
        ground: for names and places.
        force: for call signs.
        enrolled: for the cameras.
        users: id of each demo user.
        negotiators: ids of negotiators who can be members of a team.
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        ground: Ground,
        force: Force,
        enrolled: Enrolled,
        users: dict[str, int],
        negotiators: Sequence[int],
    ) -> None:
        self._connection = connection
        self._ground = ground
        self._force = force
        self._enrolled = enrolled
        self._users = users
        self._negotiators = list(negotiators)
        self._next = 0

    async def write_past(self, incident: Incident) -> None:
        """An incident that is over, with the deployment there was, at the times of the story."""
        number = await self._incident(incident)
        deployment = None
        if incident.scenario.request is not None:
            deployment = await self._past_deployment(number, incident)
        for entry in incident.scenario.log:
            await self._log(
                number, incident.opened_s + entry.after_min * MINUTE_S, entry.by, entry.kind,
                entry.text, deployment,
            )  # fmt: skip

    async def write_open(self, incident: Incident) -> None:
        """An incident that is open. Its request for negotiators goes the way every request goes."""
        number = await self._incident(incident)
        scenario = incident.scenario
        for entry in scenario.log:
            await self._log(
                number, incident.opened_s + entry.after_min * MINUTE_S, entry.by, entry.kind,
                entry.text, None,
            )  # fmt: skip
        if scenario.request is None:
            return
        await self._connection.execute(
            query("fleet.add_incident_person"),
            number, self._users["commander"], "commander", moment(incident.opened_s), None,
        )  # fmt: skip
        await self._connection.fetch(query("fleet.act_as"), "fim")
        made = await self._connection.fetchrow(
            query("fleet.request_negotiators"), number, json.dumps(scenario.request)
        )
        self._check(made)
        await self._say_rvp(number, incident)
        for step in scenario.steps:
            await self._connection.fetch(query("fleet.act_as"), step.by)
            done = await self._connection.fetchrow(
                query("fleet.act_on_deployment"),
                made["deployment_id"], step.action, step.rationale, step.recommendation,
            )  # fmt: skip
            self._check(done)

    async def _say_rvp(self, number: int, incident: Incident) -> None:
        """Where everybody meets: a corner out of sight of the scene."""
        name = (incident.scenario.request or {}).get("rvp")
        if name is None:
            return
        corner = self._ground.corner_near(incident.site, RVP_METRES)
        lon, lat = to_wgs84(np.array([corner]))[0]
        self._check(
            await self._connection.fetchrow(
                query("incidents.rvp"), number, name, float(lat), float(lon), f"RVP: {name}", False
            )
        )

    def _check(self, answer: asyncpg.Record | None) -> None:
        if answer is None or answer["outcome"] != "ok":
            said = "no answer" if answer is None else answer["message"]
            raise FleetError(f"The demo's incidents cannot be made: {said}")

    async def _incident(self, incident: Incident) -> int:
        scenario = incident.scenario
        place = self._ground.places[incident.site]
        lon, lat = to_wgs84(np.array([self._ground.xy(incident.site)]))[0]
        there = sorted(incident.cameras)
        call_signs = [self._force.officers[k].call_sign for k, _, _ in there]
        number: int = await self._connection.fetchval(
            query("fleet.add_incident"),
            incident.log_number, scenario.title.format(place=place.name),
            float(lat), float(lon), scenario.grade, scenario.type, scenario.regime,
            scenario.talkgroup, json.dumps(call_signs), moment(incident.opened_s),
            None if incident.closed_s is None else moment(incident.closed_s), self._users["fim"],
        )  # fmt: skip
        await self._connection.execute(
            query("fleet.add_incident_cameras"),
            number,
            [int(self._enrolled.camera_ids[k]) for k, _, _ in there],
            [moment(start) for _, start, _ in there],
            [None if end is None else moment(end) for _, _, end in there],
        )
        return number

    async def _past_deployment(self, number: int, incident: Incident) -> int:
        scenario, start = incident.scenario, incident.opened_s
        steps = scenario.steps
        request = json.dumps(scenario.request)
        last_s = start + steps[-1].after_min * MINUTE_S
        deployment: int = await self._connection.fetchval(
            query("fleet.add_deployment"),
            number, steps[-1].to, request, self._users["fim"], moment(start + 2 * MINUTE_S),
            moment(last_s), self._users["commander"],
            None if scenario.returned is None else json.dumps(scenario.returned),
        )  # fmt: skip
        await self._connection.execute(
            query("fleet.add_incident_person"),
            number, self._users["commander"], "commander", moment(start), moment(last_s),
        )  # fmt: skip
        team = self._team() if any(s.action == "dispatch" for s in steps) else []
        opening = Step(2, "fim", "request", "requested", "")
        before: str | None = None
        for step in (opening, *steps):
            at = moment(start + step.after_min * MINUTE_S)
            about = (
                team
                if step.action in ("dispatch", "en_route", "on_scene", "cancel", "stand_down")
                else []
            )
            await self._connection.execute(
                query("fleet.add_transition"),
                deployment, at, before, step.to, step.action, step.recommendation, step.by,
                step.rationale, about,
            )  # fmt: skip
            await self._log(
                number, start + step.after_min * MINUTE_S, step.by, *_said(step), deployment
            )
            before = step.to
        if team:
            await self._connection.execute(
                query("fleet.add_members"),
                deployment, team, _MEMBER_STATES[steps[-1].action],
                any(s.action == "en_route" for s in steps), moment(last_s),
            )  # fmt: skip
        return deployment

    def _team(self) -> list[int]:
        """The next two negotiators: call-outs are shared out."""
        team = [self._negotiators[(self._next + k) % len(self._negotiators)] for k in range(2)]
        self._next += 2
        return team

    async def _log(
        self, number: int, at_s: float, by: str, kind: str, text: str, deployment: int | None
    ) -> None:
        await self._connection.execute(
            query("fleet.add_log_entry"), number, moment(at_s), by, kind, text, deployment
        )


_WORDS = {
    "request": "Negotiators requested",
    "dispatch": "Negotiators dispatched",
    "en_route": "En route",
    "on_scene": "On scene",
    "cancel": "Cancelled",
    "stand_down": "Stood down",
    "return": "Return filed",
    "advice_only": "Advice only",
    "not_required": "Not required",
}


def _said(step: Step) -> tuple[str, str]:
    """Kind and text of the log entry that goes with a step."""
    if step.recommendation is not None:
        word = step.recommendation.replace("_", " ").capitalize()
        return "recommendation", f"Recommendation: {word}. {step.rationale}"
    kind = "request" if step.action == "request" else "decision"
    return kind, f"{_WORDS[step.action]}. {step.rationale}".removesuffix(". ")
