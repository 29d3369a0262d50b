"""The rows of the audit as the auditor's page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.audit.words import action_words, date_time, detail_words, reason_words
from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations.audit import AuditFilter, entries
from sightline.dashboard.operations.fields import id_from
from sightline.sql import query

AT_ONCE = 200
"""Rows that one reading brings."""

PERIODS = {"1": "Last hour", "24": "Last 24 hours", "168": "Last 7 days", "744": "Last 31 days", "": "All"}  # fmt: skip
"""Hours → how they are called."""

OUTCOMES = {"allowed": "Allowed", "refused": "Refused", "failed": "Failed"}


def wanted(
    values: Mapping[str, str | None], now: datetime, before: int | None = None
) -> AuditFilter:
    """The filter from what was chosen and typed; what is empty does not matter.

    Args:
        values: ``period`` (hours), ``action``, ``outcome``, ``actor``, ``object``, ``incident``.
        now: the moment.
        before: only rows older than this id.

    Raises:
        InvalidError: a value is wrong; names it.
    """
    given = {name: (text or "").strip() for name, text in values.items()}
    fields: dict[str, Any] = {"limit": AT_ONCE, "before": before}
    for name, field in (
        ("action", "action"), ("outcome", "outcome"), ("actor", "actor"), ("object", "object_id"),
    ):  # fmt: skip
        fields[field] = given.get(name) or None
    hours = given.get("period", "")
    if hours:
        if hours not in PERIODS:
            raise InvalidError(f"Time: {hours!r} is none of the choices.", "period", list(PERIODS))
        fields["from"] = now - timedelta(hours=int(hours))
    incident = given.get("incident", "")
    if incident:
        fields["incident"] = id_from(incident)
        if fields["incident"] is None:
            raise InvalidError(
                f"Incident: {incident[:40]!r} is not the number of an incident.",
                "incident",
                "a number",
            )
    return AuditFilter.of(fields)


async def read_rows(act: Actor, chosen: AuditFilter) -> list[dict[str, Any]]:
    """Audit rows for the table, newest first; reading them is audited.

    Raises:
        ForbiddenError: the role does not read the audit.
    """
    found = await entries(act, chosen)
    names = {
        (row["what"], row["code"]): row["name"]
        for row in await act.connection.fetch(query("audit_page.names"))
    }
    return [_row(entry, names) for entry in found]


def _row(entry: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    detail = entry["detail"]
    role, purpose = entry["actor_role"], entry["purpose"] or ""
    parts = (names.get(("role", role), role), entry["actor_post"])
    return {
        "id": entry["id"],
        "at": date_time(entry["at"]),
        "at_utc": entry["at"].isoformat(),
        "actor": entry["actor"],
        "role": " · ".join(part for part in parts if part),
        "action": entry["action"],
        "done": action_words(entry["action"]),
        "object": f"{entry['object_type'].replace('_', ' ')} {entry['object_id']}",
        "outcome": entry["outcome"],
        "purpose": names.get(("purpose", purpose), purpose),
        "reason": reason_words(entry["reason"]),
        "incident": entry["incident"],
        "address": entry["address"] or "",
        "operation": entry["operation"],
        "detail": detail_words(detail),
        "stored": json.dumps(detail, ensure_ascii=False) if detail else "",
    }


async def read_actions(act: Actor) -> list[str]:
    """The actions that the audit knows, for the filter.

    Raises:
        ForbiddenError: the role does not read the audit.
    """
    await act.require("audit.read", "audit.read", "audit", "actions")
    return [row["action"] for row in await act.connection.fetch(query("audit_page.actions"))]
