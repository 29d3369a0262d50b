"""One message as it waits for the next flush, and its fixes as columns or as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec
import numpy as np

from sightline.ingest import explain, wire
from sightline.ingest.by_camera import Arrivals
from sightline.ingest.columns import Readings, readings, report_of
from sightline.ingest.messages import Ack, Report, Status
from sightline.ingest.wire import PlainReport

_NONE_REFUSED: Final[Mapping[int, str]] = MappingProxyType({})


@dataclass(slots=True)
class Block:
    """Plain reports that were laid out together: when and from whom they came, and their fixes."""

    arrivals: Arrivals
    made: Readings


class Laid(msgspec.Struct, gc=False):
    """A plain report whose fixes are in columns.

    Attributes:
        seq: the report's.
        camera: its id, where the message names it.
        total: number of fixes.
        block: where they are.
        number: which of the block's reports it is.
    """

    seq: int
    camera: str | None
    total: int
    block: Block
    number: int


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
        ack: the acknowledgement, once it is committed; None: everything in it was stored (see `acknowledgement`).
    """

    camera_id: int
    epoch: int
    received_us: int
    message: Message
    channel: Any = None
    refused: Mapping[int, str] = _NONE_REFUSED
    size: int = 0
    ack: Ack | None = None

    def __post_init__(self) -> None:
        if not self.size:
            self.size = 1 + fixes_in(self.message)


def acknowledgement(received: Received) -> Ack:
    """What a report or status that was committed is answered."""
    if received.ack is not None:
        return received.ack
    message = received.message
    assert isinstance(message, Laid)  # everything else is counted one by one
    return Ack(message.seq, message.total, 0, [], 0, message.camera)


def lay_out_loose(received: Sequence[Received]) -> None:
    """Put the fixes of plain reports into columns, and let go of what they were decoded to.

    Args:
        received: messages, of which those that are plain reports become `Laid`.
    """
    loose = [one for one in received if isinstance(one.message, PlainReport)]
    if not loose:
        return
    reports = cast("list[PlainReport]", [one.message for one in loose])
    arrivals = Arrivals(
        np.array([one.camera_id for one in loose], np.int64),
        np.array([one.epoch for one in loose], np.int64),
        np.array([one.received_us for one in loose], np.int64),
        np.array([report.seq for report in reports], np.int64),
    )
    block = Block(arrivals, readings(reports))
    for number, (one, report) in enumerate(zip(loose, reports, strict=True)):
        one.message = Laid(report.seq, report.camera, len(report.fixes), block, number)


def valued(message: Message) -> Report | Status | None:
    """The message with a plain report as values, one for each fix."""
    if isinstance(message, Laid):
        message = report_of(message.block.made, message.number, message.seq, message.camera)
    if not isinstance(message, PlainReport):
        return message
    try:
        report = wire.value(message)
    except wire.NotFast:  # a network or cell in characters that no name has
        report = explain.message(wire.document(message))
    assert isinstance(report, Report)
    return report
