"""What is said on one connection, of a camera or of a bridge: messages in, answers out, and the errors that close.

A conversation waits only for room in the writer's inbox. It starts no task for a message, except where a bridge names a
camera of which the database must be asked first (see `sightline.ingest.bridge`); answers are pushed without waiting, and a peer that does not read them is cut.
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from sightline.ingest import protocol
from sightline.ingest.actions import Actions
from sightline.ingest.admission import Pace, advice
from sightline.ingest.admitted import LARGEST_BACKLOG_BYTES, AdmittedConnection
from sightline.ingest.commands import Commands
from sightline.ingest.doors import CameraIdentity, Register
from sightline.ingest.errors import DatabaseAwayError, ProtocolError
from sightline.ingest.frames import Message
from sightline.ingest.links import Link, Links
from sightline.ingest.messages import (
    EyesOn,
    EyesOnState,
    Hello,
    Incoming,
    Outgoing,
    Problem,
    Report,
    Status,
    TalkAnswer,
    Welcome,
)
from sightline.ingest.received import Received, acknowledgement, valued
from sightline.ingest.tolerance import Limits, Tolerance
from sightline.ingest.wire import PlainReport
from sightline.ingest.writer import Writer

log = logging.getLogger(__name__)

ROOM_WITHIN_S: Final = 15.0
"""Longest wait for room before a camera is told to come back later; less than a keepalive takes to give up."""
COME_BACK_AFTER_S: Final = 30
_DATABASE_BACK_AFTER_S: Final = 4
_TURN: Final = 200
"""Messages and fixes taken from one connection before it is the turn of the others."""
_NOTE_LIFE_EVERY_US: Final = 1_000_000


@dataclass(slots=True)
class Traffic:
    """What came in since the start, for metrics.

    Attributes:
        put_off: connections that were told to come back since too many came at once.
        trackers: requests of trackers that are being answered.
        tracker_requests: requests of trackers that showed a token.
        tracker_refusals: of all their requests, those answered with an error of theirs (4xx).
        tracker_delays: those that were told to come again (503).
    """

    connections: int = 0
    put_off: int = 0
    messages: int = 0
    fixes: int = 0
    errors: int = 0
    trackers: int = 0
    tracker_requests: int = 0
    tracker_refusals: int = 0
    tracker_delays: int = 0


@dataclass(slots=True)
class Services:
    """What all conversations of a gateway share.

    Attributes:
        pace: how fast connections come in.
        draining: the gateway is ending: nothing more is taken in.
        closing: connections that are being closed.
    """

    writer: Writer
    links: Links
    actions: Actions
    commands: Commands
    register: Register
    report_every_s: dict[str, int]
    pace: Pace
    limits: Limits = field(default_factory=Limits)
    traffic: Traffic = field(default_factory=Traffic)
    draining: bool = False
    closing: set[asyncio.Task[None]] = field(default_factory=set)


class Conversation(ABC):
    """One connection from its beginning to its end."""

    # Of thousands of connections nothing is in the processor's cache any more when their next message comes.
    __slots__ = (
        "_is_ending",
        "_most_unwritten",
        "_packed",
        "_relief",
        "_services",
        "_socket",
        "_taken",
        "_tolerance",
        "_unwritten",
    )

    def __init__(
        self, socket: AdmittedConnection, services: Services, *, most_unwritten: int
    ) -> None:
        self._most_unwritten = most_unwritten
        self._socket = socket
        self._services = services
        self._packed = False
        self._tolerance = Tolerance(services.limits.errors)
        self._unwritten = 0
        self._taken = 0  # since the others had their turn
        self._relief = asyncio.Event()
        self._is_ending = False

    async def run(self) -> None:
        """Converse until the connection ends."""
        try:
            if not await self._begin():
                return
            while True:
                messages, at = await self._socket.receive(self._take_at_once), 0
                while at < len(messages):
                    if self._services.draining or self._is_ending:
                        break  # not acknowledged, so the camera sends them again elsewhere
                    at = self._take_plain(messages, at)
                    if at < len(messages) and self._taken <= _TURN and not self._must_wait():
                        raw, binary = messages[at]
                        at += 1
                        self._taken += 1
                        await self._take(raw, binary=binary)
                    if self._taken > _TURN:
                        self._taken = 0
                        await asyncio.sleep(0)
                    if self._must_wait() and not await self._room():
                        return
        except ConnectionClosed:
            pass
        finally:
            self._socket.stop_receiving()
            self._end()

    def _link_at_hand(self, _ref: str | None) -> Link | None:
        """The link of a message that names this camera, if nothing stands in its way."""
        return None

    def _must_wait(self) -> bool:
        return self._services.writer.inbox.full or self._unwritten > self._most_unwritten

    def _take_at_once(self, messages: Sequence[Message]) -> int:
        """Take what came while nothing else was to be done here, as far as that needs no waiting; how many it was."""
        if self._services.draining or self._is_ending:
            return 0
        self._taken = 0  # between two reads the others have their turn
        return self._take_plain(messages, 0)

    def _take_plain(self, messages: Sequence[Message], at: int) -> int:
        """Take reports of numbers alone about cameras at hand, as nearly all are, until something else is to be done.

        Args:
            messages: payloads, and whether they are binary.
            at: which to begin with.

        Returns:
            The place of the first that wants a closer look, or that must wait.
        """
        received_us = time.time_ns() // 1000
        start = at
        for raw, binary in islice(messages, start, None):
            if self._taken > _TURN or self._must_wait():
                break
            packed = binary and not protocol.is_json_object(raw)
            report = protocol.plain(raw, packed=packed)
            if report is None or (link := self._link_at_hand(report.camera)) is None:
                break
            self._packed = packed
            self._taken += 1
            self._put(link, report, len(report.fixes), received_us)
            at += 1
        self._services.traffic.messages += at - start
        return at

    async def _take(self, raw: bytes, *, binary: bool) -> None:
        self._services.traffic.messages += 1
        packed = binary and not protocol.is_json_object(raw)
        try:
            message = protocol.receive(raw, binary=packed)
        except ProtocolError as error:
            if error.code != "not_messagepack":  # rubbish does not tell what the other side reads
                self._packed = packed
            await self._not_understood(error)
            return
        self._packed = packed
        await self._dispatch(message)

    async def _dispatch(self, message: Incoming | PlainReport) -> None:
        await self._answer(message)

    async def _answer(self, message: Incoming | PlainReport) -> None:
        try:
            await self._handle(message)
        except ProtocolError as error:
            self._complain(error, message.camera)
        except DatabaseAwayError as error:
            log.info("the database is away for a new camera: %s", error)
            self.close(protocol.CLOSE_OVERLOADED, advice(_DATABASE_BACK_AFTER_S))

    async def _room(self) -> bool:
        """Wait until what was received has been written down; False: it takes too long."""
        try:
            async with asyncio.timeout(ROOM_WITHIN_S):
                await self._services.writer.inbox.room()
                while self._unwritten > self._most_unwritten:
                    self._relief.clear()
                    await self._relief.wait()
        except TimeoutError:
            # Awaited, since the connection would end with 1000 as soon as this conversation does.
            await self._socket.close(protocol.CLOSE_OVERLOADED, advice(COME_BACK_AFTER_S))
            return False
        return True

    @abstractmethod
    async def _begin(self) -> bool:
        """What comes before the first message; False: the connection is not kept."""

    @abstractmethod
    def _held(self) -> Iterable[Link]:
        """The links of this connection."""

    @abstractmethod
    async def _link_for(self, message: Incoming | PlainReport) -> Link:
        """The camera that a message is about.

        Raises:
            ProtocolError: it may not be, or there is none.
            DatabaseAwayError: it cannot be said now.
        """

    def _end(self) -> None:
        for link in self._held():
            self._services.links.release(link)

    # --- messages in

    async def _handle(self, message: Incoming | PlainReport) -> None:
        link = await self._link_for(message)
        received_us = time.time_ns() // 1000
        if isinstance(message, PlainReport | Report | Status):
            fixes = 0 if isinstance(message, Status) else message.total
            self._put(link, message, fixes, received_us)
            return
        self._note_life(link, received_us)
        if isinstance(message, Hello):
            self._welcome(link, message)
        elif isinstance(message, EyesOn):
            self._eyes_on(link)
        elif isinstance(message, TalkAnswer):
            self._services.actions.do(
                "gateway.talk_answer",
                link.camera_id,
                message.talk,
                message.accept,
                self._services.links.http_base,
            )

    def _put(
        self, link: Link, message: PlainReport | Report | Status, fixes: int, received_us: int
    ) -> None:
        if message.seq >= link.newest_seq:
            link.newest_seq = message.seq
        else:
            self._seq_went_back(link, message)
        self._services.traffic.fixes += fixes
        self._taken += fixes
        size = 1 + fixes
        received = Received(link.camera_id, link.epoch, received_us, message, self, size=size)
        self._unwritten += size
        self._services.writer.inbox.put(received)

    def _note_life(self, link: Link, received_us: int) -> None:
        """Have it written down that the camera was heard, but not more often than anybody can see."""
        if not 0 <= received_us - link.noted_us < _NOTE_LIFE_EVERY_US:
            link.noted_us = received_us
            self._services.writer.inbox.put(Received(link.camera_id, link.epoch, received_us, None))

    def _seq_went_back(self, link: Link, message: PlainReport | Report | Status) -> None:
        newest = link.newest_seq
        report = valued(message)
        known = self._services.writer.memory
        if isinstance(report, Report) and known.recall(link.camera_id, report) is not None:
            return
        self._complain(
            ProtocolError(
                "seq_went_back",
                f"seq {message.seq} came after {newest} on this connection. The message is taken all the same.",
                field="seq",
                value=message.seq,
                allowed=f"{newest} or more, or the same message again",
                seq=message.seq,
            ),
            message.camera,
        )

    def _welcome(self, link: Link, hello: Hello) -> None:
        self._services.actions.introduce(
            link.camera_id, (hello.model, hello.firmware, hello.audio_out)
        )
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.send(Welcome(link.ref, now, self._services.report_every_s, hello.rejected))

    def _eyes_on(self, link: Link) -> None:
        camera = self._named(link)
        self._services.actions.do(
            "gateway.eyes_on",
            link.camera_id,
            then=lambda state: self.send(EyesOnState(state, camera)),
        )

    @abstractmethod
    def _named(self, link: Link) -> str | None:
        """The camera's id where answers must carry it."""

    # --- messages out

    def send(self, message: Outgoing) -> bool:
        """Send without waiting; False where the connection is gone."""
        if not self._can_send():
            return False
        self._socket.push((protocol.encode(message, packed=self._packed),), text=not self._packed)
        return True

    def _can_send(self) -> bool:
        socket = self._socket
        if socket.protocol.state is not State.OPEN:
            return False
        if socket.transport.get_write_buffer_size() > LARGEST_BACKLOG_BYTES:
            log.warning("a peer does not read its answers: %s", socket.remote_address)
            socket.transport.abort()
            return False
        return True

    def acknowledge(self, committed: Sequence[Received]) -> None:
        """What was received is committed, or refused for good."""
        self._unwritten -= sum([received.size for received in committed])
        self._relief.set()
        if self._can_send():
            acks = [acknowledgement(received) for received in committed]
            encoded = protocol.encode_acks(acks, packed=self._packed)
            self._socket.push(encoded, text=not self._packed)

    def _complain(self, error: ProtocolError, camera: str | None = None) -> None:
        self._services.traffic.errors += 1
        log.debug("%s said something wrong: %s", self._socket.remote_address, error)
        self.send(protocol.problem(error, camera))

    async def _not_understood(self, error: ProtocolError) -> None:
        """Answer what is no message; too many of them close the connection."""
        self._complain(error)
        self._tolerance.count()
        if self._tolerance.exceeded_for_s() > 0:
            self.close(protocol.CLOSE_TOO_MANY_ERRORS, "too many messages that are none")

    def close(self, code: int, reason: str) -> None:
        """Begin to close the connection, without waiting for the peer."""
        if self._is_ending or self._socket.state is not State.OPEN:
            return
        self._is_ending = True
        task = asyncio.create_task(self._socket.close(code, reason))
        self._services.closing.add(task)
        task.add_done_callback(self._services.closing.discard)


