"""One visibility class of the feed: what its viewers see, a log of recent changes, and frames encoded once for all.

Every viewer is a cursor into the log. Who keeps up shares the newest frame with all others; who was slow, or comes back
after a break, gets one frame with the latest value of each camera that changed meanwhile; whom the log no longer
reaches begins with a snapshot. No viewer has a queue of frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sightline.dashboard.feed import frames
from sightline.dashboard.feed.frames import Form
from sightline.dashboard.live_map.visibility import Attachment, VisibilityClass, visible_mask
from sightline.dashboard.live_state import LiveState, Places

Payload = str | bytes
LOG_LENGTH: Final = 720
"""Changes that are kept: two minutes at six a second."""

_NONE: Final = np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class _Change:
    """One step of the log: places with other columns, with another directory entry, and no longer seen."""

    seq: int
    columns: Places
    directory: Places
    removed: Places


class Channel:
    """What one visibility class sees.

    Args:
        seen_by: the class.
        state: the live state that all channels share.
        first_seq: number before the first change; no other channel of this or an earlier process may ever use the
            numbers that follow, so that a viewer cannot resume where it has not been.
    """

    def __init__(self, seen_by: VisibilityClass, state: LiveState, first_seq: int) -> None:
        self.seen_by = seen_by
        self.seq = first_seq
        self._state = state
        self._mask = np.zeros(0, bool)
        self._log: deque[_Change] = deque(maxlen=LOG_LENGTH)
        self._first_known = first_seq
        self._frames: dict[tuple[Form, int | None], list[Payload]] = {}
        self._encoded_at_ms = 0.0

    def places(self) -> Places:
        """The places of the cameras that are seen."""
        return np.flatnonzero(self._mask)

    def sees(self, number: int) -> bool:
        """Whether the class sees the camera with this number."""
        place = int(self._state.places_of(number))
        return 0 <= place < len(self._mask) and bool(self._mask[place])

    def advance(
        self,
        now_ms: float,
        columns: Places = _NONE,
        directory: Places = _NONE,
        attached: Mapping[int, tuple[Attachment, ...]] | None = None,
    ) -> None:
        """Add one step to the log.

        Args:
            now_ms: the server's clock, which the frames carry.
            columns: places whose columns changed.
            directory: places whose directory entry changed.
            attached: place → incidents; given where what is seen must be worked out again.
        """
        removed = _NONE
        if attached is not None:
            added, removed = self._look_again(attached)
            columns, directory = np.union1d(columns, added), np.union1d(directory, added)
        self.seq += 1
        if len(self._log) == LOG_LENGTH:
            self._first_known = self._log[0].seq
        self._log.append(_Change(self.seq, self._seen(columns), self._seen(directory), removed))
        self._frames.clear()
        self._encoded_at_ms = now_ms

    def payloads_since(self, seq: int | None, form: Form) -> list[Payload]:
        """What brings a viewer from `seq` to the present; a snapshot for None or where the log does not reach.

        The same list for all who ask alike until the next step.
        """
        since = self._known(seq)
        if (form, since) not in self._frames:
            encode = self._binary if form == "binary" else self._json
            self._frames[form, since] = encode(since)
        return self._frames[form, since]

    def news_since(self, seq: int | None) -> tuple[bool, Places, Places, Places]:
        """For whoever is sent parts of its own: whether all of it is needed anew, and the places with other columns, with another
        directory entry, and gone, from `seq` to the present.
        """
        since = self._known(seq)
        return since is None, *self._between(since)

    def part(self, kind: frames.Kind, seq: int, columns: Places, removed: Places) -> bytes:
        """A frame of these places as they are now."""
        table = self._state.table
        return frames.binary_frame(
            kind, seq, self._encoded_at_ms, table[columns], table["number"][removed]
        )

    def names(self, places: Places) -> list[str]:
        """Directory messages for these places."""
        return frames.directory_messages([self._state.entries[place] for place in places.tolist()])

    def _binary(self, since: int | None) -> list[Payload]:
        columns, directory, removed = self._between(since)
        messages = frames.binary_frames(
            "snapshot" if since is None else "delta",
            self.seq,
            self._encoded_at_ms,
            self._state.table[columns],
            self._state.table["number"][removed],
        )
        return [*self.names(directory), *messages]

    def _json(self, since: int | None) -> list[Payload]:
        columns, directory, removed = self._between(since)
        now_ms = self._encoded_at_ms
        cameras = frames.features(self._state, np.union1d(columns, directory), now_ms)
        if since is None:
            return [frames.json_snapshot(self.seq, now_ms, cameras)]
        gone = [self._state.entries[place].camera for place in removed.tolist()]
        return [frames.json_delta(self.seq, now_ms, cameras, gone)]

    def _known(self, seq: int | None) -> int | None:
        """A number from which the log reaches to the present; None for any other."""
        return seq if seq is not None and self._first_known <= seq <= self.seq else None

    def _between(self, since: int | None) -> tuple[Places, Places, Places]:
        """Places with other columns, with another directory entry, and gone, from `since` to the present."""
        if since is None:
            seen = np.flatnonzero(self._mask)
            return seen, seen, _NONE
        steps = [change for change in self._log if change.seq > since]
        removed = _union([change.removed for change in steps])
        return (
            self._seen(_union([change.columns for change in steps])),
            self._seen(_union([change.directory for change in steps])),
            removed[~self._is_seen(removed)],
        )

    def _look_again(self, attached: Mapping[int, tuple[Attachment, ...]]) -> tuple[Places, Places]:
        """Work out anew what is seen. Returns what came into sight, and what went out of it."""
        state = self._state
        size = len(state)
        before = np.zeros(size, bool)
        before[: len(self._mask)] = self._mask
        seen = visible_mask(self.seen_by, state.unit_ids[:size], state.officer_ids[:size], attached)
        self._mask = seen & state.in_use[:size]
        return np.flatnonzero(self._mask & ~before), np.flatnonzero(before & ~self._mask)

    def _is_seen(self, places: Places) -> npt.NDArray[np.bool_]:
        known = places < len(self._mask)
        return known & self._mask[np.where(known, places, 0)] if len(self._mask) else known

    def _seen(self, places: Places) -> Places:
        return places[self._is_seen(places)]


def _union(parts: list[Places]) -> Places:
    if len(parts) == 1:
        return parts[0]
    return np.unique(np.concatenate(parts)) if parts else _NONE
