"""What the tests share: one private PostGIS cluster for the whole run, one database for each test that asks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from sightline.sql import connect, open_pool, query
from sightline.sql.cluster import PrivateCluster, drop_database
from sightline.sql.connect import Role
from sightline.sql.migrate import migrate
from sightline.sql.settings import DatabaseSettings
from tests import chromium as browsers

# Machines that build are busy: how long an example takes there says nothing about it.
examples.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("busy")

_TEMPLATE = "template_migrated"
_ROOM_BYTES = 2 * 2**30
"""Several times what the clusters of two workers take."""

_PICTURES = (
    "tests/browser/", "tests/system/", "tests/ingest/camera/", "tests/ingest/media/",
    "tests/dashboard/test_access_browser.py", "tests/dashboard/test_triage_in_the_browser.py",
)  # fmt: skip
"""Whatever plays or looks at a picture. Two browsers or encoders at once would wait for each other on two cores."""
_LONG = ("tests/rules/test_checks.py", "tests/dashboard/supervisor/", "tests/ingest/fleet/")
"""What would keep one worker busy at the end, when the other has nothing left to do."""
_TOGETHER = ("tests/ingest/fleet/",)
"""Folders that share what takes long to make; otherwise a file stays together."""


def _group(nodeid: str) -> str:
    """What stays in one worker, one test after the other."""
    path = nodeid.split("::", 1)[0]
    if path.startswith(_PICTURES):
        return "pictures"
    return next((folder for folder in _TOGETHER if path.startswith(folder)), path)


def _rank(group: str) -> int:
    if group == "pictures":
        return -1
    return next((rank for rank, long in enumerate(_LONG) if group.startswith(long)), len(_LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In two workers, the pictures begin first, then whatever is long."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _rank(_group(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out whole groups. The mark of xdist, which would do the same, is lost with pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


@dataclass
class Database:
    """A fresh, migrated database of the test's own.

    Attributes:
        url: URL of the owner of the schema.
        settings: what the product's functions take; connects as each role.
        data_dir: a data directory whose ``database.json`` leads to this database.
    """

    url: str
    settings: DatabaseSettings
    data_dir: Path
    _open: list[asyncpg.Connection | asyncpg.Pool] = field(default_factory=list)

    async def connect(self, role: Role = "owner") -> asyncpg.Connection:
        """A connection as `role`, closed after the test."""
        connection = await connect(self.settings, role)
        self._open.append(connection)
        return connection

    async def pool(self, role: Role = "owner") -> asyncpg.Pool:
        """A pool as `role`, closed after the test."""
        pool = await open_pool(self.settings, role)
        self._open.append(pool)
        return pool

    async def superuser(self) -> asyncpg.Connection:
        """A connection that no rule of the database holds, closed after the test."""
        url = json.loads((self.data_dir / "database.json").read_text())["superuser"]
        connection = await asyncpg.connect(url)
        self._open.append(connection)
        return connection

    async def close(self) -> None:
        """Close whatever the test opened."""
        for opened in self._open:
            if isinstance(opened, asyncpg.Pool):
                opened.terminate()
            else:
                await opened.close(timeout=5)


def _in_memory() -> Path | None:
    """A directory in memory, where a database is copied at a fifth of the cost; None where there is no room for it."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and shutil.disk_usage(shared).free >= _ROOM_BYTES
    return shared if roomy and os.access(shared, os.W_OK) else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[PrivateCluster]:
    """A private PostGIS cluster with one migrated database as the template of all others."""
    # Not below pytest's own directory: that is closed to others, and the server runs as another account.
    root = Path(tempfile.mkdtemp(prefix="sightline-test-", dir=_in_memory()))
    root.chmod(0o755)
    settings = {"max_connections": "200", "max_wal_size": "256MB", "shared_buffers": "256MB"}
    cluster = PrivateCluster(root, durable=False, settings=settings)
    try:
        cluster.start()
        asyncio.run(migrate(DatabaseSettings(data_dir=root)))
        asyncio.run(_copy_database(cluster, _TEMPLATE, "sightline"))
        yield cluster
    finally:
        cluster.stop(mode="immediate")
        shutil.rmtree(root)


async def _copy_database(cluster: PrivateCluster, name: str, template: str) -> None:
    connection = await asyncpg.connect(_maintenance(cluster))
    try:
        await connection.execute(
            query("cluster.clone_database")
            .replace("$NAME", f'"{name}"')
            .replace("$TEMPLATE", f'"{template}"')
        )
        # The migration wrote the search path for its own database; a copy needs it again.
        await connection.execute(query("cluster.search_path").replace("$NAME", f'"{name}"'))
    finally:
        await connection.close()


def _maintenance(cluster: PrivateCluster) -> str:
    return cluster.urls["superuser"].rsplit("/", 1)[0] + "/postgres"


class FreshDatabases:
    """Copies of the template, made ahead beside the running test, since a copy takes longer than most tests."""

    def __init__(self, cluster: PrivateCluster) -> None:
        self._cluster = cluster
        self._ready: queue.Queue[str | BaseException] = queue.Queue(maxsize=3)
        self._used: queue.Queue[str] = queue.Queue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="fresh databases")
        self._thread.start()

    def take(self) -> str:
        """Name of a database that nobody has used."""
        name = self._ready.get(timeout=60)
        if isinstance(name, BaseException):
            raise name
        return name

    def give_back(self, name: str) -> None:
        """Have a used database dropped."""
        self._used.put(name)

    def close(self) -> None:
        """Stop making copies."""
        self._ending.set()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        try:
            for number in itertools.count(1):
                name = f"test_{number}"
                asyncio.run(_copy_database(self._cluster, name, _TEMPLATE))
                while not self._ending.is_set():
                    self._drop_used()
                    with contextlib.suppress(queue.Full):
                        self._ready.put(name, timeout=0.1)
                        break
                if self._ending.is_set():
                    return
        except BaseException as error:
            self._ready.put(error)
            raise

    def _drop_used(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                name = self._used.get_nowait()
                asyncio.run(drop_database(self._cluster.urls["superuser"], name))


@pytest.fixture(scope="session")
def fresh_databases(cluster: PrivateCluster) -> Iterator[FreshDatabases]:
    """Where `database` takes its copies from."""
    fresh = FreshDatabases(cluster)
    yield fresh
    fresh.close()


@pytest.fixture
async def database(
    cluster: PrivateCluster, fresh_databases: FreshDatabases, tmp_path: Path
) -> AsyncIterator[Database]:
    """A fresh, migrated database, dropped after the test."""
    name = fresh_databases.take()
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    text = cluster.secrets_file.read_text().replace('/sightline"', f'/{name}"')
    (data_dir / "database.json").write_text(text)
    settings = DatabaseSettings(data_dir=data_dir)
    opened = Database(json.loads(text)["owner"], settings, data_dir)
    try:
        yield opened
    finally:
        await opened.close()
        fresh_databases.give_back(name)


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """Where Chromium is connected to: one for all tests of a worker."""
    with browsers.running() as address:
        yield address
