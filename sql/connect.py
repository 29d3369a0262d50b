"""Connections and pools, each as one of the database roles.

With the private cluster every role signs in with a password of its own (``DATA_DIR/database.json``, readable by the
owner of the directory only). With ``SIGHTLINE_DATABASE_URL`` the URL's user signs in and works as the role.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, Literal

import asyncpg

from sightline.sql.errors import ClusterError
from sightline.sql.settings import DatabaseSettings

AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Whatever can come of a question while the database is away, or goes.

The third is not our mistake there: when a connection is closed in the middle of a COPY the driver may learn of it only
with the next statement, and says then that another one were in progress.
"""

Role = Literal["owner", "gateway", "media", "dashboard", "audit", "keeper"]

ROLES: tuple[Role, ...] = ("owner", "gateway", "media", "dashboard", "audit", "keeper")
"""Every role a part of the product connects as; the database's names carry the prefix ``sightline_``."""


def database_url(settings: DatabaseSettings, role: Role) -> tuple[str, str | None]:
    """Where to connect, and the role to work as once connected (None: the URL's own user).

    Raises:
        ClusterError: no URL is set and the data directory has no cluster.
    """
    if settings.database_url:
        return settings.database_url, None if role == "owner" else f"sightline_{role}"
    file = settings.data_dir / "database.json"
    try:
        urls = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ClusterError(
            f"There is no database: SIGHTLINE_DATABASE_URL is not set and {settings.data_dir} holds no cluster"
            " (./sightline up or ./sightline demo makes one)."
        ) from None
    except OSError as error:
        raise ClusterError(
            f"{file} cannot be read ({error.strerror}): run this as the user to whom the data directory belongs."
        ) from error
    except ValueError as error:
        raise ClusterError(f"{file} is damaged: put it back from a backup.") from error
    url: str = urls[role]
    return url, None


def _server_settings(
    settings: DatabaseSettings,
    role: Role,
    work_as: str | None,
    statement_timeout_s: float = math.inf,
    idle_transaction_s: float = math.inf,
) -> dict[str, str]:
    statement_s = min(statement_timeout_s, settings.database_statement_timeout_s)
    idle_s = min(idle_transaction_s, settings.database_idle_transaction_timeout_s)
    wanted = {
        "application_name": f"sightline-{role}",
        "search_path": "sightline,public",
        "timezone": "UTC",
        "jit": "off",  # of queries over many partitions, compiling takes seconds and the rest milliseconds
        "statement_timeout": str(int(statement_s * 1000)),
        "idle_in_transaction_session_timeout": str(int(idle_s * 1000)),
    }
    if role == "owner":  # migrations, seeding and exports take the time they take
        wanted["statement_timeout"] = wanted["idle_in_transaction_session_timeout"] = "0"
    if work_as:
        wanted["role"] = work_as
    return wanted


async def connect(
    settings: DatabaseSettings,
    role: Role,
    *,
    timeout: float = 10.0,
    command_timeout: float | None = None,
    statement_timeout_s: float = math.inf,
    idle_transaction_s: float = math.inf,
) -> asyncpg.Connection:
    """One connection as `role`, outside any pool: for LISTEN, migrations and commands.

    Args:
        settings: the database group.
        role: the role it works as.
        timeout: seconds within which it must be there.
        command_timeout: seconds after which the client gives up on one call, whatever the server does.
        statement_timeout_s: seconds after which the server gives up on a statement, where the settings say more.
        idle_transaction_s: likewise on a transaction in which nothing happens.
    """
    url, work_as = database_url(settings, role)
    return await asyncpg.connect(
        url,
        timeout=timeout,
        command_timeout=command_timeout,
        server_settings=_server_settings(
            settings, role, work_as, statement_timeout_s, idle_transaction_s
        ),
    )


async def open_pool(
    settings: DatabaseSettings,
    role: Role,
    *,
    size: int | None = None,
    command_timeout: float | None = None,
) -> asyncpg.Pool:
    """A pool of connections as `role`.

    Args:
        settings: the database group.
        role: the role every connection works as.
        size: most connections; default is the setting.
        command_timeout: seconds after which the client gives up on one call, whatever the server does.
    """

    async def connected(*_: object, **options: Any) -> asyncpg.Connection:
        # Asked anew each time: a private cluster that had to move to another port is found again.
        url, work_as = database_url(settings, role)
        return await asyncpg.connect(
            url, **options, server_settings=_server_settings(settings, role, work_as)
        )

    pool = await asyncpg.create_pool(
        min_size=1,
        max_size=size or settings.database_pool_size,
        command_timeout=command_timeout,
        connect=connected,
    )
    assert pool is not None
    return pool
