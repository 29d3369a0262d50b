"""Which process a number means."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sightline.dashboard.settings import load_settings
from sightline.dashboard.supervisor.data_directory import DataDirectory
from sightline.dashboard.supervisor.process import process_start
from sightline.dashboard.supervisor.status import as_running, running


def test_a_process_has_one_start() -> None:
    ours = process_start(os.getpid())
    assert ours is not None
    assert process_start(os.getpid()) == ours
    assert (process_start(1) or 0) < ours


def test_a_process_that_is_gone_has_none() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert process_start(gone.pid) is None


def test_a_name_with_brackets_and_spaces_is_no_hindrance(tmp_path: Path) -> None:
    program = tmp_path / "a) b 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as odd:
        try:
            assert (process_start(odd.pid) or 0) >= (process_start(os.getpid()) or 0)
        finally:
            odd.kill()


@pytest.mark.parametrize("later", [0, 1])
def test_the_note_of_a_killed_supervisor_counts_no_more(tmp_path: Path, later: int) -> None:
    settings = load_settings(data_dir=tmp_path)
    start = process_start(os.getpid())
    assert start is not None
    note = {"pid": os.getpid(), "pid_start": start - later, "settings": {"gateway_port": 28765}}
    DataDirectory(tmp_path).write_run_state(note)
    assert running(settings) == (None if later else note)
    assert as_running(settings).gateway_port == (settings.gateway_port if later else 28765)
