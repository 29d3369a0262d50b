"""One message of one camera and what was known of it → what is stored, what is doubted, what is known now. Pure.

The rules are "What counts as the same, and as the newest" of docs/camera-protocol.md:

* Position is ordered by the device's time. A late fix enters history and never moves the live position back.
* Recording state goes by arrival on the newest connection, so that a clock that steps back cannot hide an `off`.
* What comes apart from the camera's connections neither sets its recording state nor keeps it fresh.
* What cannot be believed (a clock ahead, 0,0, an impossible jump) is kept aside with the reason, never dropped.
* What is older than the retention goes to the archive and never to live.

Times are integer microseconds since 1970 UTC, positions WGS 84 degrees, distances metres.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from sightline.ingest.fields import RECORDING, UNKNOWN
from sightline.ingest.freshness import AGEING_AFTER_S, GAP_INTERVALS, INTERVALS_S
from sightline.ingest.messages import Fix, Report, Signal, Status

FLAG_LATE: Final = 1
FLAG_STUCK: Final = 2
FLAG_HEARD: Final = 4
"""Of a fix: the camera told its state all the time since the fix before, as indoors, and was never silent."""
FLAG_DOUBTED: Final = 16
"""Of live state: the camera's newest fix is in quarantine."""

APART: Final = -1
"""Epoch of what comes by no connection and may not speak for the camera, as from the phone of an officer whose camera is
connected: it neither sets the recording state nor keeps a known one fresh."""

EARTH_RADIUS_M: Final = 6_371_008.8
ZERO_DEGREES: Final = 1e-5
SAME_PLACE_DEGREES: Final = 1e-4
_SECOND: Final = 1_000_000


class MergeRules(msgspec.Struct, frozen=True):
    """The numbers that the rules work with.

    Attributes:
        clock_ahead_us: a fix further ahead of the server's clock is doubted.
        backlog_us: an older report is backlog and does not change the recording state.
        max_speed_mps: faster than any camera moves (a police helicopter reaches 70).
        unknown_accuracy_m: taken where a fix does not say how accurate it is.
        believe_after: consistent fixes at a new place after which the new place is believed.
        stuck_after: repetitions of one position, while moving by other signs, that mean a stuck receiver.
        moving_mps: speed that counts as a sign of moving.
        keep_recording_us: retention of fixes of recording cameras.
        keep_other_us: retention of all other fixes.
        silence_us: by recording code, the longest time without a word from a camera that tells its state, which is no
            silence. How often it does so indoors is its own choice, unlike its reports.
    """

    clock_ahead_us: int = 30 * _SECOND
    backlog_us: int = 60 * _SECOND
    max_speed_mps: float = 100.0
    unknown_accuracy_m: float = 50.0
    believe_after: int = 3
    stuck_after: int = 5
    moving_mps: float = 1.0
    keep_recording_us: int = 31 * 86_400 * _SECOND
    keep_other_us: int = 24 * 3_600 * _SECOND
    silence_us: tuple[int, ...] = tuple(
        round(max(AGEING_AFTER_S, GAP_INTERVALS * INTERVALS_S[code]) * _SECOND)
        for code in sorted(INTERVALS_S)
    )


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a camera was, when, and how surely (metres; None: not said)."""

    time_us: int
    lat: float
    lon: float
    accuracy_m: float | None = None


class Stillness(msgspec.Struct, frozen=True, gc=False):
    """How often the newest position was repeated, and how many of the repetitions spoke of moving."""

    repeats: int = 0
    signs: int = 0
    cell: str | None = None


class CameraState(msgspec.Struct, frozen=True):
    """What is known of one camera. Equals its live row once committed.

    Attributes:
        seen_us: newest receipt of anything from the camera; None: never.
        fix: newest believed fix; None: none yet. Loaded from the database it has no `content`.
        fix_received_us: its receipt.
        recording: code of the state; see `fields.RECORDING_CODES`.
        recording_us: receipt of the message that set it; None: nothing did.
        recording_since_us: since when it has been so.
        epoch: connection that set it; what a lower one says sets it no more, nor keeps it fresh.
        battery_pct: newest known, with the device's time in `battery_us`.
        signal: newest known, with the device's time in `signal_us`.
        flags: FLAG_STUCK and FLAG_DOUBTED.
        suspects: fixes in quarantine that agree with each other on a new place, newest last.
        stillness: see `Stillness`.
        heard_us: receipt of the newest status, if there was no silence from the newest fix up to it; None: none since.
    """

    seen_us: int | None = None
    fix: Fix | None = None
    fix_received_us: int | None = None
    recording: int = 0
    recording_us: int | None = None
    recording_since_us: int | None = None
    epoch: int = 0
    battery_pct: float | None = None
    battery_us: int | None = None
    signal: Signal | None = None
    signal_us: int | None = None
    flags: int = 0
    suspects: tuple[Place, ...] = ()
    stillness: Stillness = Stillness()
    heard_us: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A fix for history or archive.

    Attributes:
        flags: FLAG_LATE, FLAG_STUCK and FLAG_HEARD.
        archive: older than the retention.
        newest: newer than everything known of the camera, so surely not stored yet.
    """

    fix: Fix
    flags: int
    archive: bool
    newest: bool


