"""A cluster that one test has for itself: to stop it, to kill it, or to see how it behaves undisturbed."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest

from sightline.sql.cluster import PrivateCluster
from sightline.sql.migrate import migrate
from sightline.sql.settings import DatabaseSettings


@pytest.fixture
def own_cluster():
    root = Path(tempfile.mkdtemp(prefix="sightline-own-"))
    root.chmod(0o755)
    cluster = PrivateCluster(root)  # durable, as in earnest
    cluster.start()
    try:
        asyncio.run(migrate(DatabaseSettings(data_dir=root)))
        yield cluster
    finally:
        cluster.stop(mode="immediate")
        shutil.rmtree(root)
