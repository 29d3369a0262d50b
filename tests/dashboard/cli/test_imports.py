"""`user import`, `camera import`, `bridge import`: all rows or none, and every wrong value is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sightline.dashboard.cli.imports import Column, read_table
from tests.conftest import Database
from tests.dashboard.cli.test_registers import Terminal

COLUMNS = (
    Column("name", "a free name", taken={"old"}),
    Column("role", "one of fim, negco", one_of=("fim", "negco")),
    Column("officer", "an officer", one_of={"4417"}, required=False),
)


@pytest.fixture
def terminal(database: Database, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(database.data_dir, capsys)


def rows(text: str) -> list[dict[str, str | None]]:
    table = read_table(text, COLUMNS)
    assert table.problems == []
    return [dict(row.values) for row in table.rows]


def test_columns_come_in_any_order_and_optional_ones_may_be_missing() -> None:
    assert rows("role,name\nfim, jo \n\nnegco,ann\n") == [
        {"role": "fim", "name": "jo"}, {"role": "negco", "name": "ann"},
    ]  # fmt: skip
    assert rows('name,role,officer\r\n"jo",fim,\r\nann,fim,4417') == [
        {"name": "jo", "role": "fim", "officer": None},
        {"name": "ann", "role": "fim", "officer": "4417"},
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: there is no first line that names the columns"),
        ("name;role\n", "line 1: a column is 'name;role', but must be each of name, role, officer"),
        ("name\njo\n", "line 1: the column role is missing"),
        ("name,role,name\n", "line 1: a column is 'name', but must be each of"),
        ("name,role\njo\n", "line 2: the number of columns is 1, but must be 2, as in the first line"),
        ("name,role\n,fim\n", "line 2: name is '', but must be a free name"),
        ("name,role\njo,king\n", "line 2: role is 'king', but must be one of fim, negco"),
        ("name,role\n\nold,fim\n", "line 3: name is 'old', but must be one that does not exist already"),
        ("name,role\njo,fim\njo,fim\n", "line 3: name is 'jo', but must be in one line only"),
        ("name,role,officer\njo,fim,1\n", "line 2: officer is '1', but must be an officer"),
        ('name,role\n"jo,fim\nann,fim\n', "line 3: this is not CSV: unexpected end of data"),
        ("name,role\nj\0,fim\n", "line 2: name is 'j\\x00', but must be a free name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_line_column_value_and_what_is_allowed(
    text: str, problem: str
) -> None:
    found = read_table(text, COLUMNS).problems[0]
    assert found.startswith(problem)


def test_every_wrong_value_is_said() -> None:
    table = read_table("name,role\nold,king\njo,\n", COLUMNS)
    assert [problem.split(" is ")[0] for problem in table.problems] == [
        "line 2: name", "line 2: role", "line 3: role",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
async def test_users_are_made_as_add_makes_them(
    database: Database, terminal: Terminal, tmp_path: Path, encoding: str
) -> None:
    owner = await database.connect()
    await owner.execute("insert into officer (shoulder_number, name) values ('4417', 'Jo Bloggs')")
    file = tmp_path / "people.csv"
    file.write_text(
        "name,role,display_name,officer\njo,officer,Jó Bloggs,4417\nann,negco,,\n", encoding
    )
    made = [json.loads(line) for line in run(terminal, "user", "import", str(file)).splitlines()]
    assert [one["username"] for one in made] == ["jo", "ann"]
    assert all(len(one["password"]) >= 12 for one in made)
    listed = run(terminal, "user", "list")
    assert "Jó Bloggs" in listed
    assert made[0]["password"] not in listed
    audited = await owner.fetch("select object_id from audit_entry where action = 'user.add'")
    assert [row["object_id"] for row in audited] == ["jo", "ann"]


async def test_one_wrong_row_keeps_all_out(
    database: Database, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,role,officer\njo,fim,\nAnn B,fim,\nbo,chief,0000\n")
    assert run(terminal, "user", "import", str(file), code=1) == ""
    lines = terminal.errors.splitlines()
    assert lines[0].startswith(f"{file}, line 3: name is 'Ann B', but must be 1 to 64 of a-z 0-9")
    assert lines[1].startswith(
        f"{file}, line 4: role is 'chief', but must be one of admin, auditor"
    )
    assert "officer is '0000', but must be the shoulder number of an officer" in lines[2]
    assert lines[3] == f"sightline: {file}: nothing was imported, 3 things are wrong."
    owner = await database.connect()
    assert await owner.fetchval("select count(*) from app_user") == 0


@pytest.mark.parametrize(
    ("what", "column", "key", "wrong"),
    [("camera", "camera", "camera", "not allowed!"), ("bridge", "name", "bridge", "")],
)
def test_cameras_and_bridges_too(
    terminal: Terminal, tmp_path: Path, what: str, column: str, key: str, wrong: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"{column}\nAB4-1\nAB4-2\n")
    made = [json.loads(line) for line in terminal.run(what, "import", str(file)).splitlines()]
    assert [one[key] for one in made] == ["AB4-1", "AB4-2"]
    assert all(len(one["token"]) >= 40 for one in made)
    terminal.run(what, "import", str(file), code=1)
    assert terminal.errors.count("but must be one that does not exist already") == 2
    file.write_text(f'{column}\nAB4-3\n"{wrong}"\n' if wrong else f"{column}\nAB4-3\nAB4-3\n")
    terminal.run(what, "import", str(file), code=1)
    assert "AB4-3" not in terminal.run(what, "list")


@pytest.mark.parametrize(
    ("content", "says"), [(b"name\n\xe4\n", "is not text in UTF-8"), (None, "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    terminal: Terminal, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "bridges.csv"
    if content is not None:
        file.write_bytes(content)
    terminal.run("bridge", "import", str(file), code=2)
    assert says in terminal.errors
    assert terminal.errors.count("\n") == 1


def run(terminal: Terminal, *words: str, code: int = 0) -> str:
    """A command beside a running loop, which it has none of its own with."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as other:
        return other.submit(terminal.run, *words, code=code).result()
