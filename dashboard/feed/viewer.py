"""One open feed: whose it is, how far it has read, and what waits to be said to it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final
from uuid import UUID

from sightline.dashboard.feed.channel import Channel, Payload
from sightline.dashboard.feed.frames import Form
from sightline.dashboard.feed.slow_reading import SlowReading
from sightline.dashboard.live_map.visibility import Viewing

MOST_WAITING: Final = 500
"""Events that may wait for a reader; whoever leaves more unread is dropped."""


class Viewer:
    """A cursor into a channel, and the events that came meanwhile.

    Args:
        session_id: the sign-in that opened the feed.
        viewing: what decides which cameras are seen.
        form: binary for the map, JSON for others.
        since: number to resume from, None for a snapshot.
    """

    def __init__(
        self, session_id: UUID, viewing: Viewing, form: Form, since: int | None = None
    ) -> None:
        self.session_id = session_id
        self.viewing = viewing
        self.answers_alerts = False
        self.dropped = False
        self._form: Form = form
        self._cursor = since
        self._channel: Channel | None = None
        self._before: int | None = since
        self._given: list[Payload] = []
        self._slow: SlowReading | None = None
        self._texts: deque[str] = deque()
        self._health: str | None = None
        self._news = asyncio.Event()

    @property
    def channel(self) -> Channel | None:
        """What is seen, None before the hub has said."""
        return self._channel

    def move_to(self, channel: Channel) -> None:
        """See another class; what was read of the old one says nothing of the new one."""
        if self._channel is not None:
            self._cursor = None
            if self._slow is not None:
                self._slow = SlowReading(None)
        self._channel = channel
        self._news.set()

    def say(self, text: str) -> None:
        """Have an event sent after what waits already."""
        if len(self._texts) >= MOST_WAITING:
            self.dropped = True
        else:
            self._texts.append(text)
        self._news.set()

    def say_health(self, text: str) -> None:
        """Have the newest health sent; an older one that still waits is replaced."""
        self._health = text
        self._news.set()

    def wake(self) -> None:
        """The channel has moved on."""
        self._news.set()

    async def next_payloads(self) -> list[Payload]:
        """Wait for news, then give all of it in the order of sending."""
        await self._news.wait()
        self._news.clear()
        texts: list[Payload] = list(self._texts)
        self._texts.clear()
        if self._health is not None:
            texts.append(self._health)
            self._health = None
        if self._slow is not None and self._channel is not None:
            return [*texts, *self._next_part(self._slow, self._channel)]
        if self._channel is None or self._cursor == self._channel.seq:
            return texts
        frames = self._channel.payloads_since(self._cursor, self._form)
        self._before, self._cursor = self._cursor, self._channel.seq
        self._given = texts
        return [*frames, *texts]

    def go_slowly(self) -> None:
        """What was given last has not been sent to its end: it comes in parts instead, each as fresh as it can be."""
        self._slow = SlowReading(self._before)
        waiting = [text for text in self._given if isinstance(text, str)]
        self._texts.extendleft(reversed(waiting))
        self._news.set()

    def _next_part(self, slow: SlowReading, channel: Channel) -> list[Payload]:
        if slow.cursor == channel.seq and not slow.waits:
            return []
        part = slow.next_part(channel)
        if slow.waits:
            self._news.set()
        return part

    def go_on(self) -> None:
        """As everybody else again, once nothing waits any more."""
        if self._slow is not None and not self._slow.waits:
            self._before = self._cursor = self._slow.cursor
            self._slow = None

    @property
    def takes_parts(self) -> bool:
        """Whether its form has parts."""
        return self._form == "binary"

    @property
    def is_slow(self) -> bool:
        """Whether it is sent parts of its own."""
        return self._slow is not None
