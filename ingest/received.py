"""One message as it waits for the next flush, and its fixes as columns or as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec

from sightline.ingest import explain, wire
from sightline.ingest.columns import Laid, laid, report_of
from sightline.ingest.messages import Report, Status
from sightline.ingest.wire import PlainReport

_NONE_REFUSED: Final[Mapping[int, str]] = MappingProxyType({})
Message = PlainReport | Laid | Report | Status | None


def fixes_in(message: Message) -> int:
    """Number of fixes that a message held, rejected ones too."""
    return 0 if message is None or isinstance(message, Status) else message.total


class Received(msgspec.Struct, gc=False):
    """One message as it waits for the next flush.

    The garbage collector does not look at it, as there are tens of thousands a second; whatever has it lets it go.

    Attributes:
        camera_id: the camera's number in the database.
        epoch: number of the connection it came by.
        received_us: the server's clock at receipt, microseconds since 1970 UTC.
        message: a report or status; None: another sign of life, which needs no acknowledgement. A plain report is
            laid out while it waits (see `lay_out_loose`).
        channel: where the acknowledgement goes; opaque here.
        refused: fixes, by index, that the database refused before, with its reason.
        size: how much of a batch it takes: its fixes, rejected ones too (their answers take room), and one for itself.
    """

    camera_id: int
    epoch: int
    received_us: int
    message: Message
    channel: Any = None
    refused: Mapping[int, str] = _NONE_REFUSED
    size: int = 0

    def __post_init__(self) -> None:
        if not self.size:
            self.size = 1 + fixes_in(self.message)


def lay_out_loose(received: Sequence[Received]) -> None:
    """Put the fixes of plain reports into columns, and let go of what they were decoded to.

    Args:
        received: messages, of which those that are plain reports become `Laid`.
    """
    loose = [one for one in received if isinstance(one.message, PlainReport)]
    if loose:
        reports = cast("list[PlainReport]", [one.message for one in loose])
        for one, laid_out in zip(loose, laid(reports), strict=True):
            one.message = laid_out


def valued(message: Message) -> Report | Status | None:
    """The message with a plain report as values, one for each fix."""
    if isinstance(message, Laid):
        message = report_of(message)
    if not isinstance(message, PlainReport):
        return message
    try:
        report = wire.value(message)
    except wire.NotFast:  # a network or cell in characters that no name has
        report = explain.message(wire.document(message))
    assert isinstance(report, Report)
    return report
