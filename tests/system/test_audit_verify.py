"""`audit verify`, as an operator runs it, against a running demo."""

from __future__ import annotations

import asyncio
import re
import time

import asyncpg

from tests.system.conftest import Demo


async def _behind_its_back(url: str, statement: str, *arguments: object) -> object:
    superuser = await asyncpg.connect(url)
    try:
        await superuser.execute("set session_replication_role = replica")
        return await superuser.fetchval(statement, *arguments)
    finally:
        await superuser.close()


def _sealed_row(demo: Demo) -> int:
    demo.sign_in("fim")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        row = asyncio.run(
            _behind_its_back(demo.urls()["superuser"],
                "select entry_id from sightline.audit_seal s join sightline.audit_entry e on e.id = entry_id"
                " where action like 'session.%' order by position desc limit 1"))  # fmt: skip
        if row is not None:
            return int(str(row))
        time.sleep(0.2)
    raise AssertionError("the keeper sealed nothing within 10 s")


def test_the_chain_holds_and_fails_at_the_row_that_was_altered(demo: Demo) -> None:
    row = _sealed_row(demo)
    holds = demo.command("audit", "verify")
    assert holds.returncode == 0, holds.stdout + holds.stderr
    url = demo.urls()["superuser"]
    before = asyncio.run(
        _behind_its_back(url, "select actor from sightline.audit_entry where id = $1", row)
    )
    change = "update sightline.audit_entry set actor = $2 where id = $1 returning id"
    asyncio.run(_behind_its_back(url, change, row, "somebody.else"))
    try:
        broken = demo.command("audit", "verify")
        assert broken.returncode == 1
        assert re.search(rf"\b{row}\b", broken.stdout + broken.stderr)
    finally:
        asyncio.run(_behind_its_back(url, change, row, before))
    assert demo.command("audit", "verify").returncode == 0
