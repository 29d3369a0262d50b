"""`user`, `camera`, `bridge`, `migrate`, `audit verify`, `status`, `psql` against a real database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sightline.dashboard.cli import main
from tests.conftest import Database


class Terminal:
    """Runs commands on the test's database and keeps what they said."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self._capsys = capsys
        self.errors = ""

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that must end with `code`; returns its standard output."""
        self._capsys.readouterr()
        ended = main([*words, "--data-dir", str(self.data_dir)])
        said = self._capsys.readouterr()
        self.errors = said.err
        assert ended == code, said.err
        return said.out

    def made(self, *words: str) -> dict[str, str]:
        """Run a command that prints one JSON object, and nothing else."""
        found: dict[str, str] = json.loads(self.run(*words))
        return found


@pytest.fixture
def terminal(database: Database, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(database.data_dir, capsys)


def test_a_user_is_made_listed_and_disabled(terminal: Terminal) -> None:
    made = terminal.made("user", "add", "jo", "--role", "fim", "--display-name", "Jo Bloggs")
    assert made["username"] == "jo"
    assert len(made["password"]) >= 12
    assert "Jo Bloggs" in terminal.run("user", "list")
    assert made["password"] not in terminal.run("user", "list")
    terminal.made("user", "disable", "jo")
    terminal.run("user", "disable", "jo", code=1)
    assert terminal.errors.count("\n") == 1


def test_a_program_gets_a_bearer_token_that_works_as_the_user(terminal: Terminal) -> None:
    terminal.made("user", "add", "vendor-link", "--role", "fim")
    made = terminal.made("user", "token", "vendor-link")
    assert made["username"] == "vendor-link"
    assert len(made["token"]) >= 40
    assert made["expires"]
    terminal.run("user", "token", "nobody-here", code=1)
    assert "'nobody-here'" in terminal.errors


def test_a_wrong_role_says_which_there_are(terminal: Terminal) -> None:
    terminal.run("user", "add", "jo", "--role", "chief", code=1)
    assert "'chief' is not one of" in terminal.errors
    assert "negco" in terminal.errors


def test_a_camera_is_made_given_another_token_and_disabled(terminal: Terminal) -> None:
    made = terminal.made("camera", "add", "AB4-000123")
    assert made["camera"] == "AB4-000123"
    other = terminal.made("camera", "token", "AB4-000123")
    assert other["token"] != made["token"]
    assert "AB4-000123" in terminal.run("camera", "list")
    terminal.made("camera", "disable", "AB4-000123")
    terminal.run("camera", "add", "not allowed!", code=1)
    assert "A-Z a-z 0-9" in terminal.errors


def test_a_camera_of_nobody_is_refused(terminal: Terminal) -> None:
    terminal.run("camera", "add", "AB4-1", "--officer", "0000", code=1)
    assert "no officer with shoulder number '0000'" in terminal.errors


def test_a_bridge_is_made_given_another_token_and_disabled(terminal: Terminal) -> None:
    made = terminal.made("bridge", "add", "vendor")
    assert set(made) == {"bridge", "token"}
    assert terminal.made("bridge", "token", "vendor")["token"] != made["token"]
    assert "vendor" in terminal.run("bridge", "list")
    terminal.made("bridge", "disable", "vendor")


def test_migrating_what_is_up_to_date_does_nothing(terminal: Terminal) -> None:
    assert terminal.run("migrate") == "The schema is up to date.\n"


def test_the_audit_holds(terminal: Terminal) -> None:
    terminal.made("camera", "add", "AB4-1")
    assert terminal.run("audit", "verify").startswith("The audit holds:")


def test_status_with_a_database_and_nothing_else_is_not_well(terminal: Terminal) -> None:
    found = json.loads(terminal.run("status", "--json", code=1))
    assert found["database"] == "ok"
    assert found["ok"] is False
    assert any("Nothing runs" in problem for problem in found["problems"])


def test_psql_is_the_owner_and_the_password_is_not_in_the_arguments(database: Database) -> None:
    own_arguments = r"\! tr '\0' ' ' </proc/$PPID/cmdline"
    done = subprocess.run(
        [
            sys.executable, "-m", "sightline.dashboard.cli", "psql",
            "--data-dir", str(database.data_dir),
            "-At", "-c", "select current_user", "-c", own_arguments,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == "sightline_owner", done.stderr
    assert "psql -At" in done.stdout.splitlines()[1]
    assert urlsplit(database.url).password not in done.stdout


def test_no_database_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "list", "--data-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "There is no database" in said
    assert "Traceback" not in said


def test_a_database_that_does_not_answer_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", "postgresql://me:pw@127.0.0.1:1/none")
    assert main(["camera", "list", "--data-dir", str(tmp_path)]) == 1
    assert "does not answer" in capsys.readouterr().err
