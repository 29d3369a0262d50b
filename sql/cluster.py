"""The private PostGIS cluster: Debian's PostgreSQL, its data below the data directory.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user. It listens on loopback only, with a
password for each role; the passwords stand in ``DATA_DIR/database.json`` (mode 600).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from sightline.sql.connect import ROLES
from sightline.sql.errors import ClusterError

DATABASE = "sightline"
PORTS = range(20_000, 32_000)
"""Where the port is drawn from: below 32768, where the system's own ephemeral ports begin. Drawn rather than counted
up, so that a cluster that is stopped for a while rarely finds its port taken by another."""

_NO_PROCESS = 2**30
"""A number above what Linux gives to processes (at most 2^22)."""

_FIRST_WITH_LZ4 = 15

_CONF = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "wal_level": "replica",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "autovacuum_naptime": "15s",
    # Without details: they quote whole rows, positions and hashes of passwords among them, in a log that no
    # retention reaches.
    "log_error_verbosity": "terse",
}


def shared_buffers_mb(memory_bytes: int) -> int:
    """Memory that the server keeps pages in, of a machine that has so much.

    Each camera that reports writes to a page of its own in the index of history. Of 34,000 cameras that is more than
    256 MB, which would be written out and read again every second.
    """
    return min(1024, max(256, memory_bytes // 2**20 // 8))


def _of_this_machine(binaries: Path) -> dict[str, str]:
    """Settings that go by the machine and by the server's version."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "shared_buffers": f"{shared_buffers_mb(memory_bytes)}MB",
        # After each checkpoint every page goes whole into the log once; to compress it the older way takes ten times as
        # long. Debian and Ubuntu build all versions that have the newer one with it.
        "wal_compression": "lz4" if int(binaries.parent.name) >= _FIRST_WITH_LZ4 else "on",
    }


def server_binaries() -> Path:
    """Directory of the newest PostgreSQL on this machine that has PostGIS.

    Raises:
        ClusterError: there is none.
    """
    found = []
    for directory in Path("/usr/lib/postgresql").glob("*/bin"):
        version = directory.parent.name
        control = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
        if control.exists() and (directory / "initdb").exists() and version.isdigit():
            found.append((int(version), directory))
    if not found:
        raise ClusterError(
            "No PostgreSQL with PostGIS is installed. As root: apt-get install postgresql postgresql-postgis"
        )
    return max(found)[1]


