"""Which errors a command reports as one sentence, and with which exit code it then ends."""

from __future__ import annotations

from sightline.dashboard.libraries import LibrariesError
from sightline.dashboard.settings import SettingsError
from sightline.dashboard.supervisor.errors import HostError, SupervisorError
from sightline.ingest.errors import IngestError
from sightline.sql.errors import DatabaseError


class CommandError(Exception):
    """A command cannot be done as asked; the text is a sentence for a person."""


EXPECTED_ERRORS = (
    CommandError,
    DatabaseError,
    IngestError,
    LibrariesError,
    SettingsError,
    SupervisorError,
)


def exit_code(error: Exception) -> int:
    """2 when what was asked is wrong, 1 when it went wrong."""
    return 2 if isinstance(error, (CommandError, HostError, SettingsError)) else 1
