"""The root script: what it says when it cannot go on, and that it costs nothing once set up.

Installing for real takes minutes and the network; a fresh clone does that, these tests do not.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rules.repository import ROOT

TOOLS = ("bash", "dirname", "readlink", "cat", "sha256sum", "grep", "sort", "head", "basename",
         "mkdir", "flock", "sed", "env", "date", "tail", "id")  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the script and the locks only."""
    root = tmp_path / "checkout"
    (root / "dashboard" / "libraries").mkdir(parents=True)
    for name in ("sightline", "requirements.lock", "dashboard/libraries/package-lock.json"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory for PATH with the basic tools of any machine, but no Python and no apt."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (directory / tool).symlink_to(found)
    return directory


def executable(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def run(
    checkout: Path, *arguments: str, path: Path | str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "sightline", *arguments],
        env={"PATH": str(path), "HOME": "/nonexistent"},
        cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def test_without_python_it_says_what_is_needed(checkout: Path, path: Path) -> None:
    done = run(checkout, "demo", path=path)
    assert done.returncode == 1
    assert done.stderr == "sightline: Python 3.11 or newer is needed; this machine has none\n"


def test_an_old_python_is_named(checkout: Path, path: Path) -> None:
    executable(
        path / "python3",
        '#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.9.2; exit; }\nexit 1\n',
    )
    done = run(checkout, "demo", path=path)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; this machine has Python 3.9.2" in done.stderr


def test_a_newer_python_beside_an_old_one_is_found(checkout: Path, path: Path) -> None:
    executable(path / "python3", "#!/bin/sh\nexit 1\n")
    executable(
        path / "python3.12", f'#!/bin/sh\n[ "$1" = -m ] && exit 9\nexec {sys.executable} "$@"\n'
    )
    done = run(checkout, "settings", path=path)
    assert "the set-up stopped at: virtual environment" in done.stderr  # it went on with 3.12


@pytest.fixture
def set_up(checkout: Path) -> Path:
    """The checkout as it is once set up; its Python is this one."""
    executable(checkout / ".venv" / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    fingerprint = subprocess.run(
        f'{{ cat "{checkout}/requirements.lock" "{checkout}/dashboard/libraries/package-lock.json";'
        f' echo "{checkout}"; }} | sha256sum',
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (checkout / ".venv" / "set-up.stamp").write_text(fingerprint.stdout)
    return checkout


def test_once_set_up_it_adds_less_than_a_second_and_says_nothing(set_up: Path) -> None:
    began = time.monotonic()
    done = run(set_up, "settings", "--json", path=os.environ["PATH"])
    through_the_script = time.monotonic() - began
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "sightline.dashboard.cli", "settings", "--json"],
        capture_output=True, check=True,
    )  # fmt: skip
    directly = time.monotonic() - began
    assert done.stdout.startswith("{")
    assert done.stderr == ""
    assert through_the_script - directly < 1


def test_a_ctrl_c_during_the_set_up_is_no_failed_step(checkout: Path) -> None:
    begun = checkout / "begun"
    executable(  # a pip that ends with 1 when interrupted, as the real one does
        checkout / ".venv" / "bin" / "python",
        f'#!/bin/sh\ncase "$*" in *"pip install"*) trap "exit 1" INT; touch "{begun}"; sleep 60;; esac\n',
    )
    with subprocess.Popen(
        ["env", "--default-signal=INT", checkout / "sightline", "settings"],
        env={"PATH": os.environ["PATH"]}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as setting_up:  # fmt: skip
        deadline = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(setting_up.pid, signal.SIGINT)
        said = setting_up.communicate(timeout=30)[1]
    assert setting_up.returncode == 130
    assert said.endswith("sightline: interrupted; the next ./sightline goes on with the set-up\n")
    assert not (checkout / ".venv" / "set-up.stamp").exists()


def test_it_stays_in_the_directory_of_whoever_runs_it(set_up: Path, tmp_path: Path) -> None:
    (tmp_path / "sightline.toml").write_text("gateway_port = 1234\n")
    done = run(set_up, "settings", path=os.environ["PATH"], cwd=tmp_path)
    assert "1234" in done.stdout


def test_exit_codes_pass_through(set_up: Path) -> None:
    assert run(set_up, "fly", path=os.environ["PATH"]).returncode == 2


def test_a_changed_lock_sets_up_again(set_up: Path, path: Path) -> None:
    (set_up / "requirements.lock").write_text("something==1\n")
    done = run(set_up, "settings", path=path)
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_link_to_the_script_finds_its_checkout(set_up: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(set_up / "sightline")
    done = subprocess.run(
        [tmp_path / "link", "--help"], capture_output=True, text=True, check=False
    )
    assert "live map" in done.stdout.lower()


def test_a_place_that_cannot_be_written_is_a_sentence(checkout: Path) -> None:
    (checkout / ".venv").write_text("in the way")
    done = run(checkout, "settings", path=os.environ["PATH"])
    assert done.returncode == 1
    assert "cannot be written; clone Sightline into a directory of your own" in done.stderr


def test_ci_runs_the_tests_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[1:] == ["set -eu", 'cd "$(dirname "$0")/.."', "exec ./sightline test"]
    for script in (".ci/run", "sightline", "tools/refresh-locks"):
        assert os.access(ROOT / script, os.X_OK), script
