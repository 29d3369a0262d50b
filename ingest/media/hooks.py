"""Every private part of aiortc and aioice that Sightline touches, here and in `line_sender`.

aiortc decodes what it receives and encodes what it sends; a relay does neither, and no public API
offers packets. So a receiver's jitter buffer is replaced by a tap, and a sender's loop by our own.
Both libraries are pinned; `verify` compares versions and looks for each name before anything runs.
"""

# ruff: noqa: SLF001 - touching private names is what this module is for

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, cast

import aioice
import aiortc
import pylibsrtp
from aioice import ice
from aiortc import (
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    codecs,
    rtp,
)
from aiortc.rtcdtlstransport import State
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)
from aiortc.rtp import RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket, RtpPacket

from sightline.ingest.media.errors import UnsupportedLibraryError

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0"}

CONSENT_INTERVAL_S = 1
CONSENT_FAILURES = 4

H264_PROFILES = ("4200", "42e0", "4d00", "6400", "640c")
"""First two octets of profile-level-id: baseline and constrained, main, high and constrained."""

H264_LEVEL = "34"
"""Level 5.2: the relay carries whatever size comes, so no camera need hold back."""

TRANSPORT_WIDE = RTCRtpHeaderExtensionParameters(
    id=4, uri="http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)
TRANSPORT_FEEDBACK = 15  # format of the RTCP message

MOST_LIMITED = 16  # streams that one REMB names; a camera has two
_RECEIVER_PARTS = (
    "_RTCRtpReceiver__jitter_buffer", "_send_rtcp_pli", "_send_rtcp_nack", "_handle_rtcp_packet",
    "_RTCRtpReceiver__remote_bitrate_estimator", "_RTCRtpReceiver__remote_streams",
    "_RTCRtpReceiver__nack_generator", "_RTCRtpReceiver__rtcp_ssrc", "_handle_rtp_packet", "_send_rtcp",
)  # fmt: skip
_SENDER_PARTS = (
    "_run_rtp", "_retransmit", "_send_keyframe", "_ssrc", "_rtx_ssrc", "_handle_rtcp_packet",
    "_RTCRtpSender__rtx_sequence_number", "_RTCRtpSender__rtp_header_extensions_map",
    "_RTCRtpSender__lsr", "_RTCRtpSender__lsr_time",
    "_RTCRtpSender__rtp_started", "_RTCRtpSender__rtp_exited",
    "_RTCRtpSender__rtx_payload_type", "_RTCRtpSender__ntp_timestamp",
    "_RTCRtpSender__rtp_timestamp", "_RTCRtpSender__packet_count", "_RTCRtpSender__octet_count",
)  # fmt: skip
_DTLS_PARTS = ("_state", "_tx_srtp", "_send_rtp")
_ICE_PARTS = (
    "get_component_candidates", "query_consent", "_nominated", "_protocols", "_queue",
    "local_username", "local_password", "data_received",
)  # fmt: skip
_MODULE_PARTS = (
    (ice, ("CONSENT_INTERVAL", "CONSENT_FAILURES", "StunProtocol", "get_host_addresses")),
    (codecs, ("CODECS", "HEADER_EXTENSIONS")),
    (rtp, ("DYNAMIC_PAYLOAD_TYPES",)),
)


async def verify() -> None:
    """Compare the pinned libraries with the installed ones.

    Raises `UnsupportedLibraryError`, naming the library and what it lacks.
    """
    for module in (aiortc, aioice):
        name, wanted = module.__name__, PINNED[module.__name__]
        if module.__version__ != wanted:
            raise UnsupportedLibraryError(
                f"{name} {module.__version__} is installed; the media relay needs {name} {wanted}"
            )
    connection = RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    try:
        transceiver = connection.addTransceiver("video")
        dtls = transceiver.receiver.transport
        for thing, parts in (
            (transceiver, ("_codecs",)),
            (transceiver.receiver, _RECEIVER_PARTS),
            (transceiver.sender, _SENDER_PARTS),
            (dtls, _DTLS_PARTS),
            (dtls.transport, ("_connection",)),
            (getattr(dtls.transport, "_connection", None), _ICE_PARTS),
            *_MODULE_PARTS,
        ):
            for part in parts:
                if not hasattr(thing, part):
                    owner = getattr(thing, "__name__", type(thing).__name__)
                    raise UnsupportedLibraryError(
                        f"{owner} has no {part}, which the relay replaces"
                    )
    finally:
        await connection.close()


def install() -> None:
    """Set what is global in the libraries; doing it again changes nothing.

    - Consent checks 4 × 1 s (default 6 × 5 s: a dead peer would stay for half a minute).
    - H.264 in every profile that cameras send (default: baseline only).
    - Payload types 35–63, which browsers use as well (RFC 8829 names 96–127 only).
    - Transport-wide feedback for video, where the other side offers it.
    """
    ice.CONSENT_INTERVAL = CONSENT_INTERVAL_S
    ice.CONSENT_FAILURES = CONSENT_FAILURES
    rtp.DYNAMIC_PAYLOAD_TYPES = [*range(35, 64), *range(96, 128)]  # type: ignore[assignment]
    video = codecs.CODECS["video"]
    extensions = codecs.HEADER_EXTENSIONS["video"]
    if TRANSPORT_WIDE not in extensions:
        extensions.append(TRANSPORT_WIDE)
        for codec in video:
            if codec.name != "rtx":
                codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))
    if not any(
        str(codec.parameters.get("profile-level-id", "")).endswith(H264_LEVEL) for codec in video
    ):
        first = next(i for i, codec in enumerate(video) if codec.name == "H264")
        free = itertools.count(max(codec.payloadType or 0 for codec in video) + 1)
        # Before aiortc's own, which name level 3.1: the first that fits goes into an answer.
        video[first:first] = [
            codec
            for mode in ("1", "0")
            for profile in H264_PROFILES
            for codec in _h264(video[first], profile + H264_LEVEL, mode, next(free), next(free))
        ]


