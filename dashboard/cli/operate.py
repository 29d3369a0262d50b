"""`status`, `settings`, `migrate`, `psql` and `audit`."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from argparse import Namespace
from typing import Any

from sightline.dashboard.cli.console import database_errors, load, print_json, print_table
from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.settings import Settings, masked, variable
from sightline.dashboard.supervisor.data_directory import with_internal_secret
from sightline.dashboard.supervisor.status import Status, ask
from sightline.sql import audit
from sightline.sql import migrate as schema
from sightline.sql.audit_head import Head, read_head
from sightline.sql.audit_keys import read_keys, trusted_keys
from sightline.sql.cluster import server_binaries
from sightline.sql.connect import connect, database_url
from sightline.sql.errors import AuditFileError
from sightline.sql.settings import split_password


def status(options: Namespace) -> int:
    """What runs, how far behind, what is wrong; 0 only when all is well."""
    settings = load(options)
    if os.access(settings.data_dir, os.W_OK):
        settings = with_internal_secret(settings)
    found = asyncio.run(ask(settings))
    if options.json:
        print_json(found.as_json())
    else:
        _print_status(found)
    return 0 if found.is_well else 1


def _print_status(found: Status) -> None:
    kind = "demo" if found.demo else "Sightline"
    sys.stdout.write(f"{kind} at {found.url}, data in {found.data_dir}\n\n")
    print_table(
        ("part", "state", "process", "restarts"),
        [
            *(
                (part.name, "ready" if part.ready else "not ready", part.pid, part.restarts)
                for part in found.parts
            ),
            ("database", "ready" if found.database == "ok" else "not ready", None, None),
        ],
    )
    if found.database == "ok":
        behind = "-" if found.behind_s is None else f"{found.behind_s:.1f} s"
        sys.stdout.write(
            f"\n{found.cameras_live} of {found.cameras} cameras heard in the last two minutes,"
            f" the newest report {behind} ago\n"
        )
    sys.stdout.write("\n" + ("\n".join(found.problems) or "All is well.") + "\n")


def settings(options: Namespace) -> int:
    """Every setting with its variable, meaning, default and present value."""
    present = load(options)
    rows = [
        {
            "setting": name,
            "variable": variable(name),
            "meaning": field.description,
            "default": masked(name, field.get_default(call_default_factory=True)),
            "value": masked(name, getattr(present, name)),
        }
        for name, field in Settings.model_fields.items()
    ]
    if options.json:
        print_json({str(row.pop("setting")): row for row in rows})
    else:
        columns = ("variable", "value", "default", "meaning")
        print_table(columns, [[row[column] or None for column in columns] for row in rows])
    return 0


def migrate(options: Namespace) -> int:
    """Bring the schema up to date."""
    present = load(options)
    with database_errors(present):
        applied = asyncio.run(schema.migrate(present))
    for name in applied:
        sys.stdout.write(f"applied {name}\n")
    sys.stdout.write("The schema is up to date.\n")
    return 0


def psql(options: Namespace) -> int:
    """Become psql, connected as the owner; the password travels in the environment only."""
    url, password = split_password(database_url(load(options), "owner")[0])
    program = shutil.which("psql") or str(server_binaries() / "psql")
    if not os.access(program, os.X_OK):
        raise CommandError("psql is not installed; Debian's package is postgresql-client.")
    environment = os.environ | {"PGOPTIONS": "-c search_path=sightline,public"}
    if password is not None:
        environment["PGPASSWORD"] = password
    sys.stdout.flush()
    # The URL as it is, so that what it says about TLS and the like holds here too.
    os.execve(program, ["psql", "-d", url, *options.arguments], environment)


def audit_verify(options: Namespace) -> int:
    """Walk the chain; 1 and the first bad row if it does not hold."""
    present = load(options)
    try:
        keys = [key for file in options.key for key in read_keys(file)]
        heads = [(str(file), read_head(file)) for file in options.head]
    except AuditFileError as error:
        raise CommandError(str(error)) from error
    with database_errors(present):
        report = asyncio.run(audit.verify(present, keys, heads))
    said = [_verdict(report), _head_words(report.head) if report.head else "", *report.remarks]
    sys.stdout.write("".join(f"{line}\n" for line in said if line))
    return 0 if report.holds else 1


def _verdict(report: audit.AuditReport) -> str:
    if report.holds:
        tail = (
            f"{report.unsealed} rows after it are not sealed yet" if report.unsealed else "no tail"
        )
        return (
            f"The audit holds: {report.rows} rows, signed to position {report.anchored_position},"
            f" {tail}."
        )
    where = "" if report.bad_position is None else f" at position {report.bad_position}"
    if report.bad_entry is not None:
        entry = f"audit row {report.bad_entry}"
        where += f" ({entry})" if where else f" at {entry}"
    return (
        f"The audit does not hold{where}: {report.problem}."
        f" {report.rows} sealed rows before it hold."
    )


def _head_words(head: dict[str, Any]) -> str:
    return (
        f"Head in the database: position {head['position']}, hash {head['hash']},"
        f" signed {head['time']} with key {head['key']}."
    )


def audit_head(options: Namespace) -> int:
    """The newest signed head as one JSON object."""
    present = load(options)
    with database_errors(present):
        head = asyncio.run(_signed_head(present))
    if head is None:
        raise AuditFileError(
            "Nothing of the audit is signed yet: a keeper does that within seconds."
        )
    print_json(head.as_json())
    return 0


async def _signed_head(present: Settings) -> Head | None:
    """The head that the database has, refused if none of the keys known here signed it."""
    keys = trusted_keys(present.data_dir)
    connection = await connect(present, "audit")
    try:
        head = await audit.newest_head(connection)
    finally:
        await connection.close()
    problem = head.check(keys).problem if head and keys else None
    if problem:
        raise AuditFileError(f"The newest head in the database is {problem}.")
    return head
