"""What can go wrong with what comes from elsewhere.

TrackFormatError (an IngestError)     a file is not in the format it should be in
└── NotALogError                      it is something else altogether
"""

from __future__ import annotations

from sightline.ingest.errors import IngestError


class TrackFormatError(IngestError):
    """A file is not a track in a format that can be read; the text says which and why."""


class NotALogError(TrackFormatError):
    """A file is no log at all: something else that lies beside the logs."""
