"""The administrator's lists: who and what there is. Reading them is audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.ages import LOCAL
from sightline.dashboard.errors import InvalidError
from sightline.sql import query

LISTS = {"users": "Users", "cameras": "Cameras", "bridges": "Bridges"}


async def read_list(act: Actor, which: str) -> list[dict[str, Any]]:
    """The rows of one of `LISTS`, with times in local words.

    Raises:
        ForbiddenError: the role does not manage the system.
        InvalidError: there is no such list.
    """
    await act.require("admin.manage", "admin.list", "list", which)
    queries = {
        "users": "admin_page.users",
        "cameras": "admin_page.cameras",
        "bridges": "admin_page.bridges",
    }
    if which not in queries:
        raise InvalidError(f"list is {which[:40]!r}.", "list", list(queries))
    await act.connection.fetchval(query("admin_page.consulted"), which)
    return [_said(row) for row in await act.connection.fetch(query(queries[which]))]


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(LOCAL).strftime("%d.%m.%Y %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value
