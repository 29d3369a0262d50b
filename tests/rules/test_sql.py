"""SQL lives in sql/, named and described, and all of it is used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sightline.sql.named import parse
from tests.rules.repository import ROOT, modules, strings

_STATEMENT = re.compile(
    r"\s*(with\s+\w+\s+as\s*\(|select\s[^.]*\sfrom\s|select\s+\w+\(|insert\s+into\s|"
    r"update\s+\w[\w.\"]*\s+set\s|delete\s+from\s|truncate\s+\w|listen\s+\w|notify\s+\w|"
    r"(create|alter|drop)\s+(table|function|index|role|schema|extension|view|trigger|database)\s|"
    r"set\s+(local\s+)?(role|search_path)\s|copy\s+\w+\s+(from|to)\s)",
    re.IGNORECASE,
)


def is_sql(text: str) -> bool:
    """Whether a string is an SQL statement; a capitalised first word is a sentence's."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return (first.islower() or first.isupper()) and _STATEMENT.match(text) is not None


QUERY_FILES = sorted((ROOT / "sql" / "queries").glob("*.sql"))


def test_the_rule_knows_sql_when_it_sees_it() -> None:
    for statement in (
        "select * from live",
        "  INSERT INTO fix VALUES (1)",
        "update live set seen_time = now()",
        "select pg_notify('a', 'b')",
        "with a as (select 1) select 2",
        "LISTEN camera",
    ):
        assert is_sql(statement), statement
    for sentence in ("Select a camera from the list.", "update of the map", "listen: port", "copy"):
        assert not is_sql(sentence), sentence


def test_there_is_no_sql_in_python() -> None:
    wrong = [
        f"{module}:{line} {text.strip().splitlines()[0][:60]}"
        for module, tree in modules()
        for line, text in strings(tree)
        if is_sql(text)
    ]
    assert not wrong, "SQL belongs into sql/queries:\n" + "\n".join(wrong)


@pytest.mark.parametrize("file", QUERY_FILES, ids=lambda file: file.stem)
def test_each_query_has_a_name_and_a_description(file: Path) -> None:
    blocks = parse(file.read_text(encoding="utf-8"))
    assert blocks
    short = [query for query, body in blocks.items() if len(body.splitlines()[0]) < len("-- A few")]
    assert not short, f"say what these are for: {short}"


def _named_in_python() -> set[str]:
    word = re.compile(r"^[a-z_0-9]+\.[a-z_0-9]+$")
    return {text for _, tree in modules("sql", "ingest", "dashboard", "tests", "benchmarks")
            for _, text in strings(tree) if word.match(text)}  # fmt: skip


def test_each_query_is_used() -> None:
    used = _named_in_python()
    unused = [
        f"{file.stem}.{query}"
        for file in QUERY_FILES
        for query in parse(file.read_text(encoding="utf-8"))
        if f"{file.stem}.{query}" not in used
    ]
    assert not unused, f"nobody asks for {unused}"


def test_each_query_that_is_asked_for_exists() -> None:
    known = {
        f"{file.stem}.{query}"
        for file in QUERY_FILES
        for query in parse(file.read_text(encoding="utf-8"))
    }
    missing = [
        f"{module}:{node.lineno} {node.args[0].value}"
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "query"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in known
    ]
    assert not missing, "\n".join(missing)


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(file.name[:4]) for file in sorted((ROOT / "sql" / "migrations").glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))
