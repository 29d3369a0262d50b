"""Users, cameras and bridges."""

from __future__ import annotations

import json
import os
import pwd

import pytest
from argon2 import PasswordHasher

from sightline.sql import accounts
from sightline.sql.errors import AccountError
from tests.conftest import Database


async def test_a_users_password_is_stored_as_a_hash_only(database: Database) -> None:
    owner = await database.connect()
    made = await accounts.add_user(owner, "jane.doe", "fim", display_name="Jane Doe")
    stored = await owner.fetchval("select password_hash from app_user where username = 'jane.doe'")
    assert made.password not in stored
    assert PasswordHasher().verify(stored, made.password)


async def test_a_cameras_token_is_stored_as_a_hash_only(database: Database) -> None:
    owner = await database.connect()
    made = await accounts.add_camera(owner, "AB4-000123")
    assert await owner.fetchval("select token_hash from camera") == accounts.token_hash(made.token)
    again = await accounts.camera_token(owner, "AB4-000123")
    assert again.token != made.token


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "jane"}, "exists already"),
        ({"username": "Jane Doe"}, "a-z 0-9"),
        ({"role": "king"}, "not one of"),
        ({"display_name": "Jo\ne"}, r"display name 'Jo\\ne': 1 to 100 characters on one line"),
        ({"display_name": "\u202eenaJ"}, "1 to 100 characters on one line"),
        ({"password": "short"}, "12 characters"),
        ({"shoulder_number": "4711"}, "no officer"),
    ],
)
async def test_a_user_that_cannot_be_made_says_why(
    database: Database, change: dict[str, str], words: str
) -> None:
    owner = await database.connect()
    await accounts.add_user(owner, "jane", "fim")
    with pytest.raises(AccountError, match=words):
        await accounts.add_user(owner, **({"username": "joe", "role": "fim"} | change))


@pytest.mark.parametrize("camera", ["AB4-000001", "", "a b", "x" * 65, "ä"])
async def test_a_camera_that_cannot_be_made_says_why(database: Database, camera: str) -> None:
    owner = await database.connect()
    await accounts.add_camera(owner, "AB4-000001")
    with pytest.raises(AccountError, match="camera"):
        await accounts.add_camera(owner, camera)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[2J", "vendor ", "x" * 101, "\u202ea"])
async def test_a_bridge_that_cannot_be_made_says_why(database: Database, name: str) -> None:
    owner = await database.connect()
    with pytest.raises(AccountError, match="bridge .*: 1 to 100 characters on one line"):
        await accounts.add_bridge(owner, name)
    assert await accounts.list_bridges(owner) == []


async def test_a_bridge_may_have_a_name_of_several_words(database: Database) -> None:
    owner = await database.connect()
    assert (
        await accounts.add_bridge(owner, "Vendor’s cloud, Łódź")
    ).bridge == "Vendor’s cloud, Łódź"


async def test_disabling_a_user_ends_the_sessions(database: Database) -> None:
    owner = await database.connect()
    await accounts.add_user(owner, "jane", "fim")
    await owner.execute(
        "insert into session (user_id, token_hash, csrf, role, expires_time)"
        " select id, 'x', 'y', 'fim', now() + interval '1 hour' from app_user"
    )
    await accounts.disable_user(owner, "jane")
    assert await owner.fetchval("select end_reason from session") == "account disabled"
    with pytest.raises(AccountError, match="not disabled already"):
        await accounts.disable_user(owner, "jane")


async def test_every_change_is_audited(database: Database) -> None:
    owner = await database.connect()
    await accounts.add_bridge(owner, "vendor")
    await accounts.bridge_token(owner, "vendor")
    await accounts.disable_bridge(owner, "vendor")
    rows = await owner.fetch("select action, actor from audit_entry order by id")
    assert [tuple(row) for row in rows] == [
        ("bridge.add", "system:cli"), ("bridge.token", "system:cli"), ("bridge.disable", "system:cli"),
    ]  # fmt: skip


async def test_the_audit_names_the_account_of_the_operating_system(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await database.connect()
    account = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.delenv("SUDO_USER", raising=False)
    await accounts.add_user(owner, "boss", "admin")
    monkeypatch.setenv("SUDO_USER", "jane")
    await accounts.disable_user(owner, "boss")
    rows = await owner.fetch("select actor, detail from audit_entry order by id")
    assert [(row["actor"], json.loads(row["detail"])) for row in rows] == [
        ("system:cli", {"os_user": account}),
        ("system:cli", {"os_user": account, "sudo_user": "jane"}),
    ]
