"""`user import`, `camera import`, `bridge import`: a table of what `add` makes one at a time.

The first line names the columns, which are the arguments of `add`. All rows are checked before anything
is made; one that is wrong keeps all of them out.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg

from sightline.dashboard.cli.console import print_json
from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.cli.registers import with_connection
from sightline.ingest.fields import CAMERA_ID_ALLOWED, CAMERA_ID_PATTERN
from sightline.sql import accounts, query
from sightline.sql.errors import AccountError

_USERNAME = re.compile(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")  # as the database checks it
_USERNAME_ALLOWED = "1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit"

Made = accounts.NewUser | accounts.NewCamera | accounts.NewBridge


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        pattern: what a value must match, `allowed` in words.
        one_of: the values there are, where they are a list.
        taken: values that are in use already; the column is then different in every row.
        required: whether every row needs a value.
    """

    name: str
    allowed: str
    pattern: re.Pattern[str] = re.compile(r"\A[^\x00-\x1f\x7f]+\Z")
    one_of: Collection[str] | None = None
    taken: Collection[str] | None = None
    required: bool = True


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, and its values by column; None where nothing stands."""

    line: int
    values: Mapping[str, str | None]


@dataclass
class Table:
    """What a file holds, and what is wrong with it, a sentence each."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_table(text: str, columns: Sequence[Column]) -> Table:
    """The rows of a CSV table and everything that is wrong with them. Pure."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    table = Table()
    seen: Counter[tuple[str, str]] = Counter()
    header: list[str] | None = None
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if header is None:
                header = cells
                table.problems += _wrong_header(header, columns, reader.line_num)
                if table.problems:
                    return table
            elif len(cells) != len(header):
                table.problems.append(
                    f"line {reader.line_num}: the number of columns is {len(cells)},"
                    f" but must be {len(header)}, as in the first line"
                )
            else:
                values = {name: cell or None for name, cell in zip(header, cells, strict=True)}
                table.rows.append(Row(reader.line_num, values))
                table.problems += _wrong_values(table.rows[-1], columns, seen)
    except csv.Error as error:
        table.problems.append(f"line {reader.line_num}: this is not CSV: {error}")
    if header is None:
        table.problems.append("line 1: there is no first line that names the columns")
    return table


def _wrong_header(header: Sequence[str], columns: Sequence[Column], line: int) -> list[str]:
    names = [column.name for column in columns]
    allowed = f"each of {', '.join(names)} at most once"
    wrong = [name for name, count in Counter(header).items() if name not in names or count > 1]
    return [f"line {line}: a column is {name!r}, but must be {allowed}" for name in wrong] + [
        f"line {line}: the column {column.name} is missing"
        for column in columns
        if column.required and column.name not in header
    ]


def _wrong_values(row: Row, columns: Sequence[Column], seen: Counter[tuple[str, str]]) -> list[str]:
    found = []
    for column in columns:
        value = row.values.get(column.name)
        if allowed := _not_allowed(column, value, seen):
            shown = (value or "")[:64]
            found.append(f"line {row.line}: {column.name} is {shown!r}, but must be {allowed}")
    return found


def _not_allowed(column: Column, value: str | None, seen: Counter[tuple[str, str]]) -> str | None:
    """What a value should be; None where it may be what it is."""
    if value is None:
        return column.allowed if column.required else None
    if not column.pattern.match(value):
        return column.allowed
    if column.one_of is not None and value not in column.one_of:
        return column.allowed
    if column.taken is None:
        return None
    seen[column.name, value] += 1
    if value in column.taken:
        return "one that does not exist already"
    return "in one line only" if seen[column.name, value] > 1 else None


async def _officers(connection: asyncpg.Connection) -> Column:
    numbers = [row[0] for row in await connection.fetch(query("accounts.shoulder_numbers"))]
    return Column(
        "officer", "the shoulder number of an officer there is", one_of=set(numbers), required=False
    )


def users(options: Namespace) -> int:
    """Make users from a table."""

    async def work(connection: asyncpg.Connection) -> list[Made]:
        roles = [row["code"] for row in await connection.fetch(query("accounts.roles"))]
        taken = {row["username"] for row in await accounts.list_users(connection)}
        columns = (
            Column("name", _USERNAME_ALLOWED, _USERNAME, taken=taken),
            Column("role", f"one of {', '.join(roles)}", one_of=roles),
            Column(
                "display_name",
                accounts.NAME_ALLOWED,
                re.compile(accounts.NAME_PATTERN),
                required=False,
            ),
            await _officers(connection),
        )

        async def add(values: Mapping[str, str | None]) -> Made:
            return await accounts.add_user(
                connection,
                values["name"] or "",
                values["role"] or "",
                display_name=values.get("display_name"),
                shoulder_number=values.get("officer"),
            )

        return await _add_all(connection, options.file, columns, add)

    return _print_made(with_connection(options, work))


def cameras(options: Namespace) -> int:
    """Register cameras from a table."""

    async def work(connection: asyncpg.Connection) -> list[Made]:
        taken = {row["camera"] for row in await accounts.list_cameras(connection)}
        columns = (
            Column("camera", CAMERA_ID_ALLOWED, re.compile(CAMERA_ID_PATTERN), taken=taken),
            await _officers(connection),
        )

        async def add(values: Mapping[str, str | None]) -> Made:
            return await accounts.add_camera(
                connection, values["camera"] or "", shoulder_number=values.get("officer")
            )

        return await _add_all(connection, options.file, columns, add)

    return _print_made(with_connection(options, work))


def bridges(options: Namespace) -> int:
    """Register bridges from a table."""

    async def work(connection: asyncpg.Connection) -> list[Made]:
        taken = {row["bridge"] for row in await accounts.list_bridges(connection)}
        columns = (
            Column("name", accounts.NAME_ALLOWED, re.compile(accounts.NAME_PATTERN), taken=taken),
        )

        async def add(values: Mapping[str, str | None]) -> Made:
            return await accounts.add_bridge(connection, values["name"] or "")

        return await _add_all(connection, options.file, columns, add)

    return _print_made(with_connection(options, work))


async def _add_all(
    connection: asyncpg.Connection,
    file: Path,
    columns: Sequence[Column],
    add: Callable[[Mapping[str, str | None]], Awaitable[Made]],
) -> list[Made]:
    """Make what the rows of a file say, all or nothing.

    Raises:
        CommandError: the file cannot be read.
        AccountError: something in it is wrong; each has been told on standard error.
    """
    table = read_table(_text(file), columns)
    for problem in table.problems:
        sys.stderr.write(f"{file}, {problem}.\n")
    if table.problems:
        raise AccountError(f"{file}: nothing was imported, {len(table.problems)} things are wrong.")
    async with connection.transaction():
        return [await add(row.values) for row in table.rows]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not text in UTF-8.") from error
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}).") from error


def _print_made(made: Sequence[Made]) -> int:
    for one in made:
        print_json(asdict(one))
    return 0
