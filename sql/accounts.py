"""Users, cameras and bridges: making, listing, disabling, and their secrets.

Secrets are made here, shown once, and stored only as hashes: passwords by Argon2id, the tokens of machines (256 random
bits, so that a fast hash is enough) by SHA-256. Every change leaves an audit row; where a program makes it, its detail
names the account of the operating system, since the actor names only the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import secrets
from dataclasses import dataclass

import asyncpg
from argon2 import PasswordHasher

from sightline.sql.errors import AccountError
from sightline.sql.named import query

NAME_PATTERN = r"\A(?!\s)[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,100}(?<!\s)\Z"
"""Names that people read, of users and bridges: nothing in them breaks a line or turns the direction of writing."""
NAME_ALLOWED = "1 to 100 characters on one line, without spaces at its ends"

_hasher = PasswordHasher()


def new_token() -> str:
    """A token for a machine: 43 characters, 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 of a token as stored (32 bytes)."""
    return hashlib.sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    """Argon2id hash as a PHC string."""
    return _hasher.hash(password)


@dataclass(frozen=True)
class NewUser:
    """A user just made, with the password to hand over."""

    username: str
    password: str


@dataclass(frozen=True)
class NewCamera:
    """A camera just made, with the token to put on it."""

    camera: str
    token: str


@dataclass(frozen=True)
class NewBridge:
    """A bridge just made, with its token."""

    bridge: str
    token: str


def _check_name(what: str, name: str) -> None:
    if not re.match(NAME_PATTERN, name):
        raise AccountError(f"{what} {name[:64]!r}: {NAME_ALLOWED}.")


async def add_user(
    connection: asyncpg.Connection,
    username: str,
    role: str,
    *,
    display_name: str | None = None,
    password: str | None = None,
    shoulder_number: str | None = None,
    actor: str = "system:cli",
) -> NewUser:
    """Make a user.

    Raises:
        AccountError: a name is taken or not allowed, the role or officer is unknown, the password too short.
    """
    roles = [row["code"] for row in await connection.fetch(query("accounts.roles"))]
    if role not in roles:
        raise AccountError(f"role {role!r} is not one of {', '.join(roles)}.")
    if display_name:
        _check_name("display name", display_name)
    if password is not None and len(password) < 12:
        raise AccountError("password: at least 12 characters are needed.")
    chosen = password or secrets.token_urlsafe(15)
    async with connection.transaction():
        officer_id = await _officer(connection, shoulder_number)
        try:
            await connection.execute(
                query("accounts.add_user"),
                username, display_name or username, role, hash_password(chosen), officer_id,
            )  # fmt: skip
        except asyncpg.UniqueViolationError:
            raise AccountError(f"user {username!r} exists already.") from None
        except asyncpg.CheckViolationError:
            raise AccountError(
                f"user name {username!r}: 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit."
            ) from None
        await audit(connection, "user.add", "user", username, actor)
    return NewUser(username, chosen)


async def set_password(
    connection: asyncpg.Connection, username: str, *, actor: str = "system:cli"
) -> NewUser:
    """Give a user a new random password; ends the user's sessions."""
    chosen = secrets.token_urlsafe(15)
    async with connection.transaction():
        if not await connection.fetchval(
            query("accounts.set_password"), username, hash_password(chosen)
        ):
            raise AccountError(f"there is no user {username!r}.")
        await audit(connection, "user.password", "user", username, actor)
    return NewUser(username, chosen)


async def token_made(
    connection: asyncpg.Connection, username: str, *, actor: str = "system:cli"
) -> None:
    """Put into the audit that a program got a bearer token to act as this user."""
    await audit(connection, "user.token", "user", username, actor)


async def disable_user(
    connection: asyncpg.Connection, username: str, *, actor: str = "system:cli"
) -> None:
    """Disable a user; ends the user's sessions and streams at once."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.disable_user"), username):
            raise AccountError(f"there is no user {username!r} that is not disabled already.")
        await audit(connection, "user.disable", "user", username, actor)


async def add_camera(
    connection: asyncpg.Connection,
    camera: str,
    *,
    shoulder_number: str | None = None,
    kind: str = "body_worn",
    actor: str = "system:cli",
) -> NewCamera:
    """Register a camera and make its token.

    Args:
        connection: of the owner or of the dashboard.
        camera: its id, 1–64 of ``A–Z a–z 0–9 . _ : -``.
        shoulder_number: of the officer who wears it.
        kind: body_worn, or tracker (never streamable).
        actor: for the audit.

    Raises:
        AccountError: the id is taken or not allowed, or the officer is unknown.
    """
    token = new_token()
    async with connection.transaction():
        officer_id = await _officer(connection, shoulder_number)
        try:
            await connection.execute(
                query("accounts.add_camera"), camera, officer_id, token_hash(token), kind
            )
        except asyncpg.UniqueViolationError:
            raise AccountError(f"camera {camera!r} exists already.") from None
        except asyncpg.CheckViolationError:
            raise AccountError(f"camera {camera!r}: 1 to 64 of A-Z a-z 0-9 . _ : -") from None
        await audit(connection, "camera.add", "camera", camera, actor)
    return NewCamera(camera, token)


async def camera_token(
    connection: asyncpg.Connection, camera: str, *, actor: str = "system:cli"
) -> NewCamera:
    """Give a camera a new token; the old one stops working at once."""
    token = new_token()
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.camera_token"), camera, token_hash(token)):
            raise AccountError(f"there is no camera {camera!r}.")
        await audit(connection, "camera.token", "camera", camera, actor)
    return NewCamera(camera, token)


async def disable_camera(
    connection: asyncpg.Connection, camera: str, *, actor: str = "system:cli"
) -> None:
    """Disable a camera: it is cut off at once, and its streams end."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.disable_camera"), camera):
            raise AccountError(f"there is no camera {camera!r} that is not disabled already.")
        await audit(connection, "camera.disable", "camera", camera, actor)


