"""A small force to write tests with: people, cameras and incidents in one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from sightline.sql.accounts import new_token, token_hash
from tests.conftest import Database

RECORDING = {"unknown": 0, "off": 1, "buffering": 2, "recording": 3}


@dataclass(frozen=True)
class Person:
    """A user with a session."""

    user_id: int
    username: str
    token: str


class Force:
    """Speaks to the database as its owner to arrange, and as the dashboard to act."""

    def __init__(self, database: Database, owner: asyncpg.Connection, pool: asyncpg.Pool) -> None:
        self.database, self.owner, self.pool = database, owner, pool

    @classmethod
    async def create(cls, database: Database) -> Force:
        return cls(database, await database.connect(), await database.pool("dashboard"))

    async def user(self, role: str, username: str | None = None) -> Person:
        """A user of this role who has signed in."""
        name, token = username or role, new_token()
        user_id = await self.owner.fetchval(
            "insert into app_user (username, display_name, role) values ($1, $1, $2) returning id",
            name, role,
        )  # fmt: skip
        await self.owner.execute(
            "insert into session (user_id, token_hash, csrf, role, expires_time)"
            " values ($1, $2, 'csrf', $3, now() + interval '1 hour')",
            user_id, token_hash(token), role,
        )  # fmt: skip
        return Person(user_id, name, token)

    async def camera(
        self, ref: str = "AB4-000001", state: str = "recording", seen_s: float = 0
    ) -> int:
        """A camera that was heard `seen_s` seconds ago in this recording state."""
        camera_id = await self.owner.fetchval(
            "insert into camera (ref) values ($1) returning id", ref
        )
        await self.owner.execute(
            "insert into live (camera_id, gateway_id, batch, seen_time, recording, recording_time,"
            " recording_since, fix_time, fix_received_time, lat, lon)"
            " values ($1, 1, 1, now() - make_interval(secs => $3), $2, now(), now(), now(), now(), 57, 2)",
            camera_id, RECORDING[state], float(seen_s),
        )  # fmt: skip
        return int(camera_id)

    async def set_state(self, camera_id: int, state: str) -> None:
        await self.owner.execute(
            "update live set recording = $2 where camera_id = $1", camera_id, RECORDING[state]
        )

    async def relay(self) -> None:
        """A relay that lives."""
        await self.owner.execute("select media_heartbeat(gen_random_uuid(), 'http://127.0.0.1:1')")

    async def incident(self, title: str = "Man on the bridge", **fields: Any) -> int:
        """An open incident, restricted or an exercise if so named."""
        incident_id = await self.owner.fetchval(
            "insert into incident (title, lat, lon, grade, restricted, exercise)"
            " values ($1, 57, 2, 'immediate', $2, $3) returning id",
            title, fields.get("restricted", False), fields.get("exercise", False),
        )  # fmt: skip
        return int(incident_id)

    async def assign(self, person: Person, incident_id: int, capacity: str = "named") -> None:
        await self.owner.execute(
            "insert into incident_person (incident_id, user_id, capacity) values ($1, $2, $3)",
            incident_id, person.user_id, capacity,
        )  # fmt: skip

    async def at_incident(self, camera_id: int, incident_id: int) -> None:
        await self.owner.execute(
            "insert into incident_camera (incident_id, camera_id) values ($1, $2)",
            incident_id,
            camera_id,
        )

    async def negotiator(
        self, name: str, capacity: str = "negotiator", user: Person | None = None
    ) -> int:
        """A negotiator who is on call now."""
        officer = await self.owner.fetchval(
            "insert into officer (shoulder_number, name) values ($1, $1) returning id", name
        )
        negotiator_id = await self.owner.fetchval(
            "insert into negotiator (officer_id, user_id, capacity, training_until)"
            " values ($1, $2, $3, current_date + 90) returning id",
            officer, user.user_id if user else None, capacity,
        )  # fmt: skip
        await self.owner.execute(
            "insert into rota_shift (negotiator_id, during)"
            " values ($1, tstzrange(now() - interval '1 hour', now() + interval '8 hours'))",
            negotiator_id,
        )
        return int(negotiator_id)

    @asynccontextmanager
    async def acting(self, person: Person) -> AsyncIterator[asyncpg.Connection]:
        """A transaction of the dashboard in which this person acts."""
        async with self.pool.acquire() as connection, connection.transaction():
            proved = await connection.fetchrow(
                "select * from begin_act($1, '127.0.0.1')", token_hash(person.token)
            )
            assert proved is not None, f"{person.username} is not signed in"
            yield connection

    async def audit(self, action: str) -> list[asyncpg.Record]:
        """The audit rows of an action, oldest first."""
        rows: list[asyncpg.Record] = await self.owner.fetch(
            "select * from audit_entry where action = $1 order by id", action
        )
        return rows
