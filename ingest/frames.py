"""The frames of a WebSocket stream (RFC 6455, section 5.2): whole messages are taken out, and put in, here. Pure.

Nearly everything that a gateway hears are messages in one frame, some 300 bytes long, tens of thousands a second; the
library's parser would take most of a core for them. Every other frame, and every one that is not as it must be, is
handed on to it unopened, a whole one at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # the library was built without a compiler
    from websockets.utils import apply_mask

_TEXT, _BINARY = 0x81, 0x82
"""First byte of a message in one frame, without extensions."""
_WHOLE: Final = (_TEXT, _BINARY)
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_TWO_BYTES, _EIGHT_BYTES = 126, 127

_USUAL: Final = _MASKED | _TWO_BYTES
"""Second byte of a message that is masked, as every client's is, and 126 to 65,535 bytes long."""
_USUAL_HEAD_BYTES: Final = 8
_usual_head: Final = struct.Struct(">BBH4s").unpack_from

_TOO_LARGE: Final = -1

_SHORT_HEADS: Final = {
    first: [bytes((first, length)) for length in range(_TWO_BYTES)] for first in _WHOLE
}

Message = tuple[bytes, bool]
"""What a message says, and whether it is binary."""


class FrameFinder:
    """The stream of one peer.

    Attributes:
        held: bytes of a frame that is not complete.
    """

    __slots__ = ("_hands_on", "_in_pieces", "_largest", "_rest")

    def __init__(self, largest: int) -> None:
        """`largest`: bytes that a frame may have; from a larger one on, the stream is handed on as it comes."""
        self._largest = largest
        self._rest = b""
        self._in_pieces = False
        self._hands_on = False

    @property
    def held(self) -> int:
        return len(self._rest)

    def hand_on(self) -> None:
        """From now on everything is the library's: it has seen a part of the stream already."""
        self._hands_on = True

    def feed(self, data: bytes) -> list[list[Message] | bytes]:
        """Messages, as many as follow on each other, and frames for the library, in their order.

        Args:
            data: what came next.
        """
        if self._hands_on:
            return [data]
        if self._rest:
            data, self._rest = self._rest + data, b""
        found: list[list[Message] | bytes] = []
        at = 0
        while True:
            if not self._in_pieces:
                messages, at = self._usual(data, at)
                if messages:
                    found.append(messages)
                if at == len(data):
                    return found
            end = self._end_of_frame(data, at)
            if end is None:
                self._rest = data[at:]
                return found
            if end == _TOO_LARGE:
                self._hands_on = True
                found.append(data[at:])
                return found
            self._take(data[at:end], found)
            at = end

    def _usual(self, data: bytes, at: int) -> tuple[list[Message], int]:
        """The messages of two bytes' length that begin here, as nearly all are; and where what follows begins."""
        messages: list[Message] = []
        end, largest = len(data), self._largest
        while end - at > _USUAL_HEAD_BYTES and data[at + 1] == _USUAL:
            first, _, length, mask = _usual_head(data, at)
            body = at + _USUAL_HEAD_BYTES
            after = body + length
            if after > end or length > largest or first not in _WHOLE:
                break
            messages.append((apply_mask(data[body:after], mask), first == _BINARY))
            at = after
        return messages, at

    def _end_of_frame(self, data: bytes, at: int) -> int | None:
        """Where the frame that begins here ends, if it is not `_TOO_LARGE`; None: it is not complete."""
        end = len(data)
        if end - at < 2:
            return None
        length, start = data[at + 1] & _LENGTH, at + 2
        if length >= _TWO_BYTES:
            size = 2 if length == _TWO_BYTES else 8
            if end - start < size:
                return None
            length = int.from_bytes(data[start : start + size])
            start += size
            if length > self._largest:
                return _TOO_LARGE
        after = start + (4 if data[at + 1] & _MASKED else 0) + length
        return after if after <= end else None

    def _take(self, frame: bytes, found: list[list[Message] | bytes]) -> None:
        """Take one frame: a message, or one for the library."""
        first, second = frame[0], frame[1]
        if not second & _MASKED or first not in _WHOLE or self._in_pieces:
            self._note_pieces(first)
            found.append(frame)
            return
        extended = {_TWO_BYTES: 2, _EIGHT_BYTES: 8}.get(second & _LENGTH, 0)
        body = 2 + extended + 4
        message = apply_mask(frame[body:], frame[body - 4 : body]), first == _BINARY
        if found and isinstance(found[-1], list):
            found[-1].append(message)
        else:
            found.append([message])

    def _note_pieces(self, first: int) -> None:
        """A message in several frames, and what comes in between, is the library's."""
        opcode, is_last = first & 0x0F, first & 0x80
        if opcode in (0, 1, 2):
            self._in_pieces = not is_last


def unmasked(messages: Iterable[bytes], *, text: bool) -> bytes:
    """Messages as a server sends them, each in one frame.

    Args:
        messages: payloads, of which each is UTF-8 where they are text.
        text: whether they are text, or else binary.
    """
    first = _TEXT if text else _BINARY
    parts: list[bytes] = []
    for message in messages:
        length = len(message)
        if length < _TWO_BYTES:
            head = _SHORT_HEADS[first][length]
        elif length < 1 << 16:
            head = bytes((first, _TWO_BYTES)) + length.to_bytes(2)
        else:
            head = bytes((first, _EIGHT_BYTES)) + length.to_bytes(8)
        parts += (head, message)
    return b"".join(parts)
