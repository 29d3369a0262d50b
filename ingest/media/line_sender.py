"""A camera's side of `hooks`: a sender that keeps to the pace of its line, and tells it what it hears.

Like `hooks` this touches private parts of aiortc; `hooks.verify` looks for them.
"""

# ruff: noqa: SLF001 - touching private names is what this module is for

from __future__ import annotations

import asyncio
import struct
from typing import Any, Protocol, cast

from aiortc import RTCRtpSender, clock, rtp
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtpPacket, unpack_remb_fci

from sightline.ingest.media.hooks import reports_of

LARGEST_PADDING = 255  # octets in one RTP packet (RFC 3550, section 5.1)


def _limit_of(sender: Any, packet: Any) -> int | None:
    """The limit (bit/s) that an RTCP packet sets for a sender; None: it sets none."""
    if not isinstance(packet, RtcpPsfbPacket) or packet.fmt != RTCP_PSFB_APP:
        return None
    try:
        bits_per_s, ssrcs = unpack_remb_fci(packet.fci)
    except (ValueError, struct.error):  # another application's message
        return None
    return bits_per_s if sender._ssrc in ssrcs else None


class Line(Protocol):
    """What a camera wants to know of its line, and decides on it."""

    def delay_s(self, octets: int) -> float:
        """How long a packet of the picture must wait before it may leave."""

    def sent(self, octets: int, *, padding: bool) -> None: ...

    def picture_sent(self, sequence_number: int) -> None:
        """A packet of the picture leaves, for the first time."""

    def may_repeat(self, sequence_number: int) -> bool:
        """The receiver asks for a packet again: whether to send it."""

    def reported(self, share_lost: float, round_trip_s: float | None) -> None: ...

    def limited(self, bits_per_s: int) -> None: ...


class LineSender:
    """An `RTCRtpSender` that sends at the pace of its line, and tells it what the receiver says."""

    def __init__(self, sender: RTCRtpSender, line: Line) -> None:
        self._sender: Any = sender
        self._line = line
        handle, repeat = sender._handle_rtcp_packet, sender._retransmit

        async def handle_and_tell(packet: Any) -> None:
            for share_lost, round_trip_s in reports_of(sender, packet):
                line.reported(share_lost, round_trip_s)
            if (bits_per_s := _limit_of(sender, packet)) is not None:
                line.limited(bits_per_s)
            await handle(packet)

        async def repeat_if_it_may(sequence_number: int) -> None:
            if line.may_repeat(sequence_number):
                await repeat(sequence_number)

        sender._handle_rtcp_packet = handle_and_tell  # type: ignore[method-assign]
        sender._retransmit = repeat_if_it_may  # type: ignore[method-assign]
        sender.setTransport(cast("RTCDtlsTransport", _PacedTransport(sender, line)))

    @property
    def can_pad(self) -> bool:
        """Whether both sides agreed on a stream beside the picture, in which padding can go."""
        return self._sender._RTCRtpSender__rtx_payload_type is not None

    async def send_padding(self, octets: int) -> None:
        """Send packets of nothing on the retransmissions' stream, as libwebrtc does to try a line."""
        sender = self._sender
        while octets > 0:
            packet = RtpPacket(
                payload_type=sender._RTCRtpSender__rtx_payload_type,
                sequence_number=sender._RTCRtpSender__rtx_sequence_number,
                timestamp=sender._RTCRtpSender__rtp_timestamp,
                ssrc=sender._rtx_ssrc,
            )
            packet.padding_size = LARGEST_PADDING
            packet.extensions.abs_send_time = (clock.current_ntp_time() >> 14) & 0xFFFFFF
            sender._RTCRtpSender__rtx_sequence_number = (packet.sequence_number + 1) & 0xFFFF
            data = packet.serialize(sender._RTCRtpSender__rtp_header_extensions_map)
            try:
                await sender.transport._send_rtp(data)
            except ConnectionError:
                return
            octets -= len(data)


class _PacedTransport:
    """Stands before a sender's transport: holds back its pictures, counts all of its packets."""

    def __init__(self, sender: RTCRtpSender, line: Line) -> None:
        self._transport = sender.transport
        self._line = line
        self._picture = sender._ssrc.to_bytes(4, "big")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    async def _send_rtp(self, data: bytes) -> None:
        if not rtp.is_rtcp(data):
            if data[8:12] == self._picture:
                self._line.picture_sent(int.from_bytes(data[2:4], "big"))
                if (delay_s := self._line.delay_s(len(data))) > 0:
                    await asyncio.sleep(delay_s)
            self._line.sent(len(data), padding=bool(data[0] & 0x20))
        await self._transport._send_rtp(data)