class CameraConversation(Conversation):
    """The connection of one camera, known by its token."""

    __slots__ = ("_contradicted", "_identity", "_link")

    def __init__(
        self, socket: AdmittedConnection, services: Services, identity: CameraIdentity
    ) -> None:
        super().__init__(socket, services, most_unwritten=services.limits.camera_unwritten)
        self._identity = identity
        self._link: Link | None = None
        self._contradicted: str | None = None

    async def _begin(self) -> bool:
        who, services = self._identity, self._services
        try:
            self._link, elsewhere = await services.links.claim(
                who.camera_id, who.ref, self, who.token_hash
            )
        except DatabaseAwayError as error:
            log.info("%s cannot come in: %s", who.ref, error)
            await self._socket.close(protocol.CLOSE_OVERLOADED, advice(_DATABASE_BACK_AFTER_S))
            return False
        if elsewhere:
            services.writer.forget(who.camera_id)
        services.commands.hint(who.camera_id)
        return True

    def _held(self) -> Iterable[Link]:
        return () if self._link is None else (self._link,)

    def _link_at_hand(self, ref: str | None) -> Link | None:
        if self._contradicted is None and (ref is None or ref == self._identity.ref):
            return self._link
        return None

    async def _link_for(self, message: Incoming | PlainReport) -> Link:
        assert self._link is not None
        if message.camera is not None:
            if message.camera != self._identity.ref:
                if isinstance(message, Hello):
                    self._contradicted = message.camera
                raise self._wrong_camera(message.camera)
            if isinstance(message, Hello):
                self._contradicted = None
        if self._contradicted is not None:
            raise self._wrong_camera(self._contradicted)
        return self._link

    def _wrong_camera(self, said: str) -> ProtocolError:
        # Never taken: positions under the wrong officer's name would be worse than none.
        return ProtocolError(
            "wrong_camera",
            f"The token of this connection belongs to {self._identity.ref}, not to {said}. Nothing is taken.",
            field="camera",
            value=said,
            allowed=self._identity.ref,
        )

    def _named(self, _link: Link) -> str | None:
        return None

    def overtaken(self, _link: Link) -> None:
        """A newer connection has this camera now."""
        self.send(Problem("replaced", "A newer connection of this camera took over."))
        self.close(protocol.CLOSE_REPLACED, "a newer connection took over")

    def cut_off(self, _link: Link) -> None:
        """The token is not valid any more."""
        self.send(Problem("token_invalid", "The token is not valid any more."))
        self.close(protocol.CLOSE_TOKEN_INVALID, "token no longer valid")
