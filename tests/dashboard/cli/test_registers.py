"""`user`, `camera`, `bridge`, `post`, `migrate`, `audit verify`, `status`, `psql` against a real database."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sightline.dashboard.cli import main
from sightline.sql.audit import seal, signing_key
from sightline.sql.audit_head import HeadFile
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


def _do(database: Database, statement: str) -> None:
    async def done() -> None:
        owner = await database.connect()
        await owner.execute(statement)
        await owner.close()

    asyncio.run(done())


def _seal(database: Database) -> None:
    async def sealed() -> None:
        connection = await database.connect("audit")
        await seal(connection, signing_key(database.data_dir), HeadFile(database.settings))
        await connection.close()

    asyncio.run(sealed())


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


def test_what_of_a_camera_was_not_believed(terminal: Terminal, database: Database) -> None:
    terminal.made("camera", "add", "AB4-1")
    assert terminal.run("camera", "doubted", "AB4-1") == "Nothing of AB4-1 is in quarantine.\n"
    _do(
        database,
        "insert into sightline.fix_quarantine (camera_id, received_time, fix_time, reason, detail, content_hash, raw)"
        " select id, now(), now(), 'implausible_jump', '40000 m in 1 s', 7, '{\"lat\": 51.5, \"lon\": -0.12}'"
        " from sightline.camera where ref = 'AB4-1'",
    )
    told = terminal.run("camera", "doubted", "AB4-1")
    for part in ("implausible_jump", "40000 m in 1 s", "51.5", "-0.12"):
        assert part in told
    assert json.loads(terminal.run("camera", "doubted", "AB4-1", "--raw")) == {
        "lat": 51.5,
        "lon": -0.12,
    }
    terminal.run("camera", "doubted", "AB4-2", code=1)
    assert "there is no camera 'AB4-2'." in terminal.errors


def test_a_camera_of_nobody_is_refused(terminal: Terminal) -> None:
    terminal.run("camera", "add", "AB4-1", "--officer", "0000", code=1)
    assert "no officer with shoulder number '0000'" in terminal.errors


def test_a_bridge_is_made_given_another_token_and_disabled(terminal: Terminal) -> None:
    made = terminal.made("bridge", "add", "vendor")
    assert set(made) == {"bridge", "token"}
    assert terminal.made("bridge", "token", "vendor")["token"] != made["token"]
    assert "vendor" in terminal.run("bridge", "list")
    terminal.made("bridge", "disable", "vendor")


@pytest.mark.parametrize("what", ["user", "camera", "bridge"])
def test_what_was_disabled_comes_back(terminal: Terminal, what: str) -> None:
    terminal.run(what, "add", "ab4-1", *(["--role", "fim"] if what == "user" else []))
    terminal.run(what, "enable", "ab4-1", code=1)
    assert f"there is no {what} 'ab4-1' that is disabled." in terminal.errors
    terminal.run(what, "disable", "ab4-1")
    terminal.run(what, "token", "ab4-1", code=1)
    if what != "user":
        assert f"'sightline {what} enable ab4-1' first." in terminal.errors
    key = {"user": "username"}.get(what, what)
    assert terminal.made(what, "enable", "ab4-1") == {key: "ab4-1", "disabled": False}
    assert terminal.made(what, "token", "ab4-1")["token"]


def test_migrating_what_is_up_to_date_does_nothing(terminal: Terminal) -> None:
    assert terminal.run("migrate") == "The schema is up to date.\n"


def test_the_audit_holds(terminal: Terminal) -> None:
    terminal.made("camera", "add", "AB4-1")
    assert terminal.run("audit", "verify").startswith("The audit holds:")


def test_the_head_of_the_audit_is_one_object_and_the_chain_is_held_against_it(
    terminal: Terminal, database: Database, tmp_path: Path
) -> None:
    terminal.run("audit", "head", code=1)
    assert "Nothing of the audit is signed yet" in terminal.errors
    terminal.made("camera", "add", "AB4-1")
    _seal(database)
    head = terminal.made("audit", "head")
    assert set(head) == {"position", "hash", "time", "key", "signature"}
    said = terminal.run("audit", "verify")
    assert f"position {head['position']}, hash {head['hash']}" in said
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(head))
    terminal.run("audit", "verify", "--head", str(kept))
    kept.write_text(json.dumps(head | {"position": 77}))
    assert "kept.json" in terminal.run("audit", "verify", "--head", str(kept), code=1)


def test_a_key_or_head_that_is_none_is_a_sentence(terminal: Terminal, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    for option in ("--key", "--head"):
        for file in (wrong, tmp_path / "nowhere", tmp_path):
            terminal.run("audit", "verify", option, str(file), code=2)
            assert str(file) in terminal.errors
            assert terminal.errors.count("\n") == 1


def test_where_no_key_is_known_it_says_that_signatures_were_not_checked(
    terminal: Terminal, database: Database
) -> None:
    terminal.made("camera", "add", "AB4-1")
    _seal(database)
    keys = database.data_dir / "audit-public-keys.json"
    elsewhere = keys.rename(database.data_dir.parent / "keys.json")
    (database.data_dir / "audit-signing-key.pem").unlink()
    assert "The signatures were not checked" in terminal.run("audit", "verify")
    assert "not checked" not in terminal.run("audit", "verify", "--key", str(elsewhere))


async def test_whoever_makes_an_administrator_is_in_the_audit(database: Database) -> None:
    for words in (("user", "add", "boss", "--role", "admin"), ("user", "token", "boss")):
        done = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sightline.dashboard.cli", *words,
            "--data-dir", str(database.data_dir),
            env=os.environ | {"SUDO_USER": "jane"}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert await done.wait() == 0
    owner = await database.connect()
    rows = await owner.fetch(
        "select action, actor, actor_role, detail from audit_entry where action like 'user.%' order by id"
    )
    account = pwd.getpwuid(os.getuid()).pw_name
    said = [(row["action"], row["actor"], row["actor_role"]) for row in rows]
    assert said == [("user.add", "system:cli", None), ("user.token", "system:cli", None)]
    for row in rows:
        assert json.loads(row["detail"]) == {"os_user": account, "sudo_user": "jane"}


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
    assert "psql -d postgresql://sightline_owner@" in done.stdout.splitlines()[1]
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


def test_posts_are_made_and_listed_in_the_order_of_their_turns(terminal: Terminal) -> None:
    made = terminal.made("post", "add", "oscar_2", "--role", "fim", "--turn", "2")
    assert made == {"post": "oscar_2", "name": "oscar_2", "role": "fim", "turn": 2}
    terminal.run("post", "add", "oscar_1", "--role", "fim", "--name", "Oscar 1", "--turn", "1")
    terminal.run("post", "add", "negco", "--role", "negco")
    listed = [line.split()[0] for line in terminal.run("post", "list").splitlines()]
    assert listed == ["POST", "oscar_1", "oscar_2", "negco"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("oscar 1", "--role", "fim"), "post 'oscar 1'"),
        (("oscar_1", "--role", "planner"), "role 'planner': posts are held by fim, negco."),
        (("oscar_1", "--role", "fim", "--name", " "), "name ' '"),
        (("oscar_1", "--role", "fim", "--turn", "0"), "turn 0: a number from 1 to 1000."),
    ],
)
def test_a_post_that_cannot_be_is_refused(
    terminal: Terminal, words: tuple[str, ...], says: str
) -> None:
    terminal.run("post", "add", *words, code=1)
    assert says in terminal.errors


def test_a_post_is_made_once(terminal: Terminal) -> None:
    terminal.run("post", "add", "oscar_1", "--role", "fim")
    terminal.run("post", "add", "oscar_1", "--role", "fim", code=1)
    assert "exists already" in terminal.errors
