"""The camera's side of `sightline.camera.v1`: what happened in, messages out. No I/O, no clock.

    core.connected(now_ms)            the socket is open
    core.received(text)               a message came → what it says
    core.add_fix(fix)                 the camera took a fix
    core.outgoing(now_ms)             what is to be sent now, in this order
    core.disconnected()               the socket is closed

Fixes stay in the buffer until the gateway has acknowledged them. After a break they are sent again,
under new numbers: the gateway knows a fix by its content. The newest go first, so that the map is
right at once; the backlog follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal

import msgspec

from sightline.ingest.camera import messages as m

BUFFERED_FIXES = 20_000  # five and a half hours at one a second
FIXES_PER_REPORT = 300
REPORTS_UNDERWAY = 4


class UnreadableMessageError(Exception):
    """The gateway sent what is not in the contract; it can be ignored."""


class CameraCore:
    """State of one camera's conversation.

    `first_seq` is where numbering begins; what grows over restarts (seconds since 1970) keeps the
    numbers of two runs apart.
    """

    def __init__(
        self, identity: m.Identity, first_seq: int, buffered_fixes: int = BUFFERED_FIXES
    ) -> None:
        self.identity = identity
        self.report_every_s: dict[str, float] = {}
        self.dropped_fixes = 0
        self._most_buffered = buffered_fixes
        self._next_seq = first_seq
        self._waiting: deque[m.Fix] = deque()
        self._underway: dict[int, list[m.Fix]] = {}
        self._recording: m.Recording | None = None
        self._battery_pct: float | None = None
        self._signal: m.Signal | None = None
        self._status_due = False
        self._status_overtook = False
        self._eyes_on: Literal["asked", "sent"] | None = None
        self._talk_answers: list[m.TalkAnswer] = []
        self._greeted = False
        self._welcomed = False

    @property
    def welcomed(self) -> bool:
        """Whether the gateway has accepted this connection."""
        return self._welcomed

    @property
    def buffered(self) -> int:
        """Fixes that the gateway has not acknowledged."""
        return len(self._waiting) + sum(map(len, self._underway.values()))

    @property
    def idle(self) -> bool:
        """Whether everything has been sent and acknowledged."""
        return not (
            self._waiting
            or self._underway
            or self._status_due
            or self._status_overtook
            or self._eyes_on
            or self._talk_answers
        )

    # --- what happens on the camera

    def add_fix(self, fix: m.Fix) -> None:
        """Take a fix into the buffer; when it is full, the oldest goes and is counted."""
        self._waiting.append(fix)
        if self.buffered > self._most_buffered and len(self._waiting) > 1:
            self._waiting.popleft()
            self.dropped_fixes += 1

    def set_status(
        self,
        recording: m.Recording,
        battery_pct: float | None = None,
        signal: m.Signal | None = None,
    ) -> None:
        """The state of the camera; told at once, and again after every break."""
        self._recording, self._battery_pct, self._signal = recording, battery_pct, signal
        self._status_due = True

    def ask_eyes_on(self) -> None:
        """The officer asks to be watched over; told again after a break until it is answered."""
        self._eyes_on = "asked"

    def answer_talk(self, talk: str, *, accept: bool) -> None:
        """The officer accepts to be talked to, declines, or has heard enough."""
        self._talk_answers.append(m.TalkAnswer(talk, accept))

    # --- what happens on the socket

    def connected(self) -> None:
        self._greeted = self._welcomed = False

    def disconnected(self) -> None:
        """Keep what was not acknowledged, in the order of its making, to be sent again."""
        unacknowledged = [fix for fixes in self._underway.values() for fix in fixes]
        self._underway.clear()
        self._waiting = deque(sorted((*unacknowledged, *self._waiting), key=_taken))
        self._greeted = self._welcomed = False
        self._status_due = self._recording is not None
        if self._eyes_on:
            self._eyes_on = "asked"
        # An acceptance means nothing on the next connection; that the officer wants no more does.
        self._talk_answers = [answer for answer in self._talk_answers if not answer.accept]

    def received(self, text: str | bytes) -> m.Incoming:
        """What the gateway says, after it has been acted on.

        Raises `UnreadableMessageError`.
        """
        try:
            message = m.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableMessageError(str(error)) from error
        match message:
            case m.Welcome():
                self._welcomed = True
                self.report_every_s = dict(message.report_every_s)
            case m.Ack():
                self._underway.pop(message.seq, None)
            case m.TalkRequest() if self.identity.audio_out == "none":
                # What cannot play a voice says so rather than let it ring.
                self.answer_talk(message.talk, accept=False)
            case m.EyesOnState():
                self._eyes_on = None
        return message

    def outgoing(self, now_ms: int) -> list[bytes]:
        """What is to be sent now (JSON text), in this order; nothing twice."""
        return [m.encode(message) for message in self._outgoing(now_ms)]

    def _outgoing(self, now_ms: int) -> Iterable[m.Outgoing]:
        if not self._greeted:
            self._greeted = True
            who = self.identity
            yield m.Hello(who.camera, who.model, who.firmware, now_ms, who.audio_out)
        if not self._welcomed:
            return
        if self._eyes_on == "asked":
            self._eyes_on = "sent"
            yield m.EyesOn()
        if self._status_due and self._recording is not None:
            self._status_due = False
            self._status_overtook = any(f.recording != self._recording for f in self._waiting)
            yield self._status(now_ms, self._recording)
        yield from self._talk_answers
        self._talk_answers.clear()
        while self._waiting and len(self._underway) < REPORTS_UNDERWAY:
            count = min(FIXES_PER_REPORT, len(self._waiting))
            newest = [self._waiting.pop() for _ in range(count)][::-1]
            seq = self._seq()
            self._underway[seq] = newest
            yield m.Report(seq, newest)
        if self._status_overtook and not self._waiting and self._recording is not None:
            # The gateway goes by arrival: the fixes it overtook, made in another state, must not have the last word.
            self._status_overtook = False
            yield self._status(now_ms, self._recording)

    def _status(self, now_ms: int, recording: m.Recording) -> m.Status:
        return m.Status(self._seq(), now_ms, recording, self._battery_pct, self._signal)

    def _seq(self) -> int:
        seq = self._next_seq
        self._next_seq += 1
        return seq


def _taken(fix: m.Fix) -> int:
    return fix.time
