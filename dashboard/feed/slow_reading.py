"""What a slow viewer still has to be sent: which cameras, not which values; each part has them as they are when it leaves."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from sightline.dashboard.feed.channel import Channel, Payload
from sightline.dashboard.feed.frames import (
    DIRECTORY_CHUNK,
    FRAME_CHUNK,
    NOT_TO_RESUME_FROM,
    Kind,
)
from sightline.dashboard.live_state import Places

NAMES_AT_ONCE: Final = DIRECTORY_CHUNK
CAMERAS_AT_ONCE: Final = FRAME_CHUNK["snapshot"]


class SlowReading:
    """The cameras that wait, and in turn the next part of them. Nobody else is sent the same.

    Args:
        since: what the viewer had read before, None for nothing.
    """

    def __init__(self, since: int | None) -> None:
        self._cursor = since
        self._begins_anew = False
        self._columns = np.zeros(0, bool)
        self._names = np.zeros(0, bool)
        self._removed: set[int] = set()
        self._turn = 0
        self._is_whole = True

    @property
    def cursor(self) -> int | None:
        """Up to where changes are known here."""
        return self._cursor

    @property
    def waits(self) -> bool:
        """Whether there is something that has not been sent."""
        return bool(self._columns.any() or self._names.any() or self._removed)

    def next_part(self, channel: Channel) -> list[Payload]:
        """One message, or none where nothing has changed."""
        self._hear(channel)
        if self._names.any():
            places = np.flatnonzero(self._names)[:NAMES_AT_ONCE]
            self._names[places] = False
            return list(channel.names(places))
        places = self._next_places()
        self._columns[places] = False
        removed = np.array(sorted(self._removed), np.intp)
        self._removed.clear()
        kind: Kind = "snapshot" if self._begins_anew else "delta" if self._is_whole else "more"
        self._begins_anew = False
        self._is_whole = not self.waits
        seq = channel.seq if self._is_whole else NOT_TO_RESUME_FROM
        return [channel.part(kind, seq, places, removed)]

    def _hear(self, channel: Channel) -> None:
        if self._cursor == channel.seq:
            return
        anew, columns, names, removed = channel.news_since(self._cursor)
        self._cursor = channel.seq
        if anew:
            self._begins_anew = True
            self._columns[:] = self._names[:] = False
            self._removed.clear()
        self._columns = _marked(self._columns, columns)
        self._names = _marked(self._names, names)
        self._removed |= set(removed.tolist())
        self._removed -= set(columns.tolist())
        gone = removed[removed < len(self._columns)]
        self._columns[gone] = False

    def _next_places(self) -> Places:
        """Those that wait, on from where the last part ended: nobody waits for more than one round."""
        waiting = np.flatnonzero(self._columns)
        if len(waiting) <= CAMERAS_AT_ONCE:
            return waiting
        start = int(np.searchsorted(waiting, self._turn))
        chosen = np.concatenate([waiting[start:], waiting[:start]])[:CAMERAS_AT_ONCE]
        self._turn = int(chosen[-1]) + 1
        return np.sort(chosen)


def _marked(mask: npt.NDArray[np.bool_], places: Places) -> npt.NDArray[np.bool_]:
    if len(places) and places[-1] >= len(mask):
        mask = np.concatenate([mask, np.zeros(int(places[-1]) + 1 - len(mask), bool)])
    mask[places] = True
    return mask
