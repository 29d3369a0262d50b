"""The command line itself: what is accepted, what is refused, how errors are said."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sightline.dashboard.cli import main
from sightline.dashboard.cli.parser import PARTS, build_parser
from sightline.dashboard.supervisor.parts import UP_PARTS
from sightline.ingest.fleet import replay, simulate
from tests.rules.repository import ROOT


def test_parts_of_up_are_the_parts_there_are() -> None:
    assert set(PARTS) == {part.name for part in UP_PARTS}


@pytest.mark.parametrize(
    "line",
    [
        "demo --cameras 20 --data-dir d --host 0.0.0.0 --port 80 --seed 3",
        "up",
        "up gateway",
        "status --json",
        "settings --json",
        "migrate",
        "psql",
        "audit verify",
        "audit verify --key a.pem --key b.json --head c.json",
        "audit head",
        "user add jo --role fim --officer 4417",
        "user list",
        "user disable jo",
        "user enable jo",
        "user import people.csv",
        "user token jo",
        "camera add AB4-1 --officer 4417",
        "camera list",
        "camera disable AB4-1",
        "camera enable AB4-1",
        "camera import cameras.csv",
        "camera token AB4-1",
        "bridge add vendor",
        "bridge list",
        "bridge disable vendor",
        "bridge enable vendor",
        "bridge import bridges.csv",
        "bridge token vendor",
        "replay a.csv b.gpx --speed 10",
        "simulate --cameras 100 --rate 1 --gateway ws://127.0.0.1:8765/camera",
        "test",
    ],
)
def test_every_command_of_the_contract_has_a_handler_that_exists(line: str) -> None:
    options = build_parser().parse_args(line.split())
    module, _, function = options.handler.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("up everything", "invalid choice"),
        ("demo --cameras many", "--cameras: 'many' is not a whole number"),
        ("simulate --cameras 5 --rate fast", "--rate: 'fast' is not a number"),
        ("status --loud", "usage: sightline status [-h]"),
        ("status --loud", "unrecognised arguments: --loud"),
        ("help fly", "invalid choice: 'fly'"),
        ("user add jo", "--role"),
        ("replay", "FILE"),
        ("user", "ACTION"),
        ("fly", "invalid choice"),
        ("status --data-dir=", "--data-dir: must name a directory"),
    ],
)
def test_what_is_wrongly_asked_is_said_and_ends_with_2(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_no_command_shows_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "demo" in capsys.readouterr().out


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert "demo" in capsys.readouterr().out


def test_help_explains_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["help", "demo"])
    assert ended.value.code == 0
    assert "--cameras N" in capsys.readouterr().out


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"sightline {project['version']}\n"


def test_a_ctrl_c_while_a_command_is_still_being_read_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sightline.dashboard.cli.build_parser", interrupted)
    assert main(["settings"]) == 130
    assert capsys.readouterr().err == ""


def test_a_ctrl_c_during_the_imports_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "sightline.dashboard.cli", "settings"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")


def test_arguments_of_the_tests_go_to_pytest() -> None:
    options, further = build_parser().parse_known_args(["test", "tests/sql", "-k", "gate", "-x"])
    assert options.passes_on
    assert further == ["tests/sql", "-k", "gate", "-x"]


def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", "abc")
    assert main(["settings"]) == 2
    assert capsys.readouterr().err == (
        "sightline: SIGHTLINE_GATEWAY_PORT is 'abc', but it must be a whole number"
        " from 0 to 65535.\n"
    )


def test_settings_shows_values_but_no_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", "postgresql://me:pass-word@host/db")
    monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", "1234")
    assert main(["settings"]) == 0
    shown = capsys.readouterr().out
    assert "1234" in shown
    assert "pass-word" not in shown


def test_the_reader_of_the_output_may_go_away() -> None:
    done = subprocess.run(
        f"{sys.executable} -m sightline.dashboard.cli settings | head -n 1",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("VARIABLE")
    assert done.stderr == ""


def test_commands_start_fast() -> None:
    """Asking for help must not import the product: it is what the shell waits for each time."""
    script = (
        "import sys, sightline.dashboard.cli as cli; cli.build_parser();"
        "print([m for m in ('pydantic', 'asyncpg', 'aiohttp', 'dash') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("replay FILE --speed 0", "--speed is 0, but it must be above 0."),
        ("replay nowhere.csv", "nowhere.csv is not there"),
        ("replay FILE --zone Moon/Base", "--zone is 'Moon/Base', but it must be a time zone"),
        ("replay FILE --speed nan", "--speed is nan, but it must be above 0."),
        ("simulate --cameras 1 --rate nan", "--rate is nan, but it must be above 0."),
        ("demo --cameras 0", "--cameras is 0, but it must be a whole number from 1 to 34000."),
        ("demo --port 99999", "--port is 99999, but it must be a whole number from 0 to 65535."),
        ("simulate --cameras 1 --duration 0", "--duration is 0, but it must be above 0."),
        ("simulate --cameras 0", "--cameras is 0, but it must be above 0."),
        (
            "simulate --cameras 1 --gateway http://x",
            "--gateway is 'http://x', but it must be a URL that begins with ws://",
        ),
        (
            "simulate --cameras 1 --gateway ws://a:99999/camera",
            "--gateway is 'ws://a:99999/camera', but it must be",
        ),
        ("simulate --cameras 1 --rate -1", "--rate is -1, but it must be above 0."),
    ],
)
def test_numbers_and_files_are_checked_before_anything_starts(
    line: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "track.csv").write_text("")
    words = line.replace("FILE", str(tmp_path / "track.csv")).split()
    assert main([*words, "--data-dir", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(("stored", "code"), [(2, 0), (1, 1)])
def test_a_replay_that_lost_something_does_not_end_well(
    stored: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def replayed(*_: object, **_options: object) -> replay.Outcome:
        return replay.Outcome(tracks=1, sent=2, stored=stored)

    monkeypatch.setattr(replay, "run", replayed)
    (tmp_path / "track.csv").write_text("")
    assert main(["replay", str(tmp_path / "track.csv"), "--data-dir", str(tmp_path)]) == code


@pytest.mark.parametrize(("errors", "code"), [(0, 0), (1, 1)])
def test_a_load_that_lost_a_connection_does_not_end_well(
    errors: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sent(*_: object, **_options: object) -> simulate.Load:
        return simulate.Load(sent=2, acked=2 - errors, errors=errors)

    monkeypatch.setattr(simulate, "run", sent)
    assert main(["simulate", "--cameras", "1", "--data-dir", str(tmp_path)]) == code


def test_psql_is_called_with_what_the_url_says_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called: list[object] = []
    monkeypatch.setenv(
        "SIGHTLINE_DATABASE_URL", "postgresql://me:pass-word@host:5/db?sslmode=verify-full"
    )

    def become(*arguments: object) -> None:
        called.extend(arguments)
        sys.exit(0)  # as the real one, it does not come back

    monkeypatch.setattr(os, "execve", become)
    with pytest.raises(SystemExit):
        main(["psql", "-c", "select 1", "--data-dir", str(tmp_path)])
    _, arguments, environment = called
    assert arguments == [
        "psql", "-d", "postgresql://me@host:5/db?sslmode=verify-full", "-c", "select 1",
    ]  # fmt: skip
    assert environment["PGPASSWORD"] == "pass-word"  # type: ignore[index]
