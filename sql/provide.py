"""What only a superuser may make in a private cluster: the database, its extensions, the login roles."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from sightline.sql.connect import ROLES
from sightline.sql.named import query


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def provide(superuser_url: str, passwords: Mapping[str, str], database: str) -> None:
    """Make login roles with these passwords, the database and its extensions; safe to run again.

    Args:
        superuser_url: URL of the superuser; its database part is ignored.
        passwords: role (without prefix) → password.
        database: name of the database, owned by ``sightline_owner``.
    """
    base = superuser_url.rsplit("/", 1)[0]
    connection = await asyncpg.connect(f"{base}/postgres")
    try:
        await connection.execute(query("cluster.create_login"))
        for role in ROLES:
            await connection.execute(
                query("cluster.ensure_login"), f"sightline_{role}", passwords[role]
            )
        await connection.execute(query("cluster.grant_roles_to_owner"))
        if not await connection.fetchval(query("cluster.database_exists"), database):
            await connection.execute(
                query("cluster.create_database").replace("$NAME", _identifier(database))
            )
    finally:
        await connection.close()
    connection = await asyncpg.connect(f"{base}/{database}")
    try:
        await connection.execute(query("cluster.extensions"))
    finally:
        await connection.close()
