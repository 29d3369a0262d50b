"""Senseless messages through the pure protocol: always an answer, the same by the quick and the thorough way, never wrong."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field

import msgspec

from benchmarks.endurance.nonsense import Nonsense
from benchmarks.endurance.reading import NotReadableError, Reading, Said, UnsureError, narrow, read
from sightline.ingest import explain, protocol
from sightline.ingest.errors import ProtocolError
from sightline.ingest.fields import BEARER_CODES, MAX_MESSAGE_BYTES, RECORDING_CODES
from sightline.ingest.messages import Fix, Incoming, Report
from sightline.ingest.received import valued
from sightline.ingest.wire import PlainReport

_RECORDING = {code: word for word, code in RECORDING_CODES.items()}
_BEARER = {code: word for word, code in BEARER_CODES.items()}


@dataclass
class Outcome:
    """What became of the messages.

    Attributes:
        wrong: messages, with what was wrong, at most a few.
    """

    messages: int = 0
    refused: int = 0
    fixes: int = 0
    unsure: int = 0
    crashes: int = 0
    differing: int = 0
    misread: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, raw: bytes, *, binary: bool) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(f"{what} binary={binary} {raw[:600]!r}")


def reading_of(fix: Fix) -> Reading:
    """A fix of the gateway as the independent reading writes it."""
    heard = fix.signal
    radio = (
        (None,) * 5
        if heard is None
        else (heard.rsrp_dbm, heard.rsrq_db, heard.sinr_db, heard.rssi_dbm, heard.uplink_kbps)
    )
    return (
        fix.time_us,
        fix.lat,
        fix.lon,
        narrow(fix.accuracy_m),
        narrow(fix.altitude_m),
        narrow(fix.speed_mps),
        narrow(fix.heading_deg),
        _RECORDING[fix.recording],
        narrow(fix.battery_pct),
        _BEARER[heard.bearer if heard else 0],
        heard.operator if heard else None,
        heard.cell if heard else None,
        *map(narrow, radio),
    )


def run(count: int, seed: int, now_ms: int) -> Outcome:
    """So many messages through `ingest.protocol`."""
    nonsense, outcome = Nonsense(seed, now_ms), Outcome()
    for number in range(count):
        raw, binary = nonsense.message("CAM-1" if number % 2 else None)
        outcome.messages += 1
        try:
            _one(raw, outcome, binary=binary)
        except Exception as error:  # noqa: BLE001 - every crash is a finding
            outcome.crashes += 1
            outcome.note(f"crash {error!r}", raw, binary=binary)
    return outcome


def _one(raw: bytes, outcome: Outcome, *, binary: bool) -> None:
    packed = binary and not protocol.is_json_object(raw)
    try:
        received = protocol.receive(raw, binary=packed)
    except ProtocolError as error:
        outcome.refused += 1
        taken: Incoming | None = None
        answer: msgspec.Struct = protocol.problem(error)
        _answers(answer)
    else:
        taken = valued(received) if isinstance(received, PlainReport) else received
        entries = getattr(taken, "rejected", [])
        _answers(protocol.acknowledge(getattr(taken, "seq", 0), 0, 0, entries))
    if not _thorough_agrees(raw, taken, packed=packed):
        outcome.differing += 1
        outcome.note(f"the two ways differ: {taken!r}", raw, binary=binary)
    try:
        said: Said | None = read(raw, binary=binary)
    except NotReadableError:
        said = None
    except UnsureError:
        outcome.unsure += 1
        return
    wrong = _wrong(said, taken)
    if wrong:
        outcome.misread += 1
        outcome.note(wrong, raw, binary=binary)
    if isinstance(taken, Report):
        outcome.fixes += len(taken.fixes)


def _answers(answer: msgspec.Struct) -> None:
    for packed in (False, True):
        made = protocol.encode(answer, packed=packed)  # type: ignore[arg-type]
        if len(made) >= MAX_MESSAGE_BYTES:
            raise ValueError(f"an answer of {len(made)} bytes")
    json.loads(protocol.encode(answer, packed=False))  # type: ignore[arg-type]


def _thorough_agrees(raw: bytes, taken: Incoming | None, *, packed: bool) -> bool:
    try:
        thorough: Incoming | None = explain.message(protocol.any_document(raw, packed=packed))
    except ProtocolError:
        # Below a field that nobody asked for, the quick way does not look, and need not.
        return taken is None or _reads_nothing(raw)
    return thorough == taken


def _reads_nothing(raw: bytes) -> bool:
    """Whether the bytes hold a text that is none (halves of characters, no UTF-8), which only a strict reader minds."""
    try:
        return "\\u" in raw.decode()
    except UnicodeDecodeError:
        return True


def _wrong(said: Said | None, taken: Incoming | None) -> str:
    """What differs between the independent reading and the gateway's; empty: nothing."""
    if said is None or taken is None:
        return "" if said is None and taken is None else f"{said!r} against {taken!r}"
    if type(taken).__name__.lower() != said.kind.replace("_", "") or taken.camera != said.camera:
        return f"{said!r} against {taken!r}"
    if not isinstance(taken, Report):
        return ""
    got = {fix.index: reading_of(fix) for fix in taken.fixes if fix.index not in said.unsure}
    if _bits(got) != _bits(said.fixes) or taken.seq != said.seq or taken.total != said.total:
        return f"{said.fixes!r} against {got!r}"
    lost = {entry.index for entry in taken.rejected if not entry.kept}
    if {fix.index for fix in taken.fixes} != set(range(taken.total)) - lost:
        return f"neither taken nor rejected: {taken!r}"
    return ""


def _bits(readings: dict[int, Reading]) -> dict[int, tuple[object, ...]]:
    """With numbers as their bits, but for the sign of a zero."""
    return {
        index: tuple(
            struct.pack(">d", part + 0.0) if isinstance(part, float) else part for part in reading
        )
        for index, reading in readings.items()
    }
