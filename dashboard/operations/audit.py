"""Reading the audit, which is audited itself."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.operations.fields import Fields, Id, Moment
from sightline.sql import query

Operation = Literal[
    "collection", "alteration", "consultation", "disclosure", "combination", "erasure", "access"
]
Word = Annotated[str, Field(max_length=200)]


class AuditFilter(Fields):
    """Which rows; what is left out, does not matter. It comes from an address, where everything is a text."""

    model_config = ConfigDict(strict=False)

    actor: Word | None = None
    action: Word | None = Field(default=None, description="stream.open; or stream, for all of them")
    object_type: Word | None = None
    object_id: Word | None = None
    outcome: Literal["allowed", "refused", "failed"] | None = None
    operation: Operation | None = None
    incident: Id | None = None
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    before: Id | None = Field(
        default=None, description="Only rows older than this id: the next page"
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


async def entries(act: Actor, wanted: AuditFilter | None = None) -> list[dict[str, Any]]:
    """Audit rows, newest first.

    Raises:
        ForbiddenError: the role does not read the audit.
    """
    await act.require("audit.read", "audit.read", "audit", "audit")
    chosen = wanted or AuditFilter()
    filters = chosen.model_dump_json(exclude_none=True, by_alias=True)
    await act.connection.fetchval(query("api_audit.read"), filters)
    rows = await act.connection.fetch(
        query("api_audit.entries"),
        chosen.actor, chosen.action, chosen.object_type, chosen.object_id, chosen.outcome,
        chosen.operation, chosen.incident, chosen.start, chosen.end, chosen.before, chosen.limit,
    )  # fmt: skip
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


async def watched_me(act: Actor, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Who watched the acting officer's camera or looked at its track, newest first.

    Raises:
        ForbiddenError: the role has no camera of its own to ask about.
    """
    await act.require("audit.watched_me", "audit.watched_me", "audit", "own")
    return [
        dict(row) for row in await act.connection.fetch(query("api_audit.watched_me"), start, end)
    ]
