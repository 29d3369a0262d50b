"""Connections that have not said yet what they want, and how many of them there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class HalfOpen:
    """Connections that say nothing: bounded, so that thousands of them crowd nobody out.

    Where there are too many, the oldest goes: a camera needs milliseconds for its request.
    """

    def __init__(self, most: int) -> None:
        """`most`: how many there may be."""
        self._most = most
        self._waiting: dict[Hashable, asyncio.Transport] = {}
        self.cut = 0
        """How many had to go."""

    def __len__(self) -> int:
        return len(self._waiting)

    def began(self, connection: Hashable, transport: asyncio.Transport) -> None:
        """A peer has connected, or has been answered and may ask again."""
        self._waiting[connection] = transport
        if len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            self._waiting.pop(oldest).abort()
            self.cut += 1

    def ended(self, connection: Hashable) -> None:
        """It has said what it wants, or it is gone."""
        self._waiting.pop(connection, None)
