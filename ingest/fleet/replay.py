"""Recorded tracks as live cameras: each file is one camera with a socket and token of its own.

By default a track is sent at its own pace, or `speed` times as fast; its times keep their distances
and end when the replay ends, so that none is ever ahead of the clock. With `original_times` the
recorded times stay as they are and everything is sent at once; what is older than the retention goes
to the archive. What a fix says beside its time (place, speed, signal) is exactly the file's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from sightline.ingest.adapters import gnettrack, gpx
from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.tracks import Remark, Track, Unread
from sightline.ingest.camera import messages as m
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.core import FIXES_PER_REPORT, REPORTS_UNDERWAY
from sightline.ingest.fleet.errors import CameraTakenError, GatewayUnreachableError
from sightline.sql import accounts, connect
from sightline.sql.settings import DatabaseSettings

ZONE = "Europe/London"
"""Of logs that do not say theirs: the force's local time."""
CONNECT_WITHIN_S = 20.0
MOST_BUFFERED = 2 * REPORTS_UNDERWAY * FIXES_PER_REPORT
"""Fixes that one camera holds unacknowledged; the file waits then, since a full buffer drops its oldest."""
_NAME_LENGTH = 52
_REMARKS_TOLD = 20
_LOOK_EVERY_S = 0.25


@dataclass
class Outcome:
    """What became of the fixes of all tracks.

    Attributes:
        sent: fixes that were handed to the gateway.
        stored: fixes that are new in the database (history, archive or quarantine).
        duplicate: fixes that were there already.
        rejected: what the gateway said of fixes or values that it did not take as they were.
        unread: files of a ZIP of which nothing was sent.
    """

    tracks: int = 0
    sent: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Fixes that were sent and are not in the database, as far as the gateway has said."""
        return max(0, self.sent - self.answered)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was recorded is in the database now."""
        return not self.lost and not any(file.is_log for file in self.unread)

    @property
    def answered(self) -> int:
        """Fixes that the gateway has acknowledged."""
        return self.stored + self.duplicate

    def sentence(self) -> str:
        """The outcome in words."""
        return (
            f"{self.tracks} tracks: {self.sent:,} fixes sent, {self.stored:,} stored,"
            f" {self.duplicate:,} there already, {len(self.rejected):,} remarks of the gateway."
            + (f" {self.lost:,} of those sent are not stored." if self.lost else "")
        )


def read_tracks(
    files: Sequence[Path], zone: ZoneInfo, unread: list[Unread] | None = None
) -> list[Track]:
    """The tracks of all files, by the files' endings.

    Args:
        files: G-NetTrack CSV, ZIP of them, or GPX.
        zone: of logs without a time zone.
        unread: takes the files of a ZIP that cannot be read; without it, the first of them raises.

    Raises:
        TrackFormatError: a file is of no known format, or not what its ending says.
    """
    tracks: list[Track] = []
    for file in files:
        match file.suffix.lower():
            case ".csv" | ".zip":
                tracks += gnettrack.read_file(file, zone, unread)
            case ".gpx":
                tracks.append(gpx.read_file(file))
            case other:
                raise TrackFormatError(
                    f"{file.name} ends in {other!r}, but must be .csv, .zip or .gpx."
                )
    return tracks


def camera_names(tracks: Sequence[Track]) -> list[str]:
    """A camera id for each track: the same for the same file name; different within one replay."""
    names: list[str] = []
    for track in tracks:
        name = f"replay:{re.sub('[^A-Za-z0-9._-]', '_', track.name)[:_NAME_LENGTH]}"
        if name in names:
            about = repr((track.fixes[0], track.fixes[-1], len(track.fixes)))
            name = f"{name[:_NAME_LENGTH]}-{hashlib.sha256(about.encode()).hexdigest()[:6]}"
        names.append(name)
    return names


def shifted(track: Track, start_ms: int, speed: float) -> list[tuple[int, m.Fix]]:
    """When each fix is sent (ms since 1970) if the replay begins at `start_ms`, and the fix with its new time.

    The times keep the recorded distances, since a car that is made to go ten times as fast is rightly not believed;
    they end with the replay's own end, so that none is ever ahead of the clock.
    """
    first, last = track.fixes[0].time, track.fixes[-1].time
    ahead_ms = max(0, (last - first) - int((last - first) / speed))
    return [
        (
            start_ms + int((fix.time - first) / speed),
            msgspec.structs.replace(fix, time=start_ms - ahead_ms + (fix.time - first)),
        )
        for fix in track.fixes
    ]


async def run(
    settings: DatabaseSettings,
    files: Sequence[Path],
    *,
    gateway_url: str,
    speed: float = 1.0,
    original_times: bool = False,
    zone: str = ZONE,
    output: TextIO | None = None,
) -> Outcome:
    """Replay files until they are all acknowledged, or until cancelled.

    Args:
        settings: of the database, to register the cameras.
        files: G-NetTrack CSV, ZIP of them, or GPX.
        gateway_url: ws:// address for cameras.
        speed: how many times faster than recorded; no meaning with `original_times`.
        original_times: keep the recorded times and send everything at once.
        zone: of logs without a time zone.
        output: where progress, remarks and the summary go; standard error by default.

    Raises:
        TrackFormatError: a file cannot be read.
        GatewayUnreachableError: the gateway does not answer.
        CameraTakenError: another replay of the same file, or a new token, ended this one.
        AccountError: a camera cannot be registered.
    """
    console = Console(file=output or sys.stderr, highlight=False, soft_wrap=True)
    unread: list[Unread] = []
    tracks = read_tracks(files, ZoneInfo(zone), unread)
    for file in unread:
        console.print(str(file))
    _tell_remarks(console, [remark for track in tracks for remark in track.remarks])
    names = camera_names(tracks)
    tokens = await _register(settings, names)
    replay = _Replay(gateway_url, tracks, names, tokens)
    replay.outcome.unread = unread
    try:
        with _bar(console) as bar:
            await replay.run(speed, bar, original_times=original_times)
    finally:
        console.print(replay.outcome.sentence())
        for line in replay.outcome.rejected[:_REMARKS_TOLD]:
            console.print(f"  {line}")
        if len(replay.outcome.rejected) > _REMARKS_TOLD:
            console.print(f"  … and {len(replay.outcome.rejected) - _REMARKS_TOLD:,} more.")
    return replay.outcome


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _tell_remarks(console: Console, remarks: Sequence[Remark], most: int = 50) -> None:
    for remark in remarks[:most]:
        console.print(str(remark))
    if len(remarks) > most:
        console.print(f"… and {len(remarks) - most} more.")