class Doubted(msgspec.Struct, frozen=True):
    """A fix for quarantine: why, in a word and in a sentence."""

    fix: Fix
    reason: str
    detail: str


class Merged(msgspec.Struct, frozen=True):
    """What one message comes to."""

    state: CameraState
    kept: list[Kept] = []
    doubted: list[Doubted] = []


def merge(
    state: CameraState,
    message: Report | Status | None,
    received_us: int,
    epoch: int,
    rules: MergeRules,
) -> Merged:
    """What one message changes.

    Args:
        state: what was known before.
        message: a report, a status, or None for any other sign of life.
        received_us: the server's clock when it arrived.
        epoch: number of the connection it came by, or APART.
        rules: the numbers.
    """
    speaks = _speaks(state, epoch)
    if speaks:
        seen = received_us if state.seen_us is None else max(state.seen_us, received_us)
        state = msgspec.structs.replace(state, seen_us=seen)
    if isinstance(message, Status):
        if message.accepted and speaks:
            state = _keep_up(state, received_us, rules)
            state = _status(state, message, received_us, epoch)
        return Merged(state)
    if isinstance(message, Report):
        return _report(state, message, received_us, epoch, rules)
    return Merged(state)


def _speaks(state: CameraState, epoch: int) -> bool:
    """Whether what comes is the camera's own word, as the newest connection's is.

    What an older one brings may have lain in a gateway that stood still. What is apart from all of them speaks for the
    camera where no state is known.
    """
    return epoch >= state.epoch or (epoch == APART and state.recording == UNKNOWN)


def _keep_up(state: CameraState, received_us: int, rules: MergeRules) -> CameraState:
    """A status was heard: whether there has been no silence from the newest fix up to it."""
    known_us = state.fix_received_us if state.heard_us is None else state.heard_us
    unbroken = known_us is not None and _is_no_silence(known_us, received_us, state, rules)
    return msgspec.structs.replace(state, heard_us=received_us if unbroken else None)


def _is_no_silence(since_us: int, received_us: int, state: CameraState, rules: MergeRules) -> bool:
    return received_us - since_us <= rules.silence_us[state.recording]


def _status(state: CameraState, status: Status, received_us: int, epoch: int) -> CameraState:
    said_us = min(status.time_us or received_us, received_us)
    state = _set_recording(state, status.recording, said_us, received_us, epoch)
    return _hear(_charge(state, status.battery_pct, said_us), status.signal, said_us)


def _set_recording(
    state: CameraState, recording: int, said_us: int, received_us: int, epoch: int
) -> CameraState:
    if epoch < state.epoch:
        return state
    unchanged = recording == state.recording and state.recording_us is not None
    if (
        state.recording_us is not None
    ):  # it was another state then, whatever the device's clock says
        said_us = max(said_us, state.recording_us)
    return msgspec.structs.replace(
        state,
        recording=recording,
        recording_us=received_us,
        recording_since_us=state.recording_since_us if unchanged else said_us,
        epoch=epoch,
    )


def _charge(state: CameraState, battery_pct: float | None, time_us: int) -> CameraState:
    """The charge that was told last, by the device's time; of two of one instant the same whichever came first."""
    if battery_pct is None:
        return state
    known = (state.battery_us, state.battery_pct)
    if None not in known and (time_us, battery_pct) <= known:
        return state
    return msgspec.structs.replace(state, battery_pct=battery_pct, battery_us=time_us)


def _hear(state: CameraState, signal: Signal | None, time_us: int) -> CameraState:
    if signal is None or (state.signal_us is not None and time_us <= state.signal_us):
        return state
    return msgspec.structs.replace(state, signal=signal, signal_us=time_us)