def _h264(
    model: RTCRtpCodecParameters, profile_level_id: str, mode: str, payload_type: int, rtx: int
) -> list[RTCRtpCodecParameters]:
    return [
        RTCRtpCodecParameters(
            mimeType=model.mimeType,
            clockRate=model.clockRate,
            payloadType=payload_type,
            rtcpFeedback=list(model.rtcpFeedback),
            parameters={
                "level-asymmetry-allowed": "1",
                "packetization-mode": mode,
                "profile-level-id": profile_level_id,
            },
        ),
        RTCRtpCodecParameters(
            mimeType="video/rtx",
            clockRate=model.clockRate,
            payloadType=rtx,
            parameters={"apt": payload_type},
        ),
    ]


# --- ICE ------------------------------------------------------------------------------------

Gather = Callable[[ice.Connection, int], list[aioice.Candidate]]


def ice_connections(connection: RTCPeerConnection) -> set[ice.Connection]:
    """The ICE agents of a peer connection; one when everything is bundled."""
    return {t.receiver.transport.transport._connection for t in connection.getTransceivers()}


def gather_with(connection: RTCPeerConnection, gather: Gather) -> None:
    """Let `gather` make the local candidates, instead of one socket for each address."""
    for agent in ice_connections(connection):

        async def candidates(
            component: int,
            addresses: list[str],  # noqa: ARG001 - the caller's signature
            timeout: int = 5,  # noqa: ARG001
            agent: ice.Connection = agent,
        ) -> list[aioice.Candidate]:
            return gather(agent, component)

        agent.get_component_candidates = candidates  # type: ignore[method-assign]


def gather_on(connection: RTCPeerConnection, address: str) -> None:
    """Gather on one address only, which may be the loopback that aioice leaves out."""
    for agent in ice_connections(connection):
        original = agent.get_component_candidates

        async def candidates(
            component: int,
            addresses: list[str],  # noqa: ARG001 - the caller's signature
            timeout: int = 5,
            original: Callable[..., Awaitable[list[aioice.Candidate]]] = original,
        ) -> list[aioice.Candidate]:
            return await original(component=component, addresses=[address], timeout=timeout)

        agent.get_component_candidates = candidates  # type: ignore[method-assign]


def exempt_from_consent(connection: RTCPeerConnection) -> None:
    """Send no consent checks: a publisher is watched by its media, and some never answer them."""

    async def no_checks() -> None:
        await asyncio.Event().wait()

    for agent in ice_connections(connection):
        agent.query_consent = no_checks  # type: ignore[method-assign]


class Datagrams(Protocol):
    """What an ICE agent needs of a transport."""

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None: ...
    def close(self) -> None: ...


def open_protocol(
    agent: ice.Connection, transport: Datagrams, candidate: aioice.Candidate
) -> ice.StunProtocol:
    """Give an ICE agent a protocol that speaks through `transport` as `candidate`."""
    protocol = ice.StunProtocol(agent)
    protocol.connection_made(cast("asyncio.DatagramTransport", transport))
    protocol.local_candidate = candidate
    agent._protocols.append(protocol)
    return protocol


def backlog(agent: ice.Connection) -> int:
    """How many datagrams wait to be read by the agent's owner."""
    return int(agent._queue.qsize())


# --- RTP ------------------------------------------------------------------------------------