async def add_bridge(
    connection: asyncpg.Connection, name: str, *, actor: str = "system:cli"
) -> NewBridge:
    """Register a bridge (a vendor's cloud, another site) and make its token.

    Raises:
        AccountError: the name is taken or not allowed.
    """
    _check_name("bridge", name)
    token = new_token()
    async with connection.transaction():
        try:
            await connection.execute(query("accounts.add_bridge"), name, token_hash(token))
        except asyncpg.UniqueViolationError:
            raise AccountError(f"bridge {name!r} exists already.") from None
        await audit(connection, "bridge.add", "bridge", name, actor)
    return NewBridge(name, token)


async def bridge_token(
    connection: asyncpg.Connection, name: str, *, actor: str = "system:cli"
) -> NewBridge:
    """Give a bridge a new token; the old one stops working at once."""
    token = new_token()
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.bridge_token"), name, token_hash(token)):
            raise AccountError(f"there is no bridge {name!r}.")
        await audit(connection, "bridge.token", "bridge", name, actor)
    return NewBridge(name, token)


async def disable_bridge(
    connection: asyncpg.Connection, name: str, *, actor: str = "system:cli"
) -> None:
    """Disable a bridge: it is cut off at once."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.disable_bridge"), name):
            raise AccountError(f"there is no bridge {name!r} that is not disabled already.")
        await audit(connection, "bridge.disable", "bridge", name, actor)


async def enable_user(
    connection: asyncpg.Connection, username: str, *, actor: str = "system:cli"
) -> None:
    """Give a disabled user access again, with the password of before."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.enable_user"), username):
            raise AccountError(f"there is no user {username!r} that is disabled.")
        await audit(connection, "user.enable", "user", username, actor)


async def enable_camera(
    connection: asyncpg.Connection, camera: str, *, actor: str = "system:cli"
) -> None:
    """Let a disabled camera connect again, with the token of before."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.enable_camera"), camera):
            raise AccountError(f"there is no camera {camera!r} that is disabled.")
        await audit(connection, "camera.enable", "camera", camera, actor)


async def enable_bridge(
    connection: asyncpg.Connection, name: str, *, actor: str = "system:cli"
) -> None:
    """Let a disabled bridge connect again, with the token of before."""
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.enable_bridge"), name):
            raise AccountError(f"there is no bridge {name!r} that is disabled.")
        await audit(connection, "bridge.enable", "bridge", name, actor)


async def check_camera_enabled(connection: asyncpg.Connection, camera: str) -> None:
    """Raise AccountError if a camera is disabled: a token of it would open nothing."""
    if await connection.fetchval(query("accounts.camera_is_disabled"), camera):
        raise AccountError(
            f"camera {camera!r} is disabled, and no token of it opens anything:"
            f" 'sightline camera enable {camera}' first."
        )


async def check_bridge_enabled(connection: asyncpg.Connection, name: str) -> None:
    """Raise AccountError if a bridge is disabled: a token of it would open nothing."""
    if await connection.fetchval(query("accounts.bridge_is_disabled"), name):
        raise AccountError(
            f"bridge {name!r} is disabled, and no token of it opens anything:"
            f" 'sightline bridge enable {name}' first."
        )


async def list_users(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """username, display_name, role, disabled_time of all users."""
    found: list[asyncpg.Record] = await connection.fetch(query("accounts.list_users"))
    return found


async def list_cameras(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """camera, kind, shoulder_number, officer, disabled_time of all cameras."""
    found: list[asyncpg.Record] = await connection.fetch(query("accounts.list_cameras"))
    return found


async def doubted_fixes(
    connection: asyncpg.Connection, camera: str, most: int, *, actor: str = "system:cli"
) -> list[asyncpg.Record]:
    """received_time, fix_time, reason, detail, lat, lon (WGS 84) and raw of a camera's newest fixes in quarantine.

    They are positions of an officer: looking at them is audited.

    Raises:
        AccountError: there is no such camera.
    """
    async with connection.transaction():
        if not await connection.fetchval(query("accounts.camera_exists"), camera):
            raise AccountError(f"there is no camera {camera!r}.")
        detail = json.dumps(operator() if actor.startswith("system:") else {})
        await connection.fetchval(
            query("accounts.audit_look"), "camera.doubted", camera, actor, detail
        )
        found: list[asyncpg.Record] = await connection.fetch(
            query("accounts.camera_doubted"), camera, most
        )
    return found


async def list_bridges(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """bridge, disabled_time of all bridges."""
    found: list[asyncpg.Record] = await connection.fetch(query("accounts.list_bridges"))
    return found


async def _officer(connection: asyncpg.Connection, shoulder_number: str | None) -> int | None:
    if shoulder_number is None:
        return None
    officer_id: int | None = await connection.fetchval(query("accounts.officer"), shoulder_number)
    if officer_id is None:
        raise AccountError(f"there is no officer with shoulder number {shoulder_number!r}.")
    return officer_id


async def audit(
    connection: asyncpg.Connection, action: str, object_type: str, object_id: str, actor: str
) -> None:
    """Append an audit row; of a program at the command line also who runs it."""
    detail = json.dumps(operator() if actor.startswith("system:") else {})
    await connection.fetchval(
        query("accounts.audit"), action, object_type, object_id, actor, detail
    )


def operator() -> dict[str, str]:
    """Who runs this program: the account of the operating system, and who became it with sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account of a container may have no name
        name = str(os.getuid())
    sudo_user = os.environ.get("SUDO_USER")
    return {"os_user": name} | ({"sudo_user": sudo_user[:64]} if sudo_user else {})
