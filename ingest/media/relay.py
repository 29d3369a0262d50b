"""The relay: which cameras send, who watches them, and how each of them begins and ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sightline.ingest.media import hooks
from sightline.ingest.media.errors import (
    GateUnreachable,
    InvalidOffer,
    PeerEnded,
    PeerExists,
    PublicationAbsent,
    RelayFull,
    RelayRefusal,
    UnknownPeer,
)
from sightline.ingest.media.frames import FrameSource, FrameViewing
from sightline.ingest.media.loop_lag import LoopLag
from sightline.ingest.media.offers import (
    H264Format,
    VideoFormat,
    for_viewer,
    preferences,
    read_offer,
    sound_preferences,
    taken_from_camera,
    video_format,
)
from sightline.ingest.media.peer import Carried, Goodbyes
from sightline.ingest.media.publication import Publication
from sightline.ingest.media.talks import Talks, TurnListener
from sightline.ingest.media.udp_mux import UdpMux
from sightline.ingest.media.viewing import Viewing

WATCH_INTERVAL_S = 0.5

PeerKind = Literal["viewing", "publication", "talk"]
EndListener = Callable[[PeerKind, UUID, str], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RelayLimits:
    """Bounds of the relay.

    A camera has `publication_wait_s` to appear once somebody wants to watch it, every peer
    `connect_s` from its answer to its first encrypted packet; a camera that then sends nothing for
    `stall_s` is given up.
    """

    publication_wait_s: float = 8.0
    connect_s: float = 10.0
    stall_s: float = 5.0
    most_peers: int = 500


class Relay:
    """All publications, viewings and talks of this process.

    `on_end` hears of every end that the relay itself saw or caused (kind, id, reason), but not of
    those it was told to make by `end`.
    """

    def __init__(
        self,
        mux: UdpMux,
        limits: RelayLimits,
        on_end: EndListener,
        on_turn: TurnListener = lambda _talk, _turn: None,
    ) -> None:
        self.publications: dict[UUID, Publication] = {}
        self.viewings: dict[UUID, Viewing | FrameViewing] = {}
        self.mux = mux
        self._limits = limits
        self._on_end = on_end
        self._lag = LoopLag()
        self._awaited: dict[UUID, _Awaited] = {}  # by publication
        self._waiting: dict[UUID, asyncio.Future[str]] = {}  # by viewing: why it need not wait
        self._frame_sources: dict[UUID, FrameSource] = {}  # by publication, while it has viewers
        self._goodbyes = Goodbyes()
        self.talks = Talks(
            mux,
            limits.connect_s,
            self._goodbyes,
            on_end=lambda id_, reason: on_end("talk", id_, reason),
            on_turn=on_turn,
            check_room=self._check_room,
        )
        self._closed_because: str | None = None

    # --- beginning

    async def publish(self, id_: UUID, offer_text: str) -> str:
        """Take a camera's offer; the SDP answer.

        Raises `InvalidOffer`, `PeerExists`, `RelayFull`, `GateUnreachable`.
        """
        if id_ in self.publications:
            raise PeerExists(f"Publication {id_} sends already.")
        with self._failing_recorded("publication", id_):
            self._check_room()
            offer = read_offer(offer_text, "camera")
            wanted = taken_from_camera(offer.formats)
            publication = Publication(id_, wanted)
            self.publications[id_] = publication
            publication.on_lost = lambda reason: self._lost(publication, reason)
            publication.is_relay_busy = self._lag.is_busy
            for kind in offer.kinds:
                transceiver = publication.connection.addTransceiver(kind, direction="recvonly")
                transceiver.setCodecPreferences(
                    preferences([wanted]) if kind == "video" else sound_preferences()
                )
                publication.add_track(kind, transceiver.receiver)
            hooks.exempt_from_consent(publication.connection)
            answer = await publication.answer(offer.sdp, self.mux.gather)
            publication.format = _agreed_format(publication)
        log.info("begun publication=%s media=%s", id_, ",".join(offer.kinds))
        if (awaited := self._awaited.get(id_)) is not None:
            awaited.arrived.set()
        return answer

    async def view(self, id_: UUID, publication_id: UUID, offer_text: str) -> str:
        """Take a viewer's offer once the camera sends; the SDP answer.

        Raises `InvalidOffer`, `PeerExists`, `PeerEnded`, `GateUnreachable`, `RelayFull`,
        `PublicationAbsent`.
        """
        if id_ in self.viewings or id_ in self._waiting:
            raise PeerExists(f"Viewing {id_} is open already.")
        with self._failing_recorded("viewing", id_):
            self._check_room()
            offer = read_offer(offer_text, "viewer")
            publication = await self._publication_for(id_, publication_id)
            formats = for_viewer(offer.formats, publication.format)
            viewing = Viewing(id_, publication)
            self.viewings[id_] = viewing
            viewing.on_lost = lambda reason: self._lost(viewing, reason)
            for kind in offer.kinds:
                track = publication.tracks.get(kind)
                transceiver = viewing.connection.addTransceiver(
                    kind, direction="sendonly" if track else "inactive"
                )
                transceiver.setCodecPreferences(
                    preferences(formats) if kind == "video" else sound_preferences()
                )
                if track is not None:
                    viewing.add_outlet(track, transceiver.sender)
            answer = await viewing.answer(offer.sdp, self.mux.gather)
        log.info("begun viewing=%s publication=%s", id_, publication_id)
        return answer

    async def carry(self, id_: UUID, publication_id: UUID) -> FrameViewing:
        """Carry a viewing as frames over a socket: a new one, or one that was answered and whose packets do not arrive.

        Raises `PeerExists` for one that is carried so already, `PeerEnded`, `InvalidOffer` where the camera sends
        what cannot be carried so, `GateUnreachable`, `RelayFull`, `PublicationAbsent`.
        """
        before = self.viewings.get(id_)
        if isinstance(before, FrameViewing) or id_ in self._waiting:
            raise PeerExists(f"Viewing {id_} is open already.")
        with self._failing_recorded("viewing", id_):
            if before is None:
                self._check_room()
                publication = await self._publication_for(id_, publication_id)
            else:
                publication = before.publication
            if (wrong := why_no_frames(publication.format.codec)) is not None:
                raise InvalidOffer(wrong, "unsupported_codec")
            source = self._frame_sources.setdefault(publication.id, FrameSource(publication))
            viewing = FrameViewing(id_, publication, source)
            viewing.on_lost = lambda reason: self._lost(viewing, reason)
            self.viewings[id_] = viewing
        if before is not None:
            # From here on the end of its connection is not the viewing's.
            before.ended = "it goes on over a socket"
            before.detach()
            self._goodbyes.say(before)
        log.info("begun viewing=%s publication=%s as=frames", id_, publication_id)
        return viewing

    @contextmanager
    def _failing_recorded(self, kind: PeerKind, id_: UUID) -> Iterator[None]:
        """What could not begin has ended: its token is used up, nothing can come of it."""
        try:
            yield
        except BaseException as error:
            refused = isinstance(error, RelayRefusal)
            reason = str(error) if refused else "the request was given up"
            peer = self.viewings.get(id_) if kind == "viewing" else self.publications.get(id_)
            if peer is not None:
                self._lost(peer, reason)
            else:
                self._on_end(kind, id_, reason)
            raise

    async def _publication_for(self, viewing_id: UUID, publication_id: UUID) -> Publication:
        """The publication, for which a viewing waits if it must."""
        if publication_id not in self.publications:
            awaited = self._awaited.setdefault(publication_id, _Awaited())
            awaited.viewings.add(viewing_id)
            refused = asyncio.get_running_loop().create_future()
            self._waiting[viewing_id] = refused
            arrived = asyncio.create_task(awaited.arrived.wait())
            try:
                await asyncio.wait(
                    (arrived, refused),
                    timeout=self._limits.publication_wait_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                arrived.cancel()
                del self._waiting[viewing_id]
                awaited.viewings.discard(viewing_id)
                if not awaited.viewings:
                    self._awaited.pop(publication_id, None)
            if refused.done():
                raise PeerEnded(f"The stream ended: {refused.result()}.")
        publication = self.publications.get(publication_id)
        if publication is None:
            seconds = f"{self._limits.publication_wait_s:g}"
            absent = PublicationAbsent(f"The camera did not begin to send within {seconds} s.")
            self._on_end("publication", publication_id, str(absent))
            raise absent
        self._check_room()  # the gate may have closed meanwhile
        return publication

    def _check_room(self) -> None:
        if self._closed_because is not None:
            raise GateUnreachable(
                f"No stream can be opened: {self._closed_because}. Try again in a moment."
            )
        peers = len(self.publications) + len(self.viewings) + len(self._waiting)
        if peers + self.talks.peers >= self._limits.most_peers:
            raise RelayFull(f"The relay carries {self._limits.most_peers} peers already.")

    # --- ending

    def end(self, kind: PeerKind, id_: UUID, reason: str) -> None:
        """End what somebody else decided must end; unknown peers have ended already."""
        if kind == "viewing":
            if (waiting := self._waiting.get(id_)) is not None and not waiting.done():
                waiting.set_result(reason)
            if (viewing := self.viewings.get(id_)) is not None:
                self._end_peer(viewing, reason)
            return
        if kind == "talk":
            self.talks.end(id_, reason)
            return
        if (awaited := self._awaited.get(id_)) is not None:
            for viewing_id in tuple(awaited.viewings):
                self.end("viewing", viewing_id, reason)
        if (publication := self.publications.get(id_)) is not None:
            self._end_peer(publication, reason)

    def close_by_peer(self, kind: PeerKind, id_: UUID) -> None:
        """End what the peer itself took leave of.

        Raises `UnknownPeer`.
        """
        peers: dict[UUID, Publication] | dict[UUID, Viewing | FrameViewing]
        peers = self.viewings if kind == "viewing" else self.publications
        peer = peers.get(id_)
        if peer is None:
            raise UnknownPeer(f"There is no {kind} {id_}.")
        self._lost(peer, peer.farewell)

    def watched(self, viewing_id: UUID) -> Publication:
        """What a viewer watches.

        Raises `UnknownPeer`.
        """
        viewing = self.viewings.get(viewing_id)
        if viewing is None:
            raise UnknownPeer(f"There is no viewing {viewing_id}.")
        return viewing.publication

    def close_all_viewings(self, reason: str) -> None:
        """End every viewing and talk at once, and open no new one until `reopen`."""
        self._closed_because = reason
        for viewing in tuple(self.viewings.values()):
            self._lost(viewing, reason)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(reason)
        self.talks.end_all(reason)

    def reopen(self) -> None:
        """Let viewings and talks be opened again."""
        self._closed_because = None

    async def stop(self, reason: str) -> None:
        """End everything, and wait until all have been told."""
        self.close_all_viewings(reason)
        for publication in tuple(self.publications.values()):
            self._lost(publication, reason)
        await self._goodbyes.all_said()
        self._lag.close()

    async def watch(self) -> None:
        """Give up peers that never connect, and cameras that send nothing. Runs until cancelled."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            now = time.monotonic()
            for peer in (*self.publications.values(), *self.viewings.values()):
                if not peer.connected and now - peer.created_at > self._limits.connect_s:
                    self._lost(peer, f"no connection within {self._limits.connect_s:g} s")
            for publication in tuple(self.publications.values()):
                since = publication.media_at or publication.connected_at
                if publication.connected and now - since > self._limits.stall_s:
                    self._lost(publication, f"no media for {self._limits.stall_s:g} s")
            self.talks.look(now)

    def with_media(self, within_s: float) -> list[UUID]:
        """Publications from which media arrived within the last seconds."""
        since = time.monotonic() - within_s
        return [
            publication.id
            for publication in self.publications.values()
            if publication.media_at is not None and publication.media_at > since
        ]

    def _lost(self, peer: Carried, reason: str) -> None:
        if peer.ended is None:
            kind: PeerKind = "publication" if isinstance(peer, Publication) else "viewing"
            self._on_end(kind, peer.id, reason)
            self._end_peer(peer, reason)

    def _end_peer(self, peer: Carried, reason: str) -> None:
        if peer.ended is not None:
            return
        peer.ended = reason
        peer.detach()
        log.info("ended %s=%s reason=%r", peer.noun, peer.id, reason)
        if isinstance(peer, FrameViewing) and peer.source.is_idle:
            self._frame_sources.pop(peer.publication.id, None)
        if not isinstance(peer, Publication):
            self.viewings.pop(peer.id, None)
        else:
            self.publications.pop(peer.id, None)
            for viewing in tuple(self.viewings.values()):
                if viewing.publication is peer:
                    self._lost(viewing, reason)
        self._goodbyes.say(peer)


def why_no_frames(codec: str) -> str | None:
    """Why a camera's video cannot be carried as frames, in a sentence; None: it can."""
    if codec == H264Format.codec:
        return None
    return f"The camera sends {codec}; over the dashboard's own line only {H264Format.codec} can be carried."


def _agreed_format(publication: Publication) -> VideoFormat:
    transceivers = publication.connection.getTransceivers()
    video = next(transceiver for transceiver in transceivers if transceiver.kind == "video")
    agreed = video_format(hooks.negotiated_codec(video))
    if agreed is None:
        raise InvalidOffer("No codec could be agreed for the video.", "unsupported_codec")
    return agreed


class _Awaited:
    """A publication that has not arrived, and the viewings that wait for it."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.viewings: set[UUID] = set()
