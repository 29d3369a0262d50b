"""Migrations: each once, in order, and never changed afterwards."""

from __future__ import annotations

import dataclasses

import asyncpg
import pytest

from sightline.sql import migrate
from sightline.sql.errors import MigrationError
from tests.conftest import Database


async def test_a_second_run_changes_nothing(database: Database) -> None:
    assert await migrate.migrate(database.settings) == []


async def test_a_migration_that_changed_after_it_was_applied_stops(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.migrations()
    known[0] = dataclasses.replace(known[0], text=known[0].text + "\n-- changed")
    monkeypatch.setattr(migrate, "migrations", lambda: known)
    with pytest.raises(MigrationError, match=r"0001_foundation\.sql has changed"):
        await migrate.migrate(database.settings)


async def test_a_database_that_is_newer_than_the_program_stops(database: Database) -> None:
    owner = await database.connect()
    await owner.execute("insert into schema_migration values (9999, '9999_future.sql', 'x')")
    with pytest.raises(MigrationError, match="9999, which this program does not know"):
        await migrate.migrate(database.settings)


async def test_a_failing_migration_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.migrations()
    number = len(known) + 1
    broken = migrate.Migration(
        number, f"{number:04d}_broken.sql", "create table half (x int); select 1 / 0"
    )
    monkeypatch.setattr(migrate, "migrations", lambda: [*known, broken])
    with pytest.raises(MigrationError, match=r"broken\.sql: division by zero"):
        await migrate.migrate(database.settings)
    owner = await database.connect()
    assert await owner.fetchval("select to_regclass('half')") is None


async def test_there_are_partitions_for_the_retention_and_the_next_days(database: Database) -> None:
    owner = await database.connect()
    first, last = await owner.fetchrow(  # type: ignore[misc]
        "select min(day) - today, max(day) - today from fix_partition,"
        " (select min(applied_time)::date as today from schema_migration) made group by today"
    )
    assert first <= -31
    assert last >= 2


async def test_a_partition_past_its_retention_is_dropped_and_leaves_an_audit_row(
    database: Database,
) -> None:
    owner = await database.connect()
    await owner.execute("select fix_partitions_drop()")  # the day may have changed meanwhile
    before = await owner.fetchval("select count(*) from audit_entry where operation = 'erasure'")
    for parent in ("fix_recording", "fix_other"):
        await owner.execute(
            f"create table {parent}_20200101 partition of {parent}"
            " for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')"
        )
    dropped = [row[0] for row in await owner.fetch("select fix_partitions_drop()")]
    assert sorted(dropped) == ["fix_other_20200101", "fix_recording_20200101"]
    assert await owner.fetchval(
        "select count(*) from audit_entry where operation = 'erasure'"
    ) == before + len(dropped)
    days = await owner.fetchval(
        "select current_date - min(day) from fix_partition where retention_class = 'r'"
    )
    assert days >= 31


async def test_functions_are_for_nobody_unless_granted(database: Database) -> None:
    owner = await database.connect()
    open_to_all = await owner.fetch(
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace, aclexplode(p.proacl) a"
        " where n.nspname = 'sightline' and a.grantee = 0"
        " union all select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'sightline' and p.proacl is null"
    )
    assert [row["proname"] for row in open_to_all] == []


async def test_the_gateway_cannot_read_what_is_not_its_business(database: Database) -> None:
    gateway = await database.connect("gateway")
    for table in ("app_user", "session", "incident", "audit_entry", "stream_session"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await gateway.fetch(f"select * from {table}")