class _PacketTap:
    """Stands where the jitter buffer was: passes each packet on, never yields one to decode.

    What arrives is repaired already: retransmissions are unwrapped, gaps have been reported.
    """

    def __init__(self, on_packet: Callable[[RtpPacket], None]) -> None:
        self._on_packet = on_packet

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self._on_packet(packet)
        return False, None


def tap_receiver(
    receiver: RTCRtpReceiver,
    on_packet: Callable[[RtpPacket], None],
    on_sender_report: Callable[[RtcpSrPacket], None],
) -> None:
    """Hand over each packet as it comes, and each sender report."""
    receiver._RTCRtpReceiver__jitter_buffer = _PacketTap(on_packet)  # type: ignore[attr-defined]
    handle = receiver._handle_rtcp_packet

    async def handle_and_report(packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket):
            on_sender_report(packet)
        await handle(packet)

    receiver._handle_rtcp_packet = handle_and_report  # type: ignore[method-assign]


def shape_feedback(
    receiver: RTCRtpReceiver,
    estimate: Callable[[int, int], int | None],
    choose_lost: Callable[[list[int]], list[int]],
) -> None:
    """Let `estimate` say how much the sender's line carries, and `choose_lost` what is asked for.

    `estimate` takes the abs-send-time and the octets of a packet that arrives, where both sides agreed
    on that extension; the bit/s that it gives are sent as REMB. It stands for aiortc's own estimate,
    which takes a sender that has little to send for one whose line carries little.
    Receiver reports with loss and jitter go out by themselves, each 0.5–1.5 s.
    """
    if receiver._RTCRtpReceiver__remote_bitrate_estimator is not None:  # type: ignore[attr-defined]
        receiver._RTCRtpReceiver__remote_bitrate_estimator = _Estimator(estimate)  # type: ignore[attr-defined]
    ask = receiver._send_rtcp_nack

    async def ask_for_chosen(media_ssrc: int, lost: list[int]) -> None:
        if chosen := choose_lost(lost):
            await ask(media_ssrc, chosen)

    receiver._send_rtcp_nack = ask_for_chosen  # type: ignore[method-assign]


class _Estimator:
    def __init__(self, estimate: Callable[[int, int], int | None]) -> None:
        self._estimate = estimate
        self._ssrcs: dict[int, None] = {}

    def add(
        self,
        *,
        abs_send_time: int,
        arrival_time_ms: int,  # noqa: ARG002 - the caller's signature; of a clock that may be set
        payload_size: int,
        ssrc: int,
    ) -> tuple[int, list[int]] | None:
        self._ssrcs[ssrc] = None
        limit = self._estimate(abs_send_time, payload_size)
        return None if limit is None else (limit, list(self._ssrcs)[-MOST_LIMITED:])


def report_arrivals(receiver: RTCRtpReceiver, add: Callable[[int, float], bytes | None]) -> None:
    """Let `add` take each packet's transport-wide number and its arrival in milliseconds, where both
    sides agreed on that extension; what it gives is sent as transport feedback.
    """
    handle = receiver._handle_rtp_packet

    async def handle_and_report(packet: RtpPacket, arrival_time_ms: int) -> None:
        number = packet.extensions.transport_sequence_number
        if number is not None and (fci := add(number, time.monotonic() * 1000)) is not None:
            await receiver._send_rtcp(
                cast("RtcpRtpfbPacket", _Feedback(receiver, packet.ssrc, fci))
            )
        await handle(packet, arrival_time_ms=arrival_time_ms)

    receiver._handle_rtp_packet = handle_and_report  # type: ignore[method-assign]


