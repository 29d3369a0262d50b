"""Named queries: found by name, and every block says what it is for."""

from __future__ import annotations

import pytest

from sightline.sql import query
from sightline.sql.named import parse


def test_a_block_is_found_by_its_name() -> None:
    assert "pg_database" in query("cluster.database_exists")


@pytest.mark.parametrize("name", ["cluster.nothing", "nothing.at_all", "cluster"])
def test_an_unknown_name_is_an_error(name: str) -> None:
    with pytest.raises(KeyError, match="no query named"):
        query(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-- name: a\n-- One.\nselect 1;\n-- name: a\n-- Two.\nselect 2;", "stands twice"),
        ("-- name: a\nselect 1;", "does not say what it is for"),
        ("-- name: a\n-- Only words.\n", "has no SQL"),
    ],
)
def test_a_malformed_file_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)
