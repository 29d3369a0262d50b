"""What one viewer is sent over a socket, and how much of it may be on the way. Pure.

A TCP connection takes megabytes before it says that it is slow, and what lies in it is old when it
arrives. So the viewer says what it has read, and no more than a second of pictures and sound is on
the way. What does not fit waits a moment; then all that waits is dropped, up to the next key frame.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Literal

ON_THE_WAY_US = 1_000_000
WAITING_US = 500_000
MOST_MESSAGES = 200
MOST_BYTES = 4 * 1024 * 1024
"""Of both together; bounds where times mean nothing. One message may always be sent."""

HEADER = struct.Struct("<BBHIdI")
"""Kind, flags, zero, number, time in µs, pictures missed so far; little-endian, then the data."""

KIND = {"picture": 1, "sound": 2}
KEY_FLAG = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """An H.264 access unit in Annex B form, or an Opus packet. `time_us` since 1970 UTC."""

    kind: Literal["picture", "sound"]
    key: bool
    time_us: int
    data: bytes


class FrameQueue:
    """The frames of one viewer.

    Attributes:
        dropped: pictures that it was too slow for.
        sent: pictures that it was sent.
        wants_key: whether it goes on only with a key frame, and could take one.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.sent = 0
        self._begun = False
        self._gated = True
        self._waiting: deque[Frame] = deque()
        self._waiting_bytes = 0
        self._on_the_way: deque[tuple[int, int]] = deque()  # number and time
        self._number = 0

    @property
    def wants_key(self) -> bool:
        return self._gated and not self._on_the_way

    @property
    def unread(self) -> int:
        """Messages that were sent and that the viewer has not said it read."""
        return len(self._on_the_way)

    def put(self, frame: Frame) -> None:
        """Have a frame sent, or dropped."""
        if self._gated:
            if frame.kind == "sound" and not self._begun:
                return  # sound before the first picture: nobody knows yet whose it is
            if frame.kind == "picture" and not frame.key:
                self._miss(1)
                return
        if frame.kind == "picture":
            self._gated, self._begun = False, True
        self._waiting.append(frame)
        self._waiting_bytes += len(frame.data)
        if len(self._waiting) > 1 and self._is_too_much(frame):
            self._drop_waiting()

    def take(self, missing: int = 0) -> bytes | None:
        """The next message, None: there is none, or the viewer has to read first.

        `missing` is the number of pictures that nobody was sent.
        """
        if not self._waiting or self._is_full(self._waiting[0]):
            return None
        frame = self._waiting.popleft()
        self._waiting_bytes -= len(frame.data)
        self._number += 1
        self._on_the_way.append((self._number, frame.time_us))
        self.sent += frame.kind == "picture"
        header = HEADER.pack(
            KIND[frame.kind], KEY_FLAG if frame.key else 0, 0, self._number, frame.time_us,
            self.dropped + missing,
        )  # fmt: skip
        return header + frame.data

    def read(self, number: int) -> None:
        """The viewer has read everything up to a message.

        Raises `ValueError` where it was sent no such message.
        """
        if not 0 < number <= self._number:
            raise ValueError(f"message {number} was not sent; the newest is {self._number}")
        while self._on_the_way and self._on_the_way[0][0] <= number:
            self._on_the_way.popleft()

    def _is_full(self, frame: Frame) -> bool:
        if not self._on_the_way:
            return False
        _, since_us = self._on_the_way[0]
        return frame.time_us - since_us > ON_THE_WAY_US or len(self._on_the_way) >= MOST_MESSAGES

    def _is_too_much(self, newest: Frame) -> bool:
        return (
            newest.time_us - self._waiting[0].time_us > WAITING_US
            or len(self._waiting) > MOST_MESSAGES
            or self._waiting_bytes > MOST_BYTES
        )

    def _drop_waiting(self) -> None:
        """All but the newest, where one can begin with it."""
        newest = self._waiting.pop()
        self._miss(sum(frame.kind == "picture" for frame in self._waiting))
        self._waiting.clear()
        self._waiting_bytes = 0
        self._gated = True
        self.put(newest)

    def _miss(self, pictures: int) -> None:
        self.dropped += pictures if self._begun else 0