class PrivateCluster:
    """A PostgreSQL server that belongs to one data directory.

    Attributes:
        directory: the cluster's own directory, ``DATA_DIR/postgres``.
        secrets_file: ``DATA_DIR/database.json``, role → URL.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        """`durable` off is for tests only; `settings` are further lines of postgresql.conf."""
        self.data_dir = data_dir
        self.directory = data_dir / "postgres"
        self.secrets_file = data_dir / "database.json"
        self._conf = {**_CONF, **(settings or {})}
        if not durable:
            self._conf |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

    @property
    def urls(self) -> dict[str, str]:
        """URL of each role, with its password; 'superuser' among them."""
        content: dict[str, str] = json.loads(self.secrets_file.read_text(encoding="utf-8"))
        return content

    @property
    def url(self) -> str:
        """URL of the owner of the schema."""
        return self.urls["owner"]

    def start(self) -> None:
        """Make the cluster if there is none, start it if it does not run, and wait until it answers.

        Raises:
            ClusterError: with what PostgreSQL said.
        """
        self._check_directory()
        if not self.holds_something():
            self._initialise()
        if self.is_running():
            return
        self._disown_pid()
        self._write_conf()
        log = self.directory / "server.log"
        try:
            self._run(
                "pg_ctl", "-D", str(self.directory), "-l", str(log), "-w", "-t", "60", "start"
            )
        except ClusterError as error:
            tail = self._tail(log)
            raise ClusterError(f"{error} The server's log ends with: {tail}") from error
        asyncio.run(self._provide())

    def holds_something(self) -> bool:
        """Whether something is where the cluster's directory belongs, and were it only one file."""
        try:
            return next(self.directory.iterdir(), None) is not None
        except FileNotFoundError:
            return False
        except OSError:  # a file, or closed to us: then it is somebody's in any case
            return True

    def stop(self, *, mode: str = "fast", timeout_s: int = 20) -> None:
        """Stop the server; nothing happens if it does not run."""
        if self.is_running():
            self._run(
                "pg_ctl", "-D", str(self.directory), "-m", mode, "-w", "-t", str(timeout_s), "stop"
            )

    def is_running(self) -> bool:
        """Whether the server's process lives."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Process id of the server, None when it does not run.

        Not every process of the number in ``postmaster.pid`` is it: after a crash the number may be anybody's, another
        cluster's server included.
        """
        try:
            pid = int(self._pid_file.read_text().splitlines()[0])
            command = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        except (
            FileNotFoundError,
            NotADirectoryError,
            ProcessLookupError,
            IndexError,
            ValueError,
        ):
            return None
        return pid if self._is_our_server(command) else None

    def _is_our_server(self, command: list[str]) -> bool:
        """Whether this command line is the server's. Connections' processes are called ``postgres: …``."""
        if Path(command[0]).name != "postgres":
            return False
        if "-D" not in command:  # started by hand, with PGDATA
            return True
        try:
            return Path(command[command.index("-D") + 1]).samefile(self.directory)
        except (OSError, IndexError):
            return False

    @property
    def _pid_file(self) -> Path:
        return self.directory / "postmaster.pid"

    def _disown_pid(self) -> None:
        """Let no other process of the number that a killed server has left keep ours from starting.

        The file stays: PostgreSQL finds by its other lines whether processes of the old server are still there.
        """
        with contextlib.suppress(FileNotFoundError):
            first, rest = self._pid_file.read_text().split("\n", 1)
            if first.isdecimal() and Path(f"/proc/{first}").exists():
                self._pid_file.write_text(f"{_NO_PROCESS}\n{rest}")

    def was_stopped_cleanly(self) -> bool:
        """Whether somebody shut the server down in an orderly way (rather than it having crashed)."""
        said = self._run("pg_controldata", "-D", str(self.directory))
        return re.search(r"^Database cluster state: +shut down$", said, re.MULTILINE) is not None

    def kill(self) -> None:
        """Kill the server and all its processes at once, as a crash would. For tests."""
        pid = self.pid()
        if pid is None:
            return
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for victim in [pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    # How it is made.

    def _account(self) -> pwd.struct_passwd | None:
        """The unprivileged account that runs the server; None: we are not root, it runs as we do."""
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            raise ClusterError(
                "PostgreSQL refuses to run as root and there is no account 'postgres' to run it as."
            ) from None

    def _run(self, program: str, *arguments: str) -> str:
        account = self._account()
        drop: dict[str, Any] = {}
        if account:
            drop = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        finished = subprocess.run(
            [str(server_binaries() / program), *arguments],
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            # pg_ctl's server inherits its streams: a pipe would keep the caller waiting for ever.
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
            start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which ends this in order
            **drop,
        )
        if finished.returncode:
            raise ClusterError(
                f"{program} failed with exit code {finished.returncode}. {(finished.stderr or '').strip()}".strip()
            )
        return finished.stdout or ""

    def _check_directory(self) -> None:
        """Make the data directory; refuse what is there already and is not a cluster with its passwords.

        Raises:
            ClusterError: saying what to do.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClusterError(
                f"The data directory {self.data_dir} cannot be made ({error.strerror}):"
                " choose another with --data-dir or SIGHTLINE_DATA_DIR."
            ) from error
        if self._account():
            for parent in self.directory.parents:
                if not parent.stat().st_mode & 0o001:
                    raise ClusterError(
                        f"The account 'postgres' cannot reach {self.directory}: {parent} is closed to others."
                        " Choose another directory with --data-dir (or SIGHTLINE_DATA_DIR)."
                    )
        if not self.holds_something():
            return
        try:
            is_cluster = (self.directory / "PG_VERSION").exists()
        except PermissionError as error:
            raise ClusterError(
                f"{self.directory} cannot be read ({error.strerror}): run this as the user to whom it belongs,"
                " or choose another directory with --data-dir (or SIGHTLINE_DATA_DIR)."
            ) from error
        if not is_cluster:
            raise ClusterError(
                f"{self.directory} is not a database cluster, and nothing that is there is touched: move it away,"
                " or choose another directory with --data-dir (or SIGHTLINE_DATA_DIR)."
            )
        if not self.secrets_file.exists():
            raise ClusterError(
                f"{self.directory} holds a database, but {self.secrets_file} with its passwords is gone: put that file"
                f" back from a backup, or move {self.directory} away to begin with an empty database."
            )

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole, passwords first.

        Whoever is killed in between leaves nothing that could be taken for a cluster.
        """
        for left in self.data_dir.glob("postgres.new-*"):  # by one that was killed at this
            shutil.rmtree(left, ignore_errors=True)
        for left in self.data_dir.glob(".initdb-*"):
            left.unlink(missing_ok=True)
        new = self.data_dir / f"postgres.new-{os.getpid()}"
        new.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        account = self._account()
        password_file = self.data_dir / f".initdb-{os.getpid()}"
        descriptor = os.open(password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w") as stream:
                stream.write(password)
            if account:
                os.chown(new, account.pw_uid, account.pw_gid)
                os.chown(password_file, account.pw_uid, account.pw_gid)
            self._run(
                "initdb", "-D", str(new), "-U", "postgres", "-A", "scram-sha-256",
                "--pwfile", str(password_file), "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
                *(["--no-sync"] if self._conf.get("fsync") == "off" else []),
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)
        passwords = {"superuser": password} | {role: secrets.token_urlsafe(24) for role in ROLES}
        self._write_urls(passwords, self._free_port())
        new.replace(self.directory)

    def _write_urls(self, passwords: Mapping[str, str], port: int) -> None:
        def url(role: str) -> str:
            user = "postgres" if role == "superuser" else f"sightline_{role}"
            return f"postgresql://{user}:{passwords[role]}@127.0.0.1:{port}/{DATABASE}"

        content = json.dumps({role: url(role) for role in passwords}, indent=2)
        temporary = self.secrets_file.with_suffix(".new")
        descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(content)
        temporary.replace(self.secrets_file)

    def _passwords(self) -> dict[str, str]:
        return {role: url.split(":", 2)[2].split("@")[0] for role, url in self.urls.items()}

    def _port(self) -> int:
        return int(self.url.rsplit(":", 1)[1].split("/")[0])

    @staticmethod
    def _free_port() -> int:
        for port in random.sample(PORTS, 50):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
        raise ClusterError(
            f"No free port for the database: 50 of {PORTS.start} to {PORTS.stop - 1} are all taken."
        )

    def _write_conf(self) -> None:
        port = self._port()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:  # somebody else took it while we were stopped
                port = self._free_port()
                self._write_urls(self._passwords(), port)
        conf = {**_of_this_machine(server_binaries()), **self._conf, "port": str(port)}
        lines = "".join(f"{key} = '{value}'\n" for key, value in conf.items())
        file = self.directory / "sightline.conf"
        file.write_text(lines)
        main = self.directory / "postgresql.conf"
        if "include 'sightline.conf'" not in main.read_text():
            with main.open("a") as stream:
                stream.write("\ninclude 'sightline.conf'\n")
        account = self._account()
        if account:
            os.chown(file, account.pw_uid, account.pw_gid)

    def _tail(self, log: Path) -> str:
        try:
            return " | ".join(log.read_text(errors="replace").splitlines()[-5:])
        except FileNotFoundError:
            return "(no log)"

    async def _provide(self) -> None:
        """Database, extensions and roles: what only the superuser may make. Safe to run again."""
        from sightline.sql.provide import provide

        await provide(self.urls["superuser"], self._passwords(), DATABASE)


async def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database and end whoever is connected to it. For tests."""
    from sightline.sql.named import query

    connection = await asyncpg.connect(superuser_url.rsplit("/", 1)[0] + "/postgres")
    try:
        await connection.execute(query("cluster.drop_database").replace("$NAME", f'"{name}"'))
    finally:
        await connection.close()
