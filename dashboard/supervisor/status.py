"""How everything is, asked from outside: the supervisor's note, each part's health, the database."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg

from sightline.dashboard.settings import Settings
from sightline.dashboard.supervisor.child import is_ready
from sightline.dashboard.supervisor.data_directory import DataDirectory
from sightline.dashboard.supervisor.parts import UP_PARTS, part_named
from sightline.dashboard.supervisor.process import process_start
from sightline.sql import connect, query
from sightline.sql.errors import DatabaseError

_LATE_LIMIT_S = 10.0
_KEEPER_LIMIT_S = 30.0
"""Its most frequent duty is every 2 s; between two statements it may compute."""
_UNSEALED_LIMIT_S = 60.0
_NO_SCHEMA = "no schema"
_SHAKY_FOR_S = 60.0
"""A part that failed this recently may fail again."""


@dataclass
class PartStatus:
    """How one part is.

    Attributes:
        name: as in ``up NAME``.
        pid: process id, None where it does not run or nobody supervises it.
        ready: whether it can do its work.
        restarts: how often the supervisor has started it again.
        restarted_s: seconds since it last did, None if it never had to.
    """

    name: str
    pid: int | None
    ready: bool
    restarts: int = 0
    restarted_s: float | None = None


@dataclass
class Status:
    """How everything is. Times in seconds.

    Attributes:
        behind_s: age of the newest report of any camera.
        late_s: by how much the camera that is least late is late, below 0 when one is early; None: none has reported.
        keeper_silent_s: since when no keeper has asked the database for anything; None: none is connected to it.
        unsealed_audit_s: age of the oldest row of the audit that waits for its seal.
    """

    data_dir: str
    url: str
    supervisor_pid: int | None = None
    demo: bool = False
    parts: list[PartStatus] = field(default_factory=list)
    database: str = "lost"
    gateways: int | None = None
    cameras: int | None = None
    cameras_live: int | None = None
    behind_s: float | None = None
    late_s: float | None = None
    keeper_silent_s: float | None = None
    unsealed_audit_s: float | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with the verdict."""
        return {"ok": self.is_well, **asdict(self)}


def running(settings: Settings) -> dict[str, Any] | None:
    """The note of the supervisor that runs with this data directory, if one does."""
    state = DataDirectory(settings.data_dir).run_state()
    if state is None:
        return None
    began = process_start(state["pid"])
    # One that was killed has left its note, and its number may be another process's.
    return state if began is not None and began == state.get("pid_start") else None


def as_running(settings: Settings) -> Settings:
    """The settings with the address and ports of what runs with this data directory."""
    state = running(settings)
    return settings.model_copy(update=state["settings"]) if state else settings


async def ask(settings: Settings) -> Status:
    """Ask everything that should run how it is."""
    state = running(settings)
    settings = as_running(settings)
    status = Status(
        data_dir=str(settings.data_dir),
        url=settings.local_base(settings.dashboard_port),
        supervisor_pid=state["pid"] if state else None,
        demo=bool(state and state["demo"]),
    )
    noted = state["parts"] if state else {part.name: {} for part in UP_PARTS if part.settings_ports}
    status.parts = list(
        await asyncio.gather(*(_ask_part(name, note, settings) for name, note in noted.items()))
    )
    await _ask_database(settings, status)
    status.problems = problems(status)
    return status


def problems(status: Status) -> list[str]:
    """What is wrong, one sentence each; nothing when all is well. Pure."""
    found = []
    if status.supervisor_pid is None and not any(part.ready for part in status.parts):
        found.append(f"Nothing runs with the data directory {status.data_dir}.")
    else:
        found += [
            f"The {part_named(part.name).title} is not ready."
            for part in status.parts
            if not part.ready
        ]
    found += [
        f"The {part_named(part.name).title} failed and was started again"
        f" {part.restarted_s:.0f} s ago ({part.restarts} times so far)."
        for part in status.parts
        if part.restarted_s is not None and part.restarted_s < _SHAKY_FOR_S
    ]
    if status.database == _NO_SCHEMA:
        found.append("The database has no schema, or an old one: run 'sightline migrate'.")
        return found
    if status.database != "ok":
        found.append(f"The database does not answer: {status.database}.")
        return found
    if not status.gateways:
        found.append("No gateway reports to the database.")
    found += _silence(status)
    if (status.unsealed_audit_s or 0.0) > _UNSEALED_LIMIT_S:
        found.append(f"The audit has not been sealed for {status.unsealed_audit_s:.0f} s.")
    return found


def _silence(status: Status) -> list[str]:
    """What should be heard and is not."""
    found = []
    if status.demo and status.late_s is None:
        found.append("No simulated camera has reported yet.")
    # Where nobody simulates cameras, all may be switched off.
    elif (status.demo or status.cameras_live) and (status.late_s or 0.0) > _LATE_LIMIT_S:
        found.append(f"The newest report of any camera is {status.behind_s:.0f} s old.")
    if status.keeper_silent_s is None:
        found.append("No keeper is connected to the database.")
    elif status.keeper_silent_s > _KEEPER_LIMIT_S:
        found.append(f"The keeper has done nothing for {status.keeper_silent_s:.0f} s.")
    return found


async def _ask_part(name: str, note: dict[str, Any], settings: Settings) -> PartStatus:
    pid = note.get("pid")
    alive = pid is not None and process_start(pid) is not None
    url = part_named(name).ready_url(settings)
    ready = alive if url is None else await is_ready(url, settings)
    restarted = note.get("restarted_time")
    restarted_s = None if restarted is None else round(time.time() - restarted, 1)
    return PartStatus(name, pid if alive else None, ready, note.get("restarts", 0), restarted_s)


async def _ask_database(settings: Settings, status: Status) -> None:
    try:
        connection = await connect(settings, "owner", timeout=3)
    except (DatabaseError, OSError, TimeoutError, asyncpg.PostgresError) as error:
        status.database = str(error).rstrip(".") or type(error).__name__
        return
    try:
        row = await connection.fetchrow(query("supervisor.health"), timeout=5)
        keeper_silent_s = await connection.fetchval(query("supervisor.keeper_silent"), timeout=5)
    except asyncpg.UndefinedTableError:
        status.database = _NO_SCHEMA
        return
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        status.database = str(error) or type(error).__name__
        return
    finally:
        await connection.close()
    status.database = "ok"
    status.gateways = row["gateways"]
    status.cameras, status.cameras_live = row["cameras"], row["cameras_live"]
    status.behind_s, status.late_s = _seconds(row["behind_s"]), _seconds(row["late_s"])
    status.keeper_silent_s = _seconds(keeper_silent_s)
    status.unsealed_audit_s = _seconds(row["unsealed_s"])


def _seconds(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 1)
