"""`sightline.camera.v1` and `sightline.bridge.v1`: bytes in, values out; values in, bytes out. No I/O.

A text message is one JSON object, a binary message the same structure as MessagePack. The fast way decodes and checks in one pass
(`sightline.ingest.wire`); whatever it refuses is looked at field by field (`sightline.ingest.explain`), so that one
bad value costs that value or that fix and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from sightline.ingest import explain, fields, wire
from sightline.ingest.errors import ProtocolError
from sightline.ingest.messages import Ack, Command, Incoming, Outgoing, Problem, Rejection

CAMERA_SUBPROTOCOL: Final = "sightline.camera.v1"
BRIDGE_SUBPROTOCOL: Final = "sightline.bridge.v1"

CLOSE_GOING_AWAY: Final = 1001
CLOSE_TOO_LARGE: Final = 1009
CLOSE_INTERNAL_ERROR: Final = 1011
CLOSE_OVERLOADED: Final = 1013
CLOSE_TOKEN_INVALID: Final = 4001
CLOSE_TOO_MANY_ERRORS: Final = 4008
CLOSE_REPLACED: Final = 4009

ERROR_WINDOW_S: Final = 60.0

MAX_REJECTIONS: Final = fields.MAX_FIXES
"""Entries of one acknowledgement; keeps it below the size that a message may have."""

_MOST_DIGITS: Final = 4_300
"""Python's own limit, whatever the process has set."""
_BITS_A_DIGIT: Final = math.log2(10)
_MSGPACK_MAPS: Final = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_json_wire = msgspec.json.Decoder(wire.Wire)
# Of one type alone, msgspec would take a message that names none.
_Plain = wire.PlainReport | wire.WireEyesOn
_json_plain = msgspec.json.Decoder(_Plain)
_json_any = msgspec.json.Decoder()
_msgpack_wire = msgspec.msgpack.Decoder(wire.Wire)
_msgpack_plain = msgspec.msgpack.Decoder(_Plain)
_msgpack_any = msgspec.msgpack.Decoder()
_is_camera_id = re.compile(fields.CAMERA_ID_PATTERN).fullmatch
_json_encode = msgspec.json.Encoder().encode
_msgpack_encode = msgspec.msgpack.Encoder().encode


def is_msgpack(raw: bytes) -> bool:
    """Whether the bytes begin a MessagePack map; no JSON text can begin with such a byte."""
    return bool(raw) and raw[0] in _MSGPACK_MAPS


def is_json_object(raw: bytes) -> bool:
    """Whether the bytes begin a JSON object; in MessagePack such a byte is a number, which no message is."""
    return raw[:1] == b"{"


def plain(raw: bytes, *, packed: bool) -> wire.PlainReport | None:
    """A report of nothing but numbers, as it was decoded; None: it is something else, and `receive` says what.

    Args:
        raw: the payload of a text or binary message.
        packed: whether it is MessagePack.

    Returns:
        A report whose `camera` may be any text. Whoever knows no camera of this id lets `receive` look.
    """
    try:
        message = (_msgpack_plain if packed else _json_plain).decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return message if type(message) is wire.PlainReport else None


def receive(raw: bytes, *, binary: bool | None = None) -> Incoming | wire.PlainReport:
    """One message of a camera or a bridge; a report of nothing but numbers stays as it was decoded, which is quicker.

    Args and errors are those of `decode`.
    """
    packed = is_msgpack(raw) if binary is None else binary
    report = plain(raw, packed=packed)
    if report is None or not (report.camera is None or _is_camera_id(report.camera)):
        return decode(raw, binary=binary)
    return report


def decode(raw: bytes, *, binary: bool | None = None) -> Incoming:
    """One message of a camera or a bridge.

    Args:
        raw: the payload of a text or binary message, at most `fields.MAX_MESSAGE_BYTES`.
        binary: whether it came as a binary message and is therefore MessagePack; None: its first byte tells.

    Raises:
        ProtocolError: it is no message of the protocol; nothing else is ever raised.
    """
    packed = is_msgpack(raw) if binary is None else binary
    try:
        return wire.value((_msgpack_wire if packed else _json_wire).decode(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError, wire.NotFast):
        return explain.message(any_document(raw, packed=packed))


def json_document(raw: bytes) -> object:
    """Whatever JSON the bytes are, also of a sender who speaks another protocol.

    Raises:
        ProtocolError: they are none, or are nested too deeply.
    """
    return any_document(raw, packed=False)


def any_document(raw: bytes, *, packed: bool) -> object:
    """Whatever JSON or MessagePack the bytes are.

    Raises:
        ProtocolError: they are none, or are nested too deeply.
    """
    try:
        return _msgpack_any.decode(raw) if packed else _any_json(raw)
    except RecursionError:
        raise ProtocolError(
            "too_deep", "The message is nested too deeply; a message needs four levels."
        ) from None
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
        name = "MessagePack" if packed else "JSON"
        raise ProtocolError(f"not_{name.lower()}", f"The message is not {name}: {error}.") from None


def _any_json(raw: bytes) -> object:
    try:
        return _json_any.decode(raw)
    except (msgspec.MsgspecError, ValueError) as strict:
        # Some encoders write NaN, Infinity and halves of characters, which JSON does not know. Read them, so that only
        # the fix that holds one is lost, with an answer that names it.
        try:
            return json.loads(raw.decode(), parse_int=_whole)
        except ValueError:
            raise strict from None


def _whole(digits: str) -> int:
    """An integer; one of more digits than Python reads (it would take quadratic time) is only about as large.

    No field holds such a number, so that all it must be is out of range.
    """
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    size = 1 << int(len(digits) * _BITS_A_DIGIT)
    return -size if digits.startswith("-") else size


def encode(message: Outgoing, *, packed: bool) -> bytes:
    """A message to a camera: MessagePack for a binary message, or JSON in UTF-8 for a text message."""
    body: object = message.body if isinstance(message, Command) else message
    return _msgpack_encode(body) if packed else _json_encode(body)


def encode_acks(acks: Iterable[Ack], *, packed: bool) -> list[bytes]:
    """As `encode`, of many."""
    encoder = _msgpack_encode if packed else _json_encode
    return [encoder(ack) for ack in acks]


def problem(error: ProtocolError, camera: str | None = None) -> Problem:
    """The answer to a message that is none."""
    value = fields.echo(error.value)
    return Problem(error.code, error.message, error.field, value, error.allowed, error.seq, camera)


def acknowledge(
    seq: int, stored: int, duplicate: int, rejected: list[Rejection], camera: str | None = None
) -> Ack:
    """The acknowledgement of a report or status, kept below the size of a message.

    Entries stand in the order of the fixes. Where there are more than `MAX_REJECTIONS`, those that reject a fix go
    before those that only remark on it.
    """
    if len(rejected) <= MAX_REJECTIONS:
        kept = sorted(rejected, key=lambda entry: entry.index)
        return Ack(seq, stored, duplicate, kept, camera=camera)
    first = sorted(rejected, key=lambda entry: (entry.kept, entry.index))[:MAX_REJECTIONS]
    first.sort(key=lambda entry: entry.index)
    return Ack(seq, stored, duplicate, first, len(rejected) - MAX_REJECTIONS, camera)
