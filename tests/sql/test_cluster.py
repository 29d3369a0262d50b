"""The private cluster: made whole or not at all, and never over what somebody else put there."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.sql.cluster import PrivateCluster, shared_buffers_mb
from sightline.sql.errors import ClusterError

MAKE = (
    "import sys, pathlib, sightline.sql.cluster as c;"
    "c.PrivateCluster(pathlib.Path(sys.argv[1]), durable=False).start()"
)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory that the server's account can reach, too."""
    made = Path(tempfile.mkdtemp(prefix="sightline-cluster-"))
    made.chmod(0o755)
    yield made
    PrivateCluster(made).stop(mode="immediate")
    shutil.rmtree(made)


@pytest.mark.parametrize(("gib", "mb"), [(1, 256), (2, 256), (4, 512), (8, 1024), (256, 1024)])
def test_the_server_keeps_an_eighth_of_the_memory_within_bounds(gib: int, mb: int) -> None:
    assert shared_buffers_mb(gib * 2**30) == mb


def test_killed_while_it_is_made_it_is_made_next_time(data_dir: Path) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKE, data_dir])
    deadline = time.monotonic() + 30
    while not list(data_dir.glob("postgres.new-*/PG_VERSION")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    maker.kill()
    maker.wait()
    assert not (data_dir / "postgres").exists()
    cluster = PrivateCluster(data_dir, durable=False)
    cluster.start()
    assert cluster.is_running()
    if os.geteuid() == 0:
        assert cluster.directory.owner() == "postgres"
    assert (cluster.directory.stat().st_mode & 0o777) == 0o700


def test_a_ctrl_c_in_the_terminal_is_not_for_the_servers_programs(data_dir: Path) -> None:
    """Whoever supervises the cluster lets them end, and stops the server in order."""
    cluster = PrivateCluster(data_dir, durable=False)
    sessions: list[bool] = []
    run = subprocess.run

    def noted(*arguments: object, **options: object) -> object:
        sessions.append(bool(options.get("start_new_session")))
        return run(*arguments, **options)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", noted)
        with pytest.raises(ClusterError):
            cluster._run("pg_controldata", "-D", str(data_dir))
    assert sessions == [True]


def test_a_file_in_its_place_is_a_sentence(data_dir: Path) -> None:
    (data_dir / "postgres").write_text("mine")
    with pytest.raises(ClusterError, match="is not a database cluster.*--data-dir"):
        PrivateCluster(data_dir).start()
    assert (data_dir / "postgres").read_text() == "mine"


def test_a_directory_of_something_else_is_left_alone(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "precious").write_text("mine")
    with pytest.raises(ClusterError, match="nothing that is there is touched: move it away"):
        PrivateCluster(data_dir).start()
    assert [file.name for file in (data_dir / "postgres").iterdir()] == ["precious"]


def test_an_empty_directory_in_its_place_is_none(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    assert not PrivateCluster(data_dir).holds_something()


def test_a_database_whose_passwords_are_lost_says_what_to_do(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ClusterError, match=r"database\.json with its passwords is gone: put that"):
        PrivateCluster(data_dir).start()


def test_a_place_where_nothing_can_be_made_is_a_sentence(data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    with pytest.raises(ClusterError, match="cannot be made"):
        PrivateCluster(data_dir / "file" / "data").start()


@contextlib.contextmanager
def anybody(cluster: PrivateCluster) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the account that runs the server, but not the server."""
    account = cluster._account()
    other = subprocess.Popen(["sleep", "600"], cwd="/", user=account.pw_uid if account else None)
    try:
        yield other
    finally:
        other.kill()
        other.wait()


def with_first_line(cluster: PrivateCluster, left: str, pid: int) -> None:
    """What a killed server left behind, and its number given to another process since."""
    file = cluster.directory / "postmaster.pid"
    file.write_text("\n".join([str(pid), *left.split("\n")[1:]]))
    file.chmod(0o600)
    shutil.chown(file, cluster.directory.owner())


def test_a_killed_servers_number_may_be_anybodys_now(data_dir: Path) -> None:
    cluster = PrivateCluster(data_dir, durable=False)
    cluster.start()
    left = (cluster.directory / "postmaster.pid").read_text()
    cluster.kill()
    with anybody(cluster) as other:
        with_first_line(cluster, left, other.pid)
        assert not cluster.is_running()
        cluster.stop()
        assert other.poll() is None
        cluster.start()
        assert cluster.pid() not in (None, other.pid)


def test_another_clusters_server_is_not_taken_for_ours(data_dir: Path) -> None:
    cluster = PrivateCluster(data_dir / "one", durable=False)
    other = PrivateCluster(data_dir / "other", durable=False)
    other.start()
    try:
        cluster.start()
        left = (cluster.directory / "postmaster.pid").read_text()
        cluster.kill()
        pid = other.pid()
        assert pid is not None
        with_first_line(cluster, left, pid)
        assert not cluster.is_running()
        cluster.stop(mode="immediate")
        cluster.start()
        assert cluster.is_running()
        assert other.pid() == pid
    finally:
        other.stop(mode="immediate")
        cluster.stop(mode="immediate")
