"""A stream of Cursor-on-Target → its elements, each as bytes. Pure.

What TAK programs write to a TCP connection is one element after the other: with or without an XML declaration before
each, with blanks, newlines or nothing between, and cut into packets anywhere. The element is found by its markup alone;
whether it is XML is seen when it is read (`sightline.ingest.adapters.cot.element`). Never more than one element is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sightline.ingest.adapters.errors import CotStreamError

MOST_ELEMENT_BYTES: Final = 256 * 1024
"""An event of a position has about 700 bytes, a drawn route some thousand; pictures belong elsewhere."""

_BLANK: Final = b" \t\r\n\0"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PROTOBUF: Final = 0xBF
"""First byte of a message in the protobuf form of the TAK protocol."""
_TAG: Final = re.compile(rb"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
_BROKEN_TAG: Final = re.compile(rb"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+<""")
_ENCLOSED: Final = ((b"<?", b"?>"), (b"<!--", b"-->"), (b"<![CDATA[", b"]]>"))
"""Markup in which nothing else is markup: how it begins and ends."""


class ElementSplitter:
    """Takes what arrives and gives the elements that are complete.

    Attributes:
        most_bytes: the largest element that is taken.
    """

    def __init__(self, most_bytes: int = MOST_ELEMENT_BYTES) -> None:
        self.most_bytes = most_bytes
        self._buffer = bytearray()
        self._at = 0  # where the next markup is looked for
        self._depth = 0

    @property
    def begun(self) -> bool:
        """Whether an element has begun to arrive and is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The elements that are complete with this data, each as soon as it is found; to be asked for all of them.

        Raises:
            CotStreamError: what follows is no stream of elements, or one of them is too large.
        """
        self._buffer += data
        while self._buffer and (end := self._next_end()) is not None:
            self._at = end
            if self._depth == 0:
                whole = bytes(self._buffer[:end])
                del self._buffer[:end]
                self._at = 0
                if whole[1] not in b"?!":  # else a declaration or comment between elements
                    self._check_size(end)
                    yield whole
        self._check_size(len(self._buffer))

    def _next_end(self) -> int | None:
        """Where the next piece of markup ends; None: it is not all here yet."""
        if self._depth == 0 and not self._at_markup():
            return None
        at = self._buffer.find(b"<", self._at)
        self._at = len(self._buffer) if at < 0 else at
        return None if at < 0 else self._end_of(at)

    def _at_markup(self) -> bool:
        """Drop what may stand between elements; whether markup follows."""
        buffer = self._buffer
        if buffer.startswith(_BYTE_ORDER_MARK):
            del buffer[: len(_BYTE_ORDER_MARK)]
        del buffer[: len(buffer) - len(buffer.lstrip(_BLANK))]
        if not buffer:
            return False
        if buffer[0] == _PROTOBUF:
            raise CotStreamError(
                "the protobuf form of the TAK protocol is not spoken here, only XML"
            )
        if _BYTE_ORDER_MARK.startswith(bytes(buffer)):
            return False
        if buffer[0] != ord("<"):
            shown = bytes(buffer[:16])
            raise CotStreamError(f"this is not XML: an element begins with '<', not with {shown!r}")
        return True

    def _end_of(self, at: int) -> int | None:
        """Where the markup that begins at `at` ends; None: not here yet."""
        buffer = self._buffer
        begin = bytes(buffer[at : at + 9])
        for opening, closing in _ENCLOSED:
            if begin.startswith(opening):
                if self._depth == 0 and opening == b"<![CDATA[":
                    raise CotStreamError("this is not XML: text stands between elements")
                found = buffer.find(closing, at + len(opening))
                return None if found < 0 else found + len(closing)
            if opening.startswith(begin):
                return None
        if begin.startswith(b"<!"):
            # Entities can make a small text large, or name what is none of the sender's business.
            raise CotStreamError("a document type is declared, which is not taken")
        return self._end_of_tag(at)

    def _end_of_tag(self, at: int) -> int | None:
        buffer = self._buffer
        tag = _TAG.match(buffer, at)
        if tag is None:
            if _BROKEN_TAG.match(buffer, at):
                raise CotStreamError("this is not XML: a tag begins within a tag")
            return None
        if buffer[at + 1] == ord("/"):
            if self._depth == 0:
                raise CotStreamError("this is not XML: an element ends that never began")
            self._depth -= 1
        elif buffer[tag.end() - 2] != ord("/"):
            self._depth += 1
        return tag.end()

    def _check_size(self, size: int) -> None:
        if size > self.most_bytes:
            raise CotStreamError(f"an element has more than {self.most_bytes} bytes: {size} so far")
