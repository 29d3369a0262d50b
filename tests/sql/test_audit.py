"""The audit: sealed, verified, and any change behind its back found at the right row."""

from __future__ import annotations

import asyncpg
import pytest

from sightline.sql import audit
from tests.conftest import Database


async def _append(database: Database, count: int) -> None:
    owner = await database.connect()
    for number in range(count):
        await owner.fetchval(
            "select audit_append('access', 'session.sign_in', 'user', $1, p_actor => 'fim')",
            f"u{number}",
        )


async def _seal(database: Database) -> int:
    connection = await database.connect("audit")
    return await audit.seal(connection, audit.signing_key(database.data_dir))


async def _behind_its_back(database: Database, statement: str) -> None:
    superuser = await database.superuser()
    await superuser.execute("set session_replication_role = replica")  # no trigger, no foreign key
    await superuser.execute(statement)


async def test_sealed_rows_hold(database: Database) -> None:
    await _append(database, 12)
    assert await _seal(database) == 12
    await _append(database, 3)
    report = await audit.verify(database.settings)
    assert report.holds
    assert (report.rows, report.unsealed, report.anchored_position) == (12, 3, 12)


async def test_an_altered_row_is_named(database: Database) -> None:
    await _append(database, 10)
    await _seal(database)
    await _behind_its_back(database, "update audit_entry set actor = 'nobody' where id = 7")
    report = await audit.verify(database.settings)
    assert not report.holds
    assert report.bad_entry == 7
    assert report.rows == 6


async def test_every_column_is_under_the_seal(database: Database) -> None:
    superuser = await database.superuser()
    await superuser.execute("set session_replication_role = replica")
    columns = await superuser.fetch(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'sightline' and table_name = 'audit_entry' and column_name <> 'id'"
    )
    changes = {
        "timestamp with time zone": "at - interval '1 microsecond'",
        "uuid": "gen_random_uuid()",
        "bigint": "4711",
        "jsonb": """'{"x": 1}'""",
    }
    allowed = {"operation": "'erasure'", "outcome": "'refused'"}
    await _append(database, 1)
    await _seal(database)
    assert len(columns) > 12
    for column in columns:
        name = column["column_name"]
        change = allowed.get(name) or changes.get(column["data_type"], "'changed'")
        before = await superuser.fetchval(f"select {name} from audit_entry")
        await superuser.execute(f"update audit_entry set {name} = {change}")
        assert (await audit.verify(database.settings)).bad_entry == 1, name
        await superuser.execute(f"update audit_entry set {name} = $1", before)
        assert (await audit.verify(database.settings)).holds, name


async def test_a_removed_row_is_named(database: Database) -> None:
    await _append(database, 5)
    await _seal(database)
    await _behind_its_back(database, "delete from audit_entry where id = 3")
    report = await audit.verify(database.settings)
    assert (report.bad_entry, report.problem) == (3, "the row has been removed")


async def test_a_chain_cut_short_shows_against_its_signed_head(database: Database) -> None:
    await _append(database, 5)
    await _seal(database)
    await _behind_its_back(
        database,
        "delete from audit_seal where position > 3; delete from audit_entry where id > 3",
    )
    report = await audit.verify(database.settings)
    assert not report.holds
    assert report.bad_position == 4


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set actor = 'x'",
        "delete from audit_entry",
        "truncate audit_entry cascade",
    ],
)
async def test_nobody_changes_the_audit(database: Database, statement: str) -> None:
    await _append(database, 2)
    owner = await database.connect()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await owner.execute(statement)