def _report(
    state: CameraState, report: Report, received_us: int, epoch: int, rules: MergeRules
) -> Merged:
    if not report.fixes:
        return Merged(state)
    heard = state.heard_us is not None and _is_no_silence(state.heard_us, received_us, state, rules)
    in_time = sorted(report.fixes, key=lambda fix: fix.time_us)
    newest = in_time[-1]
    if _speaks(state, epoch):
        if received_us - newest.time_us <= rules.backlog_us:
            said_us = min(newest.time_us, received_us)
            state = _set_recording(state, newest.recording, said_us, received_us, epoch)
        for fix in in_time:
            if -rules.clock_ahead_us <= received_us - fix.time_us <= rules.backlog_us:
                state = _charge(state, fix.battery_pct, fix.time_us)
    reading = _Reading(state, received_us, rules, heard=heard)
    # 0,0 after a place of the same instant, so that it leaves its mark whichever the report names first.
    for fix in sorted(in_time, key=lambda fix: (fix.time_us, _is_zero(fix))):
        reading.take(fix)
    return reading.result()


def _is_zero(fix: Fix) -> bool:
    return abs(fix.lat) < ZERO_DEGREES and abs(fix.lon) < ZERO_DEGREES


class _Reading:
    """The fixes of one report, taken in the order of the device's time."""

    def __init__(
        self, state: CameraState, received_us: int, rules: MergeRules, *, heard: bool
    ) -> None:
        """`heard`: the camera was not silent between its newest fix and this report."""
        self._state = state
        self._received_us = received_us
        self._rules = rules
        self._heard = heard
        self._kept: list[Kept] = []
        self._doubted: list[Doubted] = []
        self._previous: Place | None = None  # newest fix of this report that was believed
        self._suspects = state.suspects
        self._waiting: list[Doubted] = []  # this report's part of the suspects

    def take(self, fix: Fix) -> None:
        ahead_us = fix.time_us - self._received_us
        if ahead_us > self._rules.clock_ahead_us:
            detail = f"{ahead_us / _SECOND:.0f} s ahead of the server's clock"
            self._doubt(Doubted(fix, "clock_ahead", detail))
        elif _is_zero(fix):
            self._doubt(Doubted(fix, "zero_position", "latitude and longitude are both zero"))
        else:
            self._take_place(fix)

    def _doubt(self, doubted: Doubted) -> None:
        self._doubted.append(doubted)
        known = self._state.fix
        if known is None or doubted.fix.time_us >= known.time_us:
            self._flag(self._state.flags | FLAG_DOUBTED)

    def _flag(self, flags: int) -> None:
        if flags != self._state.flags:
            self._state = msgspec.structs.replace(self._state, flags=flags)

    def _take_place(self, fix: Fix) -> None:
        if self._too_old(fix):
            self._kept.append(Kept(fix, self._lateness(fix), archive=True, newest=False))
            return
        nearest = self._nearest(fix)
        jump = None if nearest is None else implausible(nearest, fix, self._rules)
        if jump is None:
            if self._is_newest(fix):
                self._let_suspects_go()
            self._believe(fix)
        else:
            self._suspect(fix, jump)

    def _too_old(self, fix: Fix) -> bool:
        recorded = fix.recording == RECORDING
        keep_us = self._rules.keep_recording_us if recorded else self._rules.keep_other_us
        return self._received_us - fix.time_us > keep_us

    def _nearest(self, fix: Fix) -> Place | Fix | None:
        """The believed place nearest in time: from this report, or the live one."""
        live, previous = self._state.fix, self._previous
        if live is None or previous is None:
            return previous or live
        nearer = abs(fix.time_us - previous.time_us) <= abs(fix.time_us - live.time_us)
        return previous if nearer else live

    def _is_newest(self, fix: Fix) -> bool:
        return self._state.fix is None or fix.time_us > self._state.fix.time_us

    def _lateness(self, fix: Fix) -> int:
        known = self._state.fix
        return FLAG_LATE if known is not None and fix.time_us < known.time_us else 0

    def _believe(self, fix: Fix) -> None:
        self._previous = Place(fix.time_us, fix.lat, fix.lon, fix.accuracy_m)
        newest = self._is_newest(fix)
        flags = self._lateness(fix)
        if newest or _outranks(fix, self._state.fix):
            stillness = _stillness(self._state, fix, self._rules)
            stuck = stillness.signs >= self._rules.stuck_after
            flags |= FLAG_STUCK if stuck else 0
            flags |= FLAG_HEARD if newest and self._heard else 0
            self._state = _hear(
                msgspec.structs.replace(
                    self._state,
                    fix=fix,
                    fix_received_us=self._received_us,
                    flags=FLAG_STUCK if stuck else 0,
                    stillness=stillness,
                    heard_us=None,
                ),
                fix.signal,
                fix.time_us,
            )
        elif self._state.fix is not None and fix.content == self._state.fix.content:
            self._repeat(fix)
        self._kept.append(Kept(fix, flags, archive=False, newest=newest))

    def _repeat(self, fix: Fix) -> None:
        """The very same fix again: a receiver that is stuck with its clock."""
        stillness = _stillness(self._state, fix, self._rules)
        stuck = FLAG_STUCK if stillness.signs >= self._rules.stuck_after else 0
        self._state = msgspec.structs.replace(
            self._state, flags=self._state.flags | stuck, stillness=stillness
        )

    def _suspect(self, fix: Fix, detail: str) -> None:
        doubted = Doubted(fix, "implausible_jump", detail)
        if not self._is_newest(fix):
            self._doubt(doubted)
            return
        agrees = (
            bool(self._suspects)
            and fix.time_us > self._suspects[-1].time_us
            and implausible(self._suspects[-1], fix, self._rules) is None
        )
        if not agrees:
            self._let_suspects_go()
        self._suspects = (*self._suspects, Place(fix.time_us, fix.lat, fix.lon, fix.accuracy_m))
        if len(self._suspects) < self._rules.believe_after:
            self._waiting.append(doubted)
            return
        # The new place was confirmed often enough: the old one was wrong, or the camera was carried.
        self._suspects = ()
        for earlier in self._waiting:
            self._believe(earlier.fix)
        self._waiting = []
        self._believe(fix)

    def _let_suspects_go(self) -> None:
        self._suspects = ()
        for doubted in self._waiting:
            self._doubt(doubted)
        self._waiting = []

    def result(self) -> Merged:
        for doubted in self._waiting:
            self._doubt(doubted)
        if self._suspects != self._state.suspects:
            self._state = msgspec.structs.replace(self._state, suspects=self._suspects)
        return Merged(self._state, self._kept, self._doubted)


