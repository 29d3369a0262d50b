"""`up` and `demo`: what is said before anything starts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sightline.dashboard.cli import main


def test_a_part_says_before_it_starts_what_keeps_it_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = ["--data-dir", str(tmp_path)]
    for part in ("gateway", "media", "dashboard", "keeper"):
        for name in ("GATEWAY_PORT", "GATEWAY_HTTP_PORT", "GATEWAY_COT_PORT", "MEDIA_PORT", "MEDIA_INTERNAL_PORT",
                     "DASHBOARD_PORT"):  # fmt: skip
            monkeypatch.setenv(f"SIGHTLINE_{name}", "0")
        assert main(["up", part, *data_dir]) == 1
        assert "There is no database" in capsys.readouterr().err
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", "postgresql://me:pw@127.0.0.1:1/none")
    for part in ("dashboard", "keeper"):
        assert main(["up", part, *data_dir]) == 1
        assert "does not answer" in capsys.readouterr().err
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        for part, setting in (("gateway", "GATEWAY_PORT"), ("dashboard", "DASHBOARD_PORT")):
            monkeypatch.setenv(f"SIGHTLINE_{setting}", str(other.getsockname()[1]))
            assert main(["up", part, *data_dir]) == 1
            assert f"choose another with {'--port or ' if part == 'dashboard' else ''}SIGHT" in (
                capsys.readouterr().err
            )


@pytest.mark.parametrize("command", ["up", "demo"])
def test_parts_that_run_together_need_real_ports(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SIGHTLINE_DASHBOARD_PORT", "0")
    assert main([command, "--data-dir", str(tmp_path)]) == 2
    assert "SIGHTLINE_DASHBOARD_PORT is 0, but it must be a whole number from 1" in (
        capsys.readouterr().err
    )
