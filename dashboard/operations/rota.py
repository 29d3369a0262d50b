"""Who is on call, whether there is cover, and changing the rota."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import ConflictError, InvalidError
from sightline.dashboard.operations.answers import check
from sightline.dashboard.operations.fields import Fields, Id, Moment, Readable, wrong
from sightline.dashboard.rota.cover import Gap, Minimum, Shift, gaps, lapsed, shortfall
from sightline.dashboard.rota.on_call import OnCall, in_order, warning
from sightline.sql import query

LONGEST = timedelta(days=100)
"""One look, or one change, spans at most this."""


class NewShift(Fields):
    """One negotiator on call from a time to another."""

    negotiator: Id
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class RotaFields(Fields):
    """The shifts of a time, all of them: what stood there before is replaced."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    shifts: Annotated[list[NewShift], Field(max_length=2000)]
    reason: Annotated[str, Field(max_length=500), Readable] = Field(
        default="", description="Needed where cover falls short of what the force wants"
    )

    @model_validator(mode="after")
    def within(self) -> RotaFields:
        """Shifts lie within the time, and end after they begin."""
        if not self.start < self.end:
            raise wrong("to", "must be after from")
        for number, shift in enumerate(self.shifts):
            if not self.start <= shift.start < shift.end <= self.end:
                raise wrong(
                    f"shifts.{number}", "must lie within from and to, and end after it begins"
                )
        return self


async def minimum(act: Actor) -> Minimum:
    """How many the force wants on call."""
    return Minimum(**await act.connection.fetchrow(query("rota.minimum")))


async def people_on_call(act: Actor, at: datetime | None = None) -> list[OnCall]:
    """Who is on call at a time (default: now), NegCos first, each in the order in which they are next."""
    moment = at or datetime.now(UTC)
    rows = await act.connection.fetch(query("rota.on_call"), moment)
    people = [OnCall(**{**row, "languages": tuple(row["languages"])}) for row in rows]
    return in_order(people, moment)


async def shifts(act: Actor, start: datetime, end: datetime) -> list[Shift]:
    """Shifts that touch a time, by start.

    Raises:
        ForbiddenError: the role does not see the rota.
        InvalidError: the time is empty or too long.
    """
    await _may_read(act)
    _check_span(start, end)
    rows = await act.connection.fetch(query("rota.shifts"), start, end)
    return [Shift(**row) for row in rows]


async def on_call(act: Actor, at: datetime | None = None) -> dict[str, Any]:
    """Who is on call: ``at``, ``negotiators`` and ``negcos`` (next in turn first, with a ``warning`` where one is used up),
    and ``problems`` in words.

    Raises:
        ForbiddenError: the role does not see the rota.
    """
    moment = at or datetime.now(UTC)
    people = await people_on_call(act, moment)
    on_now = await shifts(act, moment, moment + timedelta(seconds=1))
    missing = shortfall(on_now, moment, await minimum(act))
    problems = [missing.words] if missing else []
    problems += [f"the training of {shift.name} has lapsed" for shift in lapsed(on_now, moment)]
    return {
        "at": moment,
        "negotiators": [_said(p, moment) for p in people if p.capacity == "negotiator"],
        "negcos": [_said(p, moment) for p in people if p.capacity == "negco"],
        "problems": problems,
    }


def _said(person: OnCall, moment: datetime) -> dict[str, Any]:
    return {
        "negotiator": person.negotiator_id,
        "name": person.name,
        "officer": person.shoulder_number,
        "phone": person.phone,
        "kidnap_trained": person.kidnap_trained,
        "languages": list(person.languages),
        "training_until": person.training_until,
        "until": person.until,
        "last_call_out": person.last_call_out,
        "call_outs_7": person.call_outs_7,
        "call_outs_28": person.call_outs_28,
        "out": person.out,
        "warning": warning(person, moment),
    }


async def cover(act: Actor, start: datetime, end: datetime) -> dict[str, Any]:
    """The gaps in cover from `start` to `end`, each with when, what is missing, and words.

    Raises:
        ForbiddenError: the role does not see the rota.
        InvalidError: the time is empty or too long.
    """
    found = gaps(await shifts(act, start, end), start, end, await minimum(act))
    return {"from": start, "to": end, "gaps": [_gap(gap) for gap in found]}


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "from": gap.start,
        "to": gap.end,
        "negotiators_missing": gap.shortfall.negotiators,
        "negcos_missing": gap.shortfall.negcos,
        "kidnap_missing": gap.shortfall.kidnap,
        "words": gap.shortfall.words,
    }


async def put_shifts(act: Actor, fields: RotaFields) -> dict[str, Any]:
    """Replace the shifts of a time; gives the cover of that time.

    Raises:
        ForbiddenError: the role does not change the rota.
        ConflictError: somebody would be on call twice at once; or cover would fall short and no reason was given.
        InvalidError: the time is too long, or a negotiator is not known.
    """
    await act.require("rota.write", "rota.write", "rota", f"{fields.start:%Y-%m-%d}")
    _check_span(fields.start, fields.end)
    planned = await _planned(act, fields.shifts)
    missing = gaps(planned, fields.start, fields.end, await minimum(act))
    if missing and not fields.reason:
        raise ConflictError(
            f"Cover would fall short ({missing[0].words(datetime.now(UTC))}); give a reason to go on.",
            "cover_short",
        )
    rows = fields.model_dump(mode="json", by_alias=True)["shifts"]
    check(
        await act.connection.fetchrow(
            query("rota.put"), fields.start, fields.end, json.dumps(rows), fields.reason
        )
    )
    return await cover(act, fields.start, fields.end)


async def _planned(act: Actor, wanted: Sequence[NewShift]) -> list[Shift]:
    people = {row["negotiator_id"]: row for row in await act.connection.fetch(query("rota.people"))}
    for number, shift in enumerate(wanted):
        if shift.negotiator not in people:
            raise InvalidError(
                f"shifts.{number}.negotiator is {shift.negotiator}, which is no negotiator.",
                f"shifts.{number}.negotiator",
                [str(known) for known in people],
            )
    return [Shift(**people[s.negotiator], start=s.start, end=s.end) for s in wanted]


def _check_span(start: datetime, end: datetime) -> None:
    if not start < end:
        raise InvalidError("to must be after from.", "to", "a time after from")
    if end - start > LONGEST:
        raise InvalidError("At most 100 days at once.", "to", "at most 100 days after from")


async def _may_read(act: Actor) -> None:
    if act.may("rota.write") is None:
        await act.require("rota.read", "rota.view", "rota", "rota")
