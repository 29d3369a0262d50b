"""Named queries: SQL lives in ``sql/queries/SUBJECT.sql``, each block with a name and what it is for.

A block looks like this; its name in Python is ``"live.changed_since"``::

    -- name: changed_since
    -- Live rows that one gateway changed after a batch.
    select … where gateway_id = $1 and batch > $2;
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_BLOCK = re.compile(r"^-- name: *(?P<name>[a-z0-9_]+) *$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Split one file into its blocks: name → SQL without the name line.

    Raises:
        ValueError: a name stands twice, or a block has no description line or no SQL.
    """
    found: dict[str, str] = {}
    starts = list(_BLOCK.finditer(text))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        name = start["name"]
        body = text[start.end() : following.start() if following else len(text)].strip()
        if name in found:
            raise ValueError(f"query {name} stands twice")
        if not body.startswith("-- "):
            raise ValueError(f"query {name} does not say what it is for")
        if all(line.startswith("--") for line in body.splitlines()):
            raise ValueError(f"query {name} has no SQL")
        found[name] = body
    return found


@cache
def _subject(subject: str) -> dict[str, str]:
    file = resources.files(__package__) / "queries" / f"{subject}.sql"
    return parse(file.read_text(encoding="utf-8"))


def query(name: str) -> str:
    """The SQL text of ``"subject.name"``.

    Raises:
        KeyError: there is no such query.
    """
    subject, _, short = name.partition(".")
    try:
        return _subject(subject)[short]
    except (FileNotFoundError, KeyError) as error:
        raise KeyError(f"no query named {name!r}") from error