async def _register(settings: DatabaseSettings, names: Iterable[str]) -> dict[str, str]:
    """A token for each camera; those that are not there are added."""
    connection = await connect(settings, "owner")
    try:
        known = {row["camera"] for row in await accounts.list_cameras(connection)}
        tokens = {}
        for name in names:
            if name in known:
                await accounts.check_camera_enabled(connection, name)
                made = await accounts.camera_token(connection, name, actor="system:replay")
            else:
                made = await accounts.add_camera(
                    connection, name, kind="tracker", actor="system:replay"
                )
            tokens[name] = made.token
        return tokens
    finally:
        await connection.close()


def _told(name: str, said: Mapping[str, Any]) -> str:
    """An entry of an acknowledgement, in words."""
    what = said["field"] or "the fix"
    then = "kept" if said.get("kept") else "not taken"
    return f"{name}: {what} ({said['value']}): {said['code']}, must be {said['allowed']}; {then}"


class _Replay:
    """The cameras of one replay."""

    def __init__(
        self, url: str, tracks: Sequence[Track], names: Sequence[str], tokens: dict[str, str]
    ) -> None:
        self.outcome = Outcome(tracks=len(tracks))
        self._url = url
        self._tracks = tracks
        self._heard = asyncio.Event()
        self._taken: str | None = None
        self._clients = [
            CameraClient(url, tokens[name], m.Identity(name, "replay", "1"), self._listener(name))
            for name in names
        ]

    def _listener(self, name: str) -> Callable[[m.Incoming], None]:
        def hear(message: m.Incoming) -> None:
            if isinstance(message, m.Ack):
                self.outcome.stored += message.stored
                self.outcome.duplicate += message.duplicate
                self.outcome.rejected += [_told(name, said) for said in message.rejected]
            elif isinstance(message, m.Error) and message.code in ("token_invalid", "replaced"):
                self._taken = name
            self._heard.set()

        return hear

    async def run(self, speed: float, bar: Progress, *, original_times: bool) -> None:
        running = [asyncio.create_task(client.run()) for client in self._clients]
        try:
            await self._connected()
            total = sum(len(track.fixes) for track in self._tracks)
            task = bar.add_task("acknowledged", total=total)
            telling = asyncio.create_task(self._tell(bar, task))
            try:
                if original_times:
                    await self._send_all()
                else:
                    await self._send_in_time(speed)
                while not all(client.core.idle for client in self._clients):
                    await self._hear()
            finally:
                telling.cancel()
                bar.update(task, completed=self.outcome.answered)
        finally:
            for client in running:
                client.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _connected(self) -> None:
        deadline = time.monotonic() + CONNECT_WITHIN_S
        while not all(client.connected for client in self._clients):
            self._check_taken()
            if time.monotonic() > deadline:
                count = sum(not client.connected for client in self._clients)
                raise GatewayUnreachableError(
                    f"{count} of {len(self._clients)} cameras could not connect to {self._url}"
                    f" within {CONNECT_WITHIN_S:.0f} s: is the gateway running there?"
                )
            await asyncio.sleep(0.05)

    async def _hear(self) -> None:
        """Wait until the gateway has said something, or something may have happened without it."""
        self._heard.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._heard.wait()
        self._check_taken()

    def _check_taken(self) -> None:
        taken = self._taken or next((c.camera for c in self._clients if c.refused), None)
        if taken is not None:
            raise CameraTakenError(
                f"Another replay of the same file, or a new token, has taken over the camera {taken}:"
                " this replay ends, and what was acknowledged is stored. Replay the file again to send the rest."
            )

    async def _send(self, client: CameraClient, fix: m.Fix) -> None:
        """Hand over a fix as soon as the camera has room for it."""
        self._check_taken()
        while client.core.buffered >= MOST_BUFFERED:
            await self._hear()
        client.add_fix(fix)
        self.outcome.sent += 1

    async def _send_all(self) -> None:
        async def one(track: Track, client: CameraClient) -> None:
            for fix in track.fixes:
                await self._send(client, fix)

        pairs = zip(self._tracks, self._clients, strict=True)
        await asyncio.gather(*(one(track, client) for track, client in pairs))

    async def _send_in_time(self, speed: float) -> None:
        start_ms = int(time.time() * 1000)
        due = sorted(
            (
                (due_ms, number, fix)
                for number, track in enumerate(self._tracks)
                for due_ms, fix in shifted(track, start_ms, speed)
            ),
            key=lambda item: item[:2],
        )
        for time_ms, number, fix in due:
            while (wait_s := time_ms / 1000 - time.time()) > 0:
                await asyncio.sleep(min(wait_s, _LOOK_EVERY_S))
                self._check_taken()
            await self._send(self._clients[number], fix)

    async def _tell(self, bar: Progress, task: TaskID) -> None:
        while True:
            bar.update(task, completed=self.outcome.answered)
            await asyncio.sleep(_LOOK_EVERY_S)
