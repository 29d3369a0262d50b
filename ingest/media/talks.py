"""Talk-back: one person's voice on its way to one camera.

A talk has two connections, which come in any order: the speaker's (a browser, WHIP) and the listener's (the camera, WHEP).
Nothing is forwarded before both are there, and the talk ends as soon as either is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from aiortc.rtp import RtpPacket

from sightline.ingest.media.errors import PeerEnded, PeerExists, UnknownPeer
from sightline.ingest.media.offers import read_sound_offer
from sightline.ingest.media.peer import Goodbyes, Peer
from sightline.ingest.media.publication import Source
from sightline.ingest.media.turns import Turn, Turns
from sightline.ingest.media.udp_mux import UdpMux
from sightline.ingest.media.viewing import Sink

TalkSide = Literal["speaker", "listener"]
TalkEndListener = Callable[[UUID, str], None]
TurnListener = Callable[[UUID, Turn | None], None]
"""Hears of each turn of a talk when it is over; None: that was the last one, the talk has ended."""

log = logging.getLogger(__name__)


class Speaker(Source):
    """Who speaks."""

    noun = "speaker"
    farewell = "the speaker closed it"
    what = "talk"


class Listener(Sink):
    """The camera that plays what is said."""

    noun = "listener"
    farewell = "the camera stopped listening"
    what = "talk"


class Talk:
    """One talk: who of the two is there, and what was said."""

    def __init__(self, id_: UUID) -> None:
        self.id = id_
        self.speaker: Speaker | None = None
        self.listener: Listener | None = None
        self.turns = Turns()
        self.arrived = asyncio.Event()  # the speaker is there, or will not be

    @property
    def heard(self) -> bool:
        """Whether the camera gets what is said."""
        return (
            self.speaker is not None
            and self.speaker.connected
            and self.listener is not None
            and self.listener.connected
        )

    @property
    def peers(self) -> list[Peer]:
        """Who is there."""
        return [peer for peer in (self.speaker, self.listener) if peer is not None]


class _Minutes:
    """Takes down what the camera is sent, beside the camera itself; nothing before it listens."""

    def __init__(self, talk: Talk, on_turn: Callable[[Turn], None]) -> None:
        self._talk = talk
        self._on_turn = on_turn

    def forward(self, packet: RtpPacket) -> None:
        if not self._talk.heard:
            return
        over = self._talk.turns.packet(
            time.monotonic(), time.time(), packet.timestamp, packet.payload
        )
        if over is not None:
            self._on_turn(over)


class Talks:
    """All talks of this process.

    Attributes:
        all: talks of which somebody is there, by id.
    """

    def __init__(
        self,
        mux: UdpMux,
        connect_s: float,
        goodbyes: Goodbyes,
        *,
        on_end: TalkEndListener,
        on_turn: TurnListener,
        check_room: Callable[[], None],
    ) -> None:
        """Args:
        mux: the port of all peers.
        connect_s: what a peer has from its answer to its first encrypted packet.
        goodbyes: takes leave of peers.
        on_end: hears of every end that was seen or caused here, but not of those told by `end`.
        on_turn: hears what was said.
        check_room: raises `RelayFull` or `GateUnreachable` when there is no room for another peer.
        """
        self.all: dict[UUID, Talk] = {}
        self._mux = mux
        self._connect_s = connect_s
        self._goodbyes = goodbyes
        self._on_end = on_end
        self._on_turn = on_turn
        self._check_room = check_room

    @property
    def peers(self) -> int:
        """How many connections they have."""
        return sum(len(talk.peers) for talk in self.all.values())

    def heard(self) -> list[UUID]:
        """Talks of which the camera gets what is said."""
        return [talk.id for talk in self.all.values() if talk.heard]

    async def speak(self, id_: UUID, offer_text: str) -> str:
        """Take the offer of who speaks; the SDP answer.

        Raises `InvalidOffer`, `PeerExists`, `PeerEnded`, `RelayFull`, `GateUnreachable`.
        """
        return await self._begin(id_, "speaker", offer_text)

    async def hear(self, id_: UUID, offer_text: str) -> str:
        """Take the offer of the camera that listens; the SDP answer.

        Raises `InvalidOffer`, `PeerExists`, `PeerEnded`, `RelayFull`, `GateUnreachable`.
        """
        return await self._begin(id_, "listener", offer_text)

    async def _begin(self, id_: UUID, side: TalkSide, offer_text: str) -> str:
        talk = self.all.setdefault(id_, Talk(id_))
        if getattr(talk, side) is not None:
            raise PeerExists(f"Talk {id_} has a {side} already.")
        try:
            self._check_room()
            sdp = read_sound_offer(offer_text, "camera" if side == "speaker" else "viewer")
            peer = self._speaker(talk) if side == "speaker" else await self._listener(talk)
            answer = await peer.answer(sdp, self._mux.gather)
        except BaseException as error:
            self._lost(talk, str(error) or "the request was given up")
            raise
        log.info("begun %s=%s", side, id_)
        return answer

    def _speaker(self, talk: Talk) -> Speaker:
        talk.speaker = speaker = Speaker(talk.id)
        speaker.on_lost = lambda reason: self._lost(talk, reason)
        transceiver = speaker.connection.addTransceiver("audio", direction="recvonly")
        speaker.add_track("audio", transceiver.receiver)
        minutes = _Minutes(talk, lambda turn: self._on_turn(talk.id, turn))
        speaker.tracks["audio"].outlets.add(minutes)
        talk.arrived.set()
        return speaker

    async def _listener(self, talk: Talk) -> Listener:
        """The camera's side, which waits for the speaker's: what it is sent must be known before it is answered."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._connect_s):
                await talk.arrived.wait()
        if talk.speaker is None or self.all.get(talk.id) is not talk:
            raise PeerEnded("Nobody speaks in this talk.")
        if talk.listener is not None:
            raise PeerExists(f"Talk {talk.id} has a listener already.")
        talk.listener = listener = Listener(talk.id)
        listener.on_lost = lambda reason: self._lost(talk, reason)
        transceiver = listener.connection.addTransceiver("audio", direction="sendonly")
        listener.add_outlet(talk.speaker.tracks["audio"], transceiver.sender)
        return listener

    def look(self, now: float) -> None:
        """Tell turns that are over, and give up peers that do not connect.

        Args:
            now: on the monotonic clock.
        """
        for talk in tuple(self.all.values()):
            over = talk.turns.pause(now)
            if over is not None:
                self._on_turn(talk.id, over)
            for peer in talk.peers:
                if not peer.connected and now - peer.created_at > self._connect_s:
                    self._lost(
                        talk, f"the {peer.noun} had no connection within {self._connect_s:g} s"
                    )

    # --- ending

    def close_by_peer(self, id_: UUID, side: TalkSide) -> None:
        """End a talk of which one took leave.

        Raises `UnknownPeer`.
        """
        talk = self.all.get(id_)
        peer = None if talk is None else getattr(talk, side)
        if talk is None or peer is None:
            raise UnknownPeer(f"There is no {side} of talk {id_}.")
        self._lost(talk, peer.farewell)

    def end(self, id_: UUID, reason: str) -> None:
        """End what somebody else decided must end; unknown talks have ended already."""
        talk = self.all.pop(id_, None)
        if talk is None:
            return
        talk.arrived.set()
        last = talk.turns.end()
        if last is not None:
            self._on_turn(talk.id, last)
        for peer in talk.peers:
            if peer.ended is None:
                peer.ended = reason
                peer.detach()
                self._goodbyes.say(peer)
        self._on_turn(id_, None)
        log.info("ended talk=%s reason=%r", id_, reason)

    def end_all(self, reason: str) -> None:
        """End every talk."""
        for talk in tuple(self.all.values()):
            self._lost(talk, reason)

    def _lost(self, talk: Talk, reason: str) -> None:
        if self.all.get(talk.id) is talk:
            self._on_end(talk.id, reason)
            self.end(talk.id, reason)
