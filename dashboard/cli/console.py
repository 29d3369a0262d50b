"""What the commands share: settings from options, JSON and tables on standard output."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from sightline.dashboard.settings import Settings, load_settings, misspelt_variables
from sightline.sql.errors import ClusterError

OPTIONS = {
    "data_dir": "--data-dir",
    "fleet_cameras": "--cameras",
    "fleet_seed": "--seed",
    "host": "--host",
    "dashboard_port": "--port",
}
"""Setting → the option that gives it."""


def load(options: Namespace, **overrides: Any) -> Settings:
    """The settings, with what the command line gave; misspelt variables are pointed out."""
    for sentence in misspelt_variables(os.environ):
        sys.stderr.write(f"sightline: {sentence}\n")
    return load_settings(OPTIONS, data_dir=options.data_dir, **overrides)


def stop_writing() -> None:
    """The reader of our output, or its terminal, is gone: what is left of it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def database_errors(settings: Settings) -> Iterator[None]:
    """Turn what a driver says about a database that is not there into a sentence.

    Raises:
        ClusterError: the database does not answer, refuses us, or has no schema.
    """
    where = settings.database_place
    try:
        yield
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
        hint = (
            f"{str(error) or 'it took too long'}."
            if settings.database_url
            else "is Sightline running there?"
        )
        raise ClusterError(f"The database of {where} does not answer: {hint}") from error
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
    ) as error:
        raise ClusterError(f"The database of {where} refuses the connection: {error}.") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise ClusterError(
            f"The user of {where} lacks a right in the database: {error}."
            " 'sightline migrate' must have been run as this user."
        ) from error
    except asyncpg.UndefinedTableError as error:
        raise ClusterError(
            f"The database of {where} has no schema, or an old one: run 'sightline migrate'."
        ) from error


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns; nothing is cut off, so the output can be searched."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(title), *(len(row[at]) for row in cells)) if cells else len(title)
        for at, title in enumerate(columns)
    ]
    for line in ([title.upper() for title in columns], *cells):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)