class _Feedback:
    """An RTCP message with transport feedback, which aiortc has no class for."""

    def __init__(self, receiver: RTCRtpReceiver, media_ssrc: int, fci: bytes) -> None:
        own_ssrc = receiver._RTCRtpReceiver__rtcp_ssrc or 0  # type: ignore[attr-defined]
        self._body = own_ssrc.to_bytes(4, "big") + media_ssrc.to_bytes(4, "big") + fci

    def __bytes__(self) -> bytes:
        padding = -len(self._body) % 4
        body = self._body + (bytes(padding - 1) + bytes([padding]) if padding else b"")
        first = 0x80 | (0x20 if padding else 0) | TRANSPORT_FEEDBACK
        head = bytes([first, rtp.RTCP_RTPFB]) + (len(body) // 4).to_bytes(2, "big")
        return head + body


def missing_packets(receiver: RTCRtpReceiver) -> list[int]:
    """Sequence numbers, among the newest 128, of packets that have not come."""
    generator = receiver._RTCRtpReceiver__nack_generator  # type: ignore[attr-defined]
    return sorted(generator.missing) if generator is not None and generator.missing else []


async def ask_for_packets(receiver: RTCRtpReceiver, ssrc: int, missing: list[int]) -> None:
    """Ask who sends `ssrc` for lost packets, as far as `shape_feedback` lets it."""
    await receiver._send_rtcp_nack(ssrc, missing)


def packet_counts(receiver: RTCRtpReceiver, ssrc: int) -> tuple[int, int]:
    """Packets of a stream that were sent, by their numbers, and that came, not counting repeats."""
    stream = receiver._RTCRtpReceiver__remote_streams.get(ssrc)  # type: ignore[attr-defined]
    return (stream.packets_expected, stream.packets_received) if stream is not None else (0, 0)


def negotiated_codec(transceiver: RTCRtpTransceiver) -> RTCRtpCodecParameters:
    """The codec that was agreed on, once there is an answer."""
    return transceiver._codecs[0]


async def request_keyframe(receiver: RTCRtpReceiver, ssrc: int) -> None:
    """Send a picture loss indication (RFC 4585, section 6.3.1) to who sends `ssrc`."""
    await receiver._send_rtcp_pli(ssrc)


def on_keyframe_request(sender: RTCRtpSender, call: Callable[[], None]) -> None:
    """Call `call` whenever the peer asks for a new picture to start from (PLI or FIR)."""
    sender._send_keyframe = call  # type: ignore[method-assign]


class PacketSender:
    """An `RTCRtpSender` that sends the packets it is given, rather than what it encodes."""

    def __init__(
        self,
        sender: RTCRtpSender,
        on_start: Callable[[RTCRtpCodecParameters], None],
        on_stop: Callable[[], None],
        on_lost: Callable[[int], None],
        on_keyframe_request: Callable[[], None],
        on_report: Callable[[float], None] = lambda _share_lost: None,
    ) -> None:
        self._sender = sender
        self._on_start = on_start
        self._on_stop = on_stop
        self.ssrc: int = sender._ssrc
        self.rtx_ssrc: int = sender._rtx_ssrc

        async def retransmit(sequence_number: int) -> None:
            on_lost(sequence_number)

        sender._run_rtp = self._run  # type: ignore[method-assign]
        sender._retransmit = retransmit  # type: ignore[method-assign]
        sender._send_keyframe = on_keyframe_request  # type: ignore[method-assign]
        handle = sender._handle_rtcp_packet

        async def handle_and_report(packet: Any) -> None:
            for share_lost, _ in reports_of(sender, packet):
                on_report(share_lost)
            await handle(packet)

        sender._handle_rtcp_packet = handle_and_report  # type: ignore[method-assign]

    @property
    def rtx_payload_type(self) -> int | None:
        """Payload type of retransmissions; None: the peer wants none of their own."""
        return self._sender._RTCRtpSender__rtx_payload_type  # type: ignore[attr-defined, no-any-return]

    async def _run(self, codec: RTCRtpCodecParameters) -> None:
        self._sender._RTCRtpSender__rtp_started.set()  # type: ignore[attr-defined]
        try:
            self._on_start(codec)
            await asyncio.Event().wait()  # until `stop` cancels this, and waits for the one below
        finally:
            self._on_stop()
            self._sender._RTCRtpSender__rtp_exited.set()  # type: ignore[attr-defined]

    def send(self, packet: bytes) -> bool:
        """Encrypt and send one RTP packet at once; False: the peer is not there (any more)."""
        dtls = self._sender.transport
        pair = dtls.transport._connection._nominated.get(1)
        if pair is None or dtls._state is not State.CONNECTED:
            return False
        try:
            data = dtls._tx_srtp.protect(packet)
        except pylibsrtp.Error:
            return False
        pair.protocol.transport.sendto(data, pair.remote_addr)
        return True

    def report(self, ntp_time: int, rtp_time: int, packets: int, octets: int) -> None:
        """Set what the next sender report says (RFC 3550, section 6.4.1)."""
        sender: Any = self._sender
        sender._RTCRtpSender__ntp_timestamp = ntp_time
        sender._RTCRtpSender__rtp_timestamp = rtp_time
        sender._RTCRtpSender__packet_count = packets
        sender._RTCRtpSender__octet_count = octets


def reports_of(sender: Any, packet: Any) -> Iterator[tuple[float, float | None]]:
    """What an RTCP packet reports of a sender: share lost, and round trip in seconds where known."""
    if not isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
        return
    for report in packet.reports:
        if report.ssrc == sender._ssrc:
            round_trip_s = None
            if report.dlsr and report.lsr == sender._RTCRtpSender__lsr:
                since_s = time.time() - sender._RTCRtpSender__lsr_time
                round_trip_s = max(0.0, since_s - report.dlsr / 65536)
            yield report.fraction_lost / 256, round_trip_s
