"""`audit verify`, as an operator runs it, against a running demo."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.system.conftest import Demo

SEALED_WITHIN_S = 30
"""The keeper's rounds are 10 s apart: two of them, and what the sealing itself takes on a busy machine."""


async def _behind_its_back(url: str, statement: str, *arguments: object) -> object:
    superuser = await asyncpg.connect(url)
    try:
        await superuser.execute("set session_replication_role = replica")
        return await superuser.fetchval(statement, *arguments)
    finally:
        await superuser.close()


def _sealed_row(demo: Demo) -> int:
    demo.sign_in("fim")
    deadline = time.monotonic() + SEALED_WITHIN_S
    while time.monotonic() < deadline:
        row = asyncio.run(
            _behind_its_back(demo.urls()["superuser"],
                "select entry_id from sightline.audit_seal s join sightline.audit_entry e on e.id = entry_id"
                " where action like 'session.%' order by position desc limit 1"))  # fmt: skip
        if row is not None:
            return int(str(row))
        time.sleep(0.2)
    raise AssertionError(f"the keeper sealed nothing within {SEALED_WITHIN_S} s")


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


def test_the_head_can_be_kept_elsewhere_and_the_chain_held_against_it(
    demo: Demo, tmp_path: Path
) -> None:
    _sealed_row(demo)
    head = demo.made("audit", "head")
    kept = tmp_path / "head.json"
    kept.write_text(json.dumps(head))
    _sealed_row(demo)
    holds = demo.command("audit", "verify", "--head", str(kept))
    assert holds.returncode == 0, holds.stdout + holds.stderr
    assert re.search(r"Head in the database: position \d+, hash [0-9a-f]{64}", holds.stdout)
    assert "not checked" not in holds.stdout
    kept.write_text(json.dumps(head | {"hash": "00" * 32}))
    assert demo.command("audit", "verify", "--head", str(kept)).returncode == 1


def test_the_keeper_keeps_the_newest_head_and_its_key_outside_the_database(demo: Demo) -> None:
    _sealed_row(demo)
    head = json.loads((demo.data_dir / "audit-head.json").read_text())
    keys = json.loads((demo.data_dir / "audit-public-keys.json").read_text())["keys"]
    assert head["key"] in [key["key"] for key in keys]


def test_without_the_machines_key_it_says_what_was_not_checked(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "database.json").write_text((demo.data_dir / "database.json").read_text())
    bare = demo.command("audit", "verify", "--data-dir", str(tmp_path))
    assert bare.returncode == 0
    assert "The signatures were not checked" in bare.stdout
    keys = str(demo.data_dir / "audit-public-keys.json")
    checked = demo.command("audit", "verify", "--data-dir", str(tmp_path), "--key", keys)
    assert checked.returncode == 0
    assert "signatures were not checked" not in checked.stdout
    other = tmp_path / "other.pem"
    other.write_bytes(
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    strange = demo.command("audit", "verify", "--data-dir", str(tmp_path), "--key", str(other))
    assert strange.returncode == 1
    assert "not known here" in strange.stdout
