"""The data directory: what stands in it beside the database, and who may use it.

postgres/, database.json    the private cluster and its passwords (see `sightline.sql.cluster`)
demo.json                   this directory holds a demo: its seed, size, and whether it is complete
demo-credentials.json       passwords of the demo users (mode 600)
internal-secret             shared by the parts for their internal HTTP (mode 600)
supervisor.lock, run.json   held, and written, while a supervisor runs
logs/                       one log a part
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sightline.dashboard.settings import Settings
from sightline.dashboard.supervisor.errors import DataDirectoryError
from sightline.sql.cluster import PrivateCluster


@dataclass(frozen=True)
class Demo:
    """What the demo in a data directory was made from."""

    seed: int
    cameras: int
    complete: bool = False


class DataDirectory:
    """Paths and small files of one data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.credentials_file = path / "demo-credentials.json"
        self._demo_file = path / "demo.json"
        self._run_file = path / "run.json"

    def prepare(self) -> None:
        """Make the directory if it is not there.

        Raises:
            DataDirectoryError: it cannot be made or written.
        """
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except OSError as error:
            raise DataDirectoryError(
                f"The data directory {self.path} cannot be written ({error.strerror}):"
                " choose another with --data-dir or SIGHTLINE_DATA_DIR."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for one supervisor.

        Raises:
            DataDirectoryError: another supervisor holds it.
        """
        with (self.path / "supervisor.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise DataDirectoryError(
                    f"The data directory {self.path} is in use by another Sightline"
                    f" (process {lock.read().strip() or 'unknown'}): stop that one first,"
                    " or choose another with --data-dir or SIGHTLINE_DATA_DIR."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                self._run_file.unlink(missing_ok=True)

    def has_database(self) -> bool:
        """Whether there is a private cluster, or anything where it belongs."""
        cluster = PrivateCluster(self.path)
        return cluster.secrets_file.exists() or cluster.holds_something()

    def demo(self) -> Demo | None:
        """The demo in this directory, if there is one."""
        content = self._read(self._demo_file)
        try:
            return Demo(**content) if content else None
        except TypeError as error:
            raise _not_ours(self._demo_file) from error

    def write_demo(self, demo: Demo) -> None:
        """Mark the directory as a demo's."""
        write_private(self._demo_file, json.dumps(asdict(demo)))

    def credentials(self) -> dict[str, str]:
        """Passwords of the demo users; empty if there are none."""
        users: dict[str, str] = (self._read(self.credentials_file) or {}).get("users", {})
        return users

    def write_credentials(self, users: dict[str, str]) -> None:
        """Keep the passwords of the demo users, readable by this user only."""
        write_private(self.credentials_file, json.dumps({"users": users}, indent=2) + "\n")

    def run_state(self) -> dict[str, Any] | None:
        """What the running supervisor last wrote; None if none has."""
        return self._read(self._run_file)

    def write_run_state(self, state: dict[str, Any]) -> None:
        """Tell `status` what runs."""
        write_private(self._run_file, json.dumps(state, indent=1))

    def internal_secret(self) -> str:
        """The secret of the parts' internal HTTP, made once."""
        file = self.path / "internal-secret"
        if not file.exists():
            new = file.with_name(f"internal-secret.{os.getpid()}")
            write_private(new, secrets.token_urlsafe(32))
            with contextlib.suppress(FileExistsError):  # parts started at once agree on the first
                os.link(new, file)
            new.unlink()
        try:
            return file.read_text()
        except OSError as error:
            raise _closed_to_us(file, error) from error

    @staticmethod
    def _read(file: Path) -> dict[str, Any] | None:
        try:
            content = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _closed_to_us(file, error) from error
        except ValueError as error:
            raise _not_ours(file) from error
        if not isinstance(content, dict):
            raise _not_ours(file)
        return content


def _closed_to_us(file: Path, error: OSError) -> DataDirectoryError:
    return DataDirectoryError(
        f"{file} cannot be read ({error.strerror}): run this as the user to whom the data directory"
        " belongs, or name another with --data-dir or SIGHTLINE_DATA_DIR."
    )


def _not_ours(file: Path) -> DataDirectoryError:
    return DataDirectoryError(
        f"{file} does not hold what Sightline writes there: put it back from a backup,"
        " or name another data directory with --data-dir or SIGHTLINE_DATA_DIR."
    )


def write_private(file: Path, text: str) -> None:
    """Replace a file at once, with mode 600."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    new.replace(file)


def with_internal_secret(settings: Settings) -> Settings:
    """The settings with the internal secret of the data directory, unless one is set."""
    if settings.internal_secret is not None:
        return settings
    directory = DataDirectory(settings.data_dir)
    directory.prepare()
    return settings.model_copy(update={"internal_secret": SecretStr(directory.internal_secret())})
