"""What can go wrong with what comes from elsewhere.

IngestError
├── TrackFormatError         a file is not in the format it should be in
│   └── NotALogError         it is something else altogether
├── CotStreamError           a connection does not speak Cursor-on-Target; it ends
└── CotEventError            one event is not taken; the connection stays
"""

from __future__ import annotations

from sightline.ingest.errors import IngestError


class TrackFormatError(IngestError):
    """A file is not a track in a format that can be read; the text says which and why."""


class NotALogError(TrackFormatError):
    """A file is no log at all: something else that lies beside the logs."""


class CotStreamError(IngestError):
    """What a connection sends is no stream of Cursor-on-Target in XML; the text says why."""


class CotEventError(IngestError):
    """An event that is not taken: which field, what stood there, and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        """Args:
        field: name of the field, as CoT calls it.
        value: what stood there, cut to a safe length; None: nothing.
        allowed: what may stand there.
        """
        shown = "is missing" if value is None else f"is {value!r}"
        super().__init__(f"{field} {shown}; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed
