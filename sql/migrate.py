"""Bringing the schema up to date: the numbered files of ``sql/migrations``, each once, in order, in one transaction."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

import asyncpg

from sightline.sql.connect import connect
from sightline.sql.errors import MigrationError
from sightline.sql.named import query
from sightline.sql.settings import DatabaseSettings

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


@dataclass(frozen=True)
class Migration:
    """One file of ``sql/migrations``."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: a migration that has been applied must not change."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations in order.

    Raises:
        MigrationError: a file's name is not NNNN_words.sql, or a number is missing or stands twice.
    """
    found = []
    for file in (resources.files(__package__) / "migrations").iterdir():
        match = _NAME.match(file.name)
        if not match:
            raise MigrationError(
                f"sql/migrations/{file.name}: the name must be like 0001_words.sql"
            )
        found.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationError("sql/migrations: the numbers must run 0001, 0002, … without a gap")
    return found


async def migrate(settings: DatabaseSettings) -> list[str]:
    """Apply what is missing. Returns the names of what was applied.

    Raises:
        MigrationError: the database is newer than this program, an applied migration has changed, one fails, or
            the user lacks a right.
    """
    connection = await connect(settings, "owner")
    try:
        return await migrate_connection(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            f"The schema cannot be brought up to date: {error.args[0]}. The user must own the database and have CREATEROLE,"
            " and a superuser must have made the extensions postgis and btree_gist in it."
        ) from error
    finally:
        await connection.close()


async def migrate_connection(connection: asyncpg.Connection) -> list[str]:
    """The same on an open connection of the owner."""
    await connection.execute(
        (resources.files(__package__) / "roles.sql").read_text(encoding="utf-8")
    )
    await connection.execute(query("migrate.table"))
    await connection.execute(query("migrate.lock"))
    try:
        applied = dict(await connection.fetch(query("migrate.applied")))
        known = migrations()
        unknown = sorted(set(applied) - {m.number for m in known})
        if unknown:
            raise MigrationError(
                f"The database has migration {unknown[-1]:04d}, which this program does not know: it is newer."
            )
        done = []
        for migration in known:
            if migration.number in applied:
                if applied[migration.number] != migration.checksum:
                    raise MigrationError(f"{migration.name} has changed since it was applied.")
                continue
            try:
                async with connection.transaction():
                    await connection.execute(migration.text)
                    await connection.execute(
                        query("migrate.record"),
                        migration.number, migration.name, migration.checksum,
                    )  # fmt: skip
            except asyncpg.InsufficientPrivilegeError:
                raise
            except asyncpg.PostgresError as error:
                raise MigrationError(f"{migration.name}: {error}") from error
            done.append(migration.name)
        await connection.fetchval(query("migrate.partitions"))
        return done
    finally:
        await connection.execute(query("migrate.unlock"))
