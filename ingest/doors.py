"""Who may come in: tokens of cameras and bridges, by their SHA-256, asked of the database at every connection."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import asyncpg

from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.gather import Gather
from sightline.sql import AWAY, query
from sightline.sql.accounts import token_hash


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """A camera as its token shows it."""

    camera_id: int
    ref: str
    token_hash: bytes


@dataclass(frozen=True, slots=True)
class BridgeIdentity:
    """A bridge as its token shows it."""

    bridge_id: int
    name: str
    token_hash: bytes


def token_of(authorization: str | None) -> str | None:
    """The token of an ``Authorization: Bearer TOKEN`` header; None where it is not one (RFC 6750 allows ASCII only)."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token and token.isascii() else None


def password_of(authorization: str | None) -> str | None:
    """The password of an ``Authorization: Basic`` header (RFC 7617), whoever the user is; None where it is not one."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user_and_password = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return None
    return user_and_password.partition(":")[2] or None


class Doors:
    """Looks tokens up; what comes at the same moment is asked together."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._cameras: Gather[bytes, CameraIdentity] = Gather(self._ask_cameras, shared=True)
        self._bridges: Gather[bytes, BridgeIdentity] = Gather(self._ask_bridges, shared=True)

    async def camera(self, token: str) -> CameraIdentity | None:
        """The camera of a token; None where no camera has it.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        return await self._cameras.get(token_hash(token))

    async def bridge(self, token: str) -> BridgeIdentity | None:
        """The bridge of a token; None where no bridge has it.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        return await self._bridges.get(token_hash(token))

    async def _ask_cameras(self, hashes: list[bytes]) -> dict[bytes, CameraIdentity]:
        rows = await self._fetch("gateway.cameras_by_token", hashes)
        return {
            row["token_hash"]: CameraIdentity(row["id"], row["ref"], row["token_hash"])
            for row in rows
        }

    async def _ask_bridges(self, hashes: list[bytes]) -> dict[bytes, BridgeIdentity]:
        rows = await self._fetch("gateway.bridges_by_token", hashes)
        return {
            row["token_hash"]: BridgeIdentity(row["id"], row["name"], row["token_hash"])
            for row in rows
        }

    async def _fetch(self, name: str, hashes: list[bytes]) -> list[asyncpg.Record]:
        try:
            rows: list[asyncpg.Record] = await self._pool.fetch(query(name), hashes)
        except AWAY as error:
            raise DatabaseAwayError(f"{name}: {error!r}") from error
        return rows


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera as a bridge names it."""

    camera_id: int
    disabled: bool


class Register:
    """Which cameras there are, for bridges; what comes at the same moment is asked together."""

    def __init__(self, pool: asyncpg.Pool, *, adds: bool) -> None:
        """`adds`: cameras that are not there are registered."""
        self._pool = pool
        self._adds = adds
        self._cameras: Gather[str, KnownCamera] = Gather(self._ask, shared=True)

    async def camera(self, ref: str) -> KnownCamera | None:
        """The camera of this id; None where there is none.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        return await self._cameras.get(ref)

    async def _ask(self, refs: list[str]) -> dict[str, KnownCamera]:
        try:
            if self._adds:
                await self._pool.execute(query("gateway.register_cameras"), refs)
            rows = await self._pool.fetch(query("gateway.cameras_by_ref"), refs)
        except AWAY as error:
            raise DatabaseAwayError(f"cameras of a bridge: {error!r}") from error
        return {row["ref"]: KnownCamera(row["id"], row["disabled"]) for row in rows}
