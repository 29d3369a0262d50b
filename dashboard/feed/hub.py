"""Between the database and the viewers: the live state, one channel for each visibility class, the beat of the feed.

All of this runs on one event loop; nothing here waits for the network or the database.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np

from sightline.dashboard.feed import frames
from sightline.dashboard.feed.channel import Channel
from sightline.dashboard.feed.health import Health
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.live_map.visibility import (
    NO_ID,
    Attachment,
    Viewing,
    VisibilityClass,
    visibility_class,
)
from sightline.dashboard.live_state import LiveState, Places
from sightline.ingest.freshness import STALE_INTERVALS

HEARTBEAT_EVERY_MS: Final = 1000.0
HEALTH_EVERY_MS: Final = 2000.0
CHANNEL_KEPT_MS: Final = 120_000.0
"""How long a class without viewers is kept, so that a short break can be resumed."""

_SEQ_PER_SECOND: Final = 2**22
_NONE: Final = np.zeros(0, np.intp)


class FeedHub:
    """See the module. Times are ms since 1970 UTC by the database's clock."""

    def __init__(self) -> None:
        self.state = LiveState()
        self.health = Health("lost", time.time() * 1000)
        self.clock_offset_ms = 0.0
        self.viewers: set[Viewer] = set()
        self._channels: dict[VisibilityClass, Channel] = {}
        self._unwatched_since: dict[VisibilityClass, float] = {}
        self._attachments: tuple[Attachment, ...] = ()
        self._attached: dict[int, tuple[Attachment, ...]] = {}
        self._columns: list[Places] = []
        self._directory: list[Places] = []
        self._look_again = False
        self._last_second = 0
        self._last_beat_ms = 0.0
        self._last_health_ms = 0.0

    def now_ms(self) -> float:
        """The database's clock, as far as it is known."""
        return time.time() * 1000 + self.clock_offset_ms

    # what the source tells

    def changed(self, columns: Places = _NONE, directory: Places = _NONE) -> None:
        """Places that changed since the last beat; another directory entry may change who sees it."""
        if len(columns):
            self._columns.append(columns)
        if len(directory):
            self._directory.append(directory)
            self._look_again = True

    def attach(self, attachments: Iterable[Attachment]) -> None:
        """Take all cameras at open incidents."""
        found = tuple(attachments)
        if found != self._attachments:
            self._attachments = found
            self._look_again = True
            self._place_viewers()

    def view(self, session_id: UUID, viewing: Viewing, *, answers_alerts: bool) -> None:
        """Take what decides what a session sees."""
        for viewer in self.viewers:
            if viewer.session_id == session_id:
                viewer.answers_alerts = answers_alerts
                if viewer.viewing != viewing:
                    viewer.viewing = viewing
                    self._place(viewer)

    def set_health(self, health: Health) -> None:
        """Take how things are; what is said of it goes out with the next beat, at once where a word changed."""
        before = self.health
        self.health = health
        if (health.database, health.gateways) != (before.database, before.gateways):
            self._last_health_ms = 0.0

    # what the viewers do

    def join(self, viewer: Viewer) -> None:
        """Begin to serve a viewer."""
        self.viewers.add(viewer)
        self._place(viewer)
        self._say_health([viewer])

    def leave(self, viewer: Viewer) -> None:
        """Serve it no longer."""
        self.viewers.discard(viewer)

    # the beat

    def beat(self) -> None:
        """Pass on what changed: to be called after each reading, and four times a second whatever happens to those."""
        now_ms = self.now_ms()
        columns, directory = _merged(self._columns), _merged(self._directory)
        if self._look_again:
            self._work_out_attached()
        if (
            self._look_again
            or len(columns)
            or len(directory)
            or now_ms - self._last_beat_ms >= HEARTBEAT_EVERY_MS
        ):
            attached = self._attached if self._look_again else None
            for channel in self._channels.values():
                channel.advance(now_ms, columns, directory, attached)
            self._last_beat_ms = now_ms
            self._columns, self._directory, self._look_again = [], [], False
            for viewer in self.viewers:
                viewer.wake()
        if now_ms - self._last_health_ms >= HEALTH_EVERY_MS:
            self._last_health_ms = now_ms
            self._say_health(self.viewers)
        self._forget_channels(now_ms)

    def say_event(self, event: Mapping[str, Any], viewers: Iterable[Viewer]) -> None:
        """Send an event to some viewers."""
        text = frames.text_message("event", dict(event))
        for viewer in viewers:
            viewer.say(text)

    def _say_health(self, viewers: Iterable[Viewer]) -> None:
        texts: dict[int, str] = {}
        for viewer in viewers:
            channel = viewer.channel
            if channel is None:
                continue
            if id(channel) not in texts:
                message = self.health.message(self._heard_of_late(channel))
                texts[id(channel)] = frames.text_message("health", message)
            viewer.say_health(texts[id(channel)])

    def _heard_of_late(self, channel: Channel) -> int:
        table = self.state.table[channel.places()]
        age_s = (self.now_ms() - table["seen_time_ms"]) / 1000
        limit_s = np.maximum(
            self.state.stale_after_s, STALE_INTERVALS * table["interval_s"].astype(float)
        )
        return int(np.count_nonzero(age_s <= limit_s))

    def _place(self, viewer: Viewer) -> None:
        """Give the viewer the channel of its class, made if there is none."""
        seen_by = visibility_class(viewer.viewing, self._attachments)
        if seen_by not in self._channels:
            channel = Channel(seen_by, self.state, self._first_seq())
            self._work_out_attached()
            channel.advance(self.now_ms(), attached=self._attached)
            self._channels[seen_by] = channel
        self._unwatched_since.pop(seen_by, None)
        if viewer.channel is not self._channels[seen_by]:
            viewer.move_to(self._channels[seen_by])

    def _place_viewers(self) -> None:
        for viewer in self.viewers:
            self._place(viewer)

    def _work_out_attached(self) -> None:
        by_place: dict[int, list[Attachment]] = {}
        places = self.state.places_of([a.camera_id for a in self._attachments])
        for place, attachment in zip(places.tolist(), self._attachments, strict=True):
            if place != NO_ID:
                by_place.setdefault(place, []).append(attachment)
        self._attached = {place: tuple(found) for place, found in by_place.items()}

    def _first_seq(self) -> int:
        """A range of numbers of its own for each channel, also across restarts: twelve days at four a second."""
        self._last_second = max(self._last_second + 1, int(time.time()))
        return self._last_second * _SEQ_PER_SECOND

    def _forget_channels(self, now_ms: float) -> None:
        watched = {viewer.channel for viewer in self.viewers}
        for seen_by, channel in list(self._channels.items()):
            if channel in watched:
                self._unwatched_since.pop(seen_by, None)
            elif now_ms - self._unwatched_since.setdefault(seen_by, now_ms) > CHANNEL_KEPT_MS:
                del self._channels[seen_by], self._unwatched_since[seen_by]


def _merged(parts: list[Places]) -> Places:
    return np.unique(np.concatenate(parts)) if parts else _NONE
