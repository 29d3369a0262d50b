"""What can go wrong between a camera and the database.

IngestError
├── ProtocolError             a message that is not `sightline.camera.v1`; answered, never fatal
├── DatabaseAwayError       the database does not answer; what was received is kept and tried again
├── NotNowError             the gateway cannot take it just now; its sender keeps it and tries again
├── RowRefusedError         the database refuses a row that the protocol let through
└── StaleError              another gateway wrote of cameras since they were read; what was planned is planned anew
"""

from __future__ import annotations

from collections.abc import Sequence


class IngestError(Exception):
    """Base of all errors of this package; the text is a sentence for a person."""


class ProtocolError(IngestError):
    """A message that is not what the camera protocol says.

    Args:
        code: stable word for programs, for example ``unknown_type``.
        message: sentence for a person.
        field: name of the field at fault, where there is one.
        value: what stood there, cut to a safe length (see `sightline.ingest.fields.echo`).
        allowed: what may stand there.
        seq: `seq` of the message, where it could be read.
        camera: the camera that the message named, where it could be read.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        value: object = None,
        allowed: str | None = None,
        seq: int | None = None,
        camera: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.value = value
        self.allowed = allowed
        self.seq = seq
        self.camera = camera


class DatabaseAwayError(IngestError):
    """The database does not answer, or cannot take anything just now."""


class NotNowError(IngestError):
    """The gateway cannot take anything just now.

    Args:
        code: ``ending`` or ``overloaded``.
        message: sentence for a person.
        retry_after_s: when to try again, in seconds.
    """

    def __init__(self, code: str, message: str, *, retry_after_s: float = 5) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class RowRefusedError(IngestError):
    """The database refuses a row for good; trying again would not help."""


class StaleError(IngestError):
    """Another gateway wrote of these cameras since they were read.

    Args:
        cameras: their numbers.
    """

    def __init__(self, cameras: Sequence[int]) -> None:
        super().__init__(f"{len(cameras)} cameras were written by another gateway meanwhile")
        self.cameras = cameras
