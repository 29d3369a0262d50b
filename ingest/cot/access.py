"""Who comes to the Cursor-on-Target port, and whether they may report, or be shown the officers.

* A camera's or a bridge's token reports; it shows nothing.
* A machine's token, or a client certificate whose common name is the name of an account, is shown what that account may
  see, if the role sees all officers on the map.
* In a demonstration, whoever is on this machine is shown the invented officers without either.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from sightline.ingest.doors import BridgeIdentity, CameraIdentity, Doors
from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.settings import is_loopback
from sightline.sql import AWAY, query

REFUSALS = {
    "role_not_permitted": "the account's role does not see all officers on the map",
    "not_on_call": "the account is not on call now",
    "off": "showing officers to TAK programs is switched off",
}
"""Code of a refusal → why."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom positions are disclosed.

    Attributes:
        name: account, or ``demo``.
        by: how it was proved: ``token``, ``certificate`` or ``demo``.
        user_id: number of the account, None for a demonstration's.
        session_id: of the token, None for others.
        refusal: None, or the code of why nothing is disclosed.
    """

    name: str
    by: str
    user_id: int | None = None
    session_id: UUID | None = None
    refusal: str | None = None


Identity = CameraIdentity | BridgeIdentity | Recipient


class Access:
    """Asks the database."""

    def __init__(self, pool: asyncpg.Pool, doors: Doors, *, out: bool, demo: bool) -> None:
        """Args:
        pool: of the gateway.
        doors: knows the tokens of cameras and bridges.
        out: whether officers are shown at all.
        demo: whether the settings say that this is a demonstration; the database must say so, too.
        """
        self._pool = pool
        self._doors = doors
        self._out = out
        self._demo = demo

    async def by_token(self, token: str) -> Identity | None:
        """Whose token it is; None: nobody's.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        found = await self._doors.camera(token) or await self._doors.bridge(token)
        if found is not None:
            return found
        return await self._recipient("token", hashlib.sha256(token.encode()).digest(), None)

    async def by_certificate(self, name: str) -> Recipient | None:
        """The account that a client certificate names; None: there is none.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        return await self._recipient("certificate", None, name)

    async def by_place(self, address: str) -> Recipient | None:
        """Who needs no proof: anybody on this machine, in a demonstration.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        if not (self._demo and self._out and is_loopback(address)):
            return None
        row = await self._fetchrow("cot.force")
        return Recipient("demo", "demo") if row is not None and row["demo"] else None

    async def _recipient(self, by: str, hashed: bytes | None, name: str | None) -> Recipient | None:
        row = await self._fetchrow("cot.recipient", hashed, name)
        if row is None:
            return None
        refusal = row["refusal"] if self._out else "off"
        return Recipient(row["username"], by, row["user_id"], row["session_id"], refusal)

    async def _fetchrow(self, name: str, *values: object) -> asyncpg.Record | None:
        try:
            return await self._pool.fetchrow(query(name), *values)
        except AWAY as error:
            raise DatabaseAwayError(f"{name}: {error!r}") from error
