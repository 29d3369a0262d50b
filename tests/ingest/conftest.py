"""A cluster that one test has for itself: to stop it, to kill it, or to see how it behaves undisturbed."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sightline.sql.cluster import PrivateCluster
from sightline.sql.migrate import migrate
from sightline.sql.settings import DatabaseSettings
from tests.ports import free_port


@contextmanager
def _directory() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="sightline-own-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def migrated_cluster() -> Iterator[PrivateCluster]:
    """A cluster with a migrated database, shut down in order, to make copies of."""
    with _directory() as root:
        cluster = PrivateCluster(root)
        cluster.start()
        try:
            asyncio.run(migrate(DatabaseSettings(data_dir=root)))
        finally:
            cluster.stop()
        yield cluster


@pytest.fixture
def own_cluster(migrated_cluster: PrivateCluster) -> Iterator[PrivateCluster]:
    """A durable cluster, as in earnest, that nobody has used."""
    with _directory() as root:
        cluster = PrivateCluster(root)
        # The files belong to the server's account, and stay its own.
        subprocess.run(["cp", "--archive", migrated_cluster.directory, root], check=True)
        port = f":{urlsplit(migrated_cluster.url).port}/"
        urls = migrated_cluster.secrets_file.read_text().replace(port, f":{free_port()}/")
        cluster.secrets_file.write_text(urls)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop(mode="immediate")
