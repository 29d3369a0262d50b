"""`user`, `camera`, `bridge` and `post`: what makes something prints it as one JSON object."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import asyncpg

from sightline.dashboard.cli.console import database_errors, load, print_json, print_table
from sightline.sql import accounts, connect, posts
from sightline.sql.errors import AccountError

T = TypeVar("T")
Enable = Callable[[asyncpg.Connection, str], Awaitable[None]]


def with_connection(options: Namespace, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Do `work` on a connection of the owner.

    Raises:
        DatabaseError: it does not answer, has no schema yet, or what is asked is not possible.
    """
    settings = load(options)

    async def connected() -> T:
        with database_errors(settings):
            connection = await connect(settings, "owner")
            try:
                return await work(connection)
            finally:
                await connection.close()

    return asyncio.run(connected())


def _enabled(options: Namespace, key: str, name: str, work: Enable) -> int:
    with_connection(options, lambda connection: work(connection, name))
    print_json({key: name, "disabled": False})
    return 0


def _list(
    options: Namespace,
    columns: Sequence[str],
    work: Callable[[asyncpg.Connection], Awaitable[Sequence[asyncpg.Record]]],
) -> int:
    print_table(columns, with_connection(options, work))
    return 0


def user_add(options: Namespace) -> int:
    """Make a user."""
    made = with_connection(
        options,
        lambda connection: accounts.add_user(
            connection,
            options.name,
            options.role,
            display_name=options.display_name,
            shoulder_number=options.officer,
        ),
    )
    print_json(asdict(made))
    return 0


def user_list(options: Namespace) -> int:
    """All users."""
    return _list(options, ("username", "name", "role", "disabled"), accounts.list_users)


def user_disable(options: Namespace) -> int:
    """End a user's access."""
    with_connection(options, lambda connection: accounts.disable_user(connection, options.name))
    print_json({"username": options.name, "disabled": True})
    return 0


def user_enable(options: Namespace) -> int:
    """Give a user access again."""
    return _enabled(options, "username", options.name, accounts.enable_user)


def user_token(options: Namespace) -> int:
    """Give a program a bearer token that works as a user."""
    from sightline.dashboard.access.sign_in import machine_token
    from sightline.dashboard.errors import NotFoundError

    try:
        made = with_connection(options, lambda connection: machine_token(connection, options.name))
    except NotFoundError:
        raise AccountError(f"there is no user {options.name!r} that may sign in.") from None
    print_json({"username": options.name, "token": made.token, "expires": made.expires.isoformat()})
    return 0


def camera_add(options: Namespace) -> int:
    """Register a camera."""
    made = with_connection(
        options,
        lambda connection: accounts.add_camera(
            connection, options.camera, shoulder_number=options.officer
        ),
    )
    print_json(asdict(made))
    return 0


def camera_list(options: Namespace) -> int:
    """All cameras."""
    columns = ("camera", "kind", "shoulder", "officer", "disabled")
    return _list(options, columns, accounts.list_cameras)


def camera_doubted(options: Namespace) -> int:
    """What of a camera could not be believed, and why."""
    rows = with_connection(
        options,
        lambda connection: accounts.doubted_fixes(connection, options.camera, options.most),
    )
    if options.raw:
        for row in rows:
            sys.stdout.write(row["raw"] + "\n")
    elif rows:
        columns = ("received", "device's time", "reason", "why", "lat", "lon")
        print_table(columns, [tuple(row)[: len(columns)] for row in rows])
    else:
        sys.stdout.write(f"Nothing of {options.camera} is in quarantine.\n")
    return 0


def camera_disable(options: Namespace) -> int:
    """Cut a camera off."""
    with_connection(options, lambda connection: accounts.disable_camera(connection, options.camera))
    print_json({"camera": options.camera, "disabled": True})
    return 0


def camera_enable(options: Namespace) -> int:
    """Let a camera connect again."""
    return _enabled(options, "camera", options.camera, accounts.enable_camera)


def camera_token(options: Namespace) -> int:
    """Give a camera a new token."""

    async def work(connection: asyncpg.Connection) -> accounts.NewCamera:
        await accounts.check_camera_enabled(connection, options.camera)
        return await accounts.camera_token(connection, options.camera)

    print_json(asdict(with_connection(options, work)))
    return 0


def bridge_add(options: Namespace) -> int:
    """Register a bridge."""
    made = with_connection(
        options, lambda connection: accounts.add_bridge(connection, options.name)
    )
    print_json(asdict(made))
    return 0


def bridge_list(options: Namespace) -> int:
    """All bridges."""
    return _list(options, ("bridge", "disabled"), accounts.list_bridges)


def bridge_disable(options: Namespace) -> int:
    """Cut a bridge off."""
    with_connection(options, lambda connection: accounts.disable_bridge(connection, options.name))
    print_json({"bridge": options.name, "disabled": True})
    return 0


def bridge_enable(options: Namespace) -> int:
    """Let a bridge connect again."""
    return _enabled(options, "bridge", options.name, accounts.enable_bridge)


def bridge_token(options: Namespace) -> int:
    """Give a bridge a new token."""

    async def work(connection: asyncpg.Connection) -> accounts.NewBridge:
        await accounts.check_bridge_enabled(connection, options.name)
        return await accounts.bridge_token(connection, options.name)

    print_json(asdict(with_connection(options, work)))
    return 0


def post_add(options: Namespace) -> int:
    """Make a post."""
    made = with_connection(
        options,
        lambda connection: posts.add_post(
            connection, options.code, options.role, name=options.name, turn=options.turn
        ),
    )
    print_json(asdict(made))
    return 0


def post_list(options: Namespace) -> int:
    """All posts."""
    return _list(options, ("post", "name", "role", "turn", "held by"), posts.list_posts)