def _outranks(fix: Fix, known: Fix | None) -> bool:
    """Whether one of two fixes of the same instant is the one to show: the choice must not depend on arrival."""
    return (
        known is not None
        and fix.time_us == known.time_us
        and (fix.lat, fix.lon) > (known.lat, known.lon)
    )


def _stillness(state: CameraState, fix: Fix, rules: MergeRules) -> Stillness:
    known, before = state.fix, state.stillness
    cell = fix.signal.cell if fix.signal is not None else None
    if known is None or (fix.lat, fix.lon) != (known.lat, known.lon):
        return Stillness(cell=cell) if cell is not None else Stillness()
    fast = fix.speed_mps is not None and fix.speed_mps >= rules.moving_mps
    changed_cell = cell is not None and before.cell is not None and cell != before.cell
    return Stillness(before.repeats + 1, before.signs + (fast or changed_cell), cell or before.cell)


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in metres between two WGS 84 positions (haversine, mean radius)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def implausible(known: Place | Fix, fix: Place | Fix, rules: MergeRules) -> str | None:
    """Why nobody can have moved from the one to the other: a sentence, or None where it is possible.

    Both accuracies are granted to the camera, and at least a second: many devices round their time to it.
    """
    if (
        abs(fix.lat - known.lat) < SAME_PLACE_DEGREES
        and abs(fix.lon - known.lon) < SAME_PLACE_DEGREES
    ):
        return None
    way_m = distance_m(known.lat, known.lon, fix.lat, fix.lon)
    slack_m = sum(
        rules.unknown_accuracy_m if accuracy is None else accuracy
        for accuracy in (known.accuracy_m, fix.accuracy_m)
    )
    seconds = max(abs(fix.time_us - known.time_us) / _SECOND, 1.0)
    if way_m - slack_m <= rules.max_speed_mps * seconds:
        return None
    return (
        f"{way_m:.0f} m in {seconds:.0f} s, of which {slack_m:.0f} m may be inaccuracy:"
        f" faster than {rules.max_speed_mps:g} m/s"
    )
