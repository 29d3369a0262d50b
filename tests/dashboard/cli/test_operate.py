"""`status` and `migrate` on a database that is not as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from sightline.dashboard.cli import main
from sightline.sql.cluster import PrivateCluster


@pytest.fixture
def bare(cluster: PrivateCluster, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database, as a user who may do nothing but sign in."""
    name = f"bare_{tmp_path.name[-20:].replace('-', '_')}"

    async def run(*statements: str) -> None:
        connection = await asyncpg.connect(
            cluster.urls["superuser"].rsplit("/", 1)[0] + "/postgres"
        )
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run(f'create role "{name}" login password $$pw$$', f'create database "{name}"'))
    address = urlsplit(cluster.url).netloc.split("@")[1]
    yield f"postgresql://{name}:pw@{address}/{name}"
    asyncio.run(run(f'drop database "{name}" with (force)', f'drop role "{name}"'))


def test_a_database_without_a_schema_is_a_sentence(
    bare: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", bare)
    assert main(["status", "--data-dir", str(tmp_path)]) == 1
    assert "has no schema, or an old one: run 'sightline migrate'." in capsys.readouterr().out
    assert main(["camera", "list", "--data-dir", str(tmp_path)]) == 1
    assert "has no schema" in capsys.readouterr().err


def test_migrating_without_the_rights_says_which_are_needed(
    bare: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", bare)
    assert main(["migrate", "--data-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "must own the database and have CREATEROLE" in said
    assert said.count("\n") == 1


def test_the_rights_that_are_said_to_be_needed_are_enough(
    bare: str, cluster: PrivateCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = urlsplit(bare).username

    async def grant() -> None:
        base = cluster.urls["superuser"].rsplit("/", 1)[0]
        connection = await asyncpg.connect(f"{base}/{name}")
        await connection.execute(f'alter role "{name}" createrole')
        await connection.execute(f'alter database "{name}" owner to "{name}"')
        await connection.execute("create extension postgis; create extension btree_gist")
        # The roles of this cluster were made by another, who must let this one work as them.
        for role in ("gateway", "media", "dashboard", "audit", "keeper"):
            await connection.execute(f'grant sightline_{role} to "{name}" with admin option')
        await connection.close()

    asyncio.run(grant())
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", bare)
    assert main(["migrate", "--data-dir", str(tmp_path)]) == 0
