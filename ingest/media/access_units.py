"""H.264 in RTP (RFC 6184) put together to access units: whole pictures, as decoders take them. Pure.

A picture of which anything is missing is not given, nor what builds on it: after a gap nothing comes
until the next key frame. A key frame always comes with the parameters that decoding begins with.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.rtp import RtpPacket

from sightline.ingest.media.h264 import (
    FU_A,
    FU_START,
    IDR_SLICE,
    NAL_TYPE,
    SEQUENCE_PARAMETERS,
    STAP_A,
    aggregated,
)

MOST_UNIT_BYTES = 4 * 1024 * 1024
"""No picture of a camera is that large; who sends more without an end gets nothing kept."""
LEAST_PACKET_BYTES = 64
"""What a packet counts for at least: to keep a small one costs memory too."""

START_CODE = b"\x00\x00\x00\x01"

_PARAMETERS = (SEQUENCE_PARAMETERS, 8)  # of the sequence, of the picture
_SINGLE = range(1, STAP_A)
_SLICES = range(1, IDR_SLICE + 1)
_INTERLEAVED = (25, 26, 27, 29)  # packetization mode 2, which is never agreed on
_FU_END = 0x40
_HEADER_BITS = 0xE0
_FIRST_MACROBLOCK = 0x80  # Exp-Golomb 0, with which the first slice of a picture begins


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture in Annex B form (ISO/IEC 14496-10); `timestamp` in ticks of the camera's 90 kHz.

    `key`: decoding can begin here.
    """

    timestamp: int
    key: bool
    data: bytes


class AccessUnits:
    """Takes the packets of one source in their order, and gives whole pictures.

    `incomplete` counts pictures that were not given, since the first that was; `breaks` how often what
    was on its way could not be gone on with, so that a key frame is needed from then on.
    """

    def __init__(self) -> None:
        self.incomplete = 0
        self.breaks = 0
        self.waits_for_key = True
        self._begun = False  # whether any picture was given yet
        self._open = False  # whether packets of a picture are being collected
        self._timestamp = 0
        self._units: list[bytes] = []
        self._fragments: list[bytes] | None = None
        self._size = 0
        self._parameters: dict[int, list[bytes]] = {}  # the newest, by kind

    def add(self, packet: RtpPacket, *, after_gap: bool) -> list[AccessUnit]:
        """The pictures that end with this packet, or just before it."""
        given = []
        if after_gap:
            self._break_off()
        elif self._open and packet.timestamp != self._timestamp:
            given += self._finish()  # its last packet had no marker
        payload = packet.payload
        if self._open or not self.waits_for_key or _begins_decoding(payload):
            self._open = self._open or bool(payload)
            self._timestamp = packet.timestamp
            if not self._collect(payload):
                self._break_off()
                return given
        if packet.marker:
            if self._open:
                given += self._finish()
            elif self.waits_for_key:
                self._miss()
        return given

    def _collect(self, payload: bytes) -> bool:
        """Take what one packet holds; False: it does not fit to what came before."""
        self._size += max(len(payload), LEAST_PACKET_BYTES)
        if self._size > MOST_UNIT_BYTES:
            return False
        kind = payload[0] & NAL_TYPE if payload else 0
        if self._fragments is not None and kind != FU_A:
            return not payload  # an empty packet (padding) may stand anywhere
        if kind in _SINGLE:
            self._units.append(payload)
        elif kind == STAP_A:
            units = list(aggregated(payload))
            self._units += (unit for unit in units if unit)
            return bool(units) and units[-1] != b""
        elif kind == FU_A:
            return self._collect_fragment(payload)
        return kind not in _INTERLEAVED

    def _collect_fragment(self, payload: bytes) -> bool:
        if len(payload) < 2 or bool(payload[1] & FU_START) == (self._fragments is not None):
            return False
        if self._fragments is None:
            self._fragments = [bytes([payload[0] & _HEADER_BITS | payload[1] & NAL_TYPE])]
        self._fragments.append(payload[2:])
        if payload[1] & _FU_END:
            self._units.append(b"".join(self._fragments))
            self._fragments = None
        return True

    def _finish(self) -> list[AccessUnit]:
        if self._fragments is not None:
            self._break_off()
            return []
        units = self._units
        self._clear()
        kinds = {unit[0] & NAL_TYPE for unit in units}
        self._remember(units)
        if kinds.isdisjoint(_SLICES):
            return []  # parameters alone, before their picture
        key = IDR_SLICE in kinds
        if key and not kinds.issuperset(_PARAMETERS):
            known = [unit for kind in _PARAMETERS for unit in self._parameters.get(kind, ())]
            others = [unit for unit in units if unit[0] & NAL_TYPE not in _PARAMETERS]
            units = [*known, *others]
            self.waits_for_key = self.waits_for_key or len(self._parameters) < len(_PARAMETERS)
            key = len(self._parameters) == len(_PARAMETERS)
        if self.waits_for_key and not key:
            self._miss()
            return []
        self.waits_for_key, self._begun = False, True
        data = b"".join(part for unit in units for part in (START_CODE, unit))
        return [AccessUnit(self._timestamp, key, data)]

    def _remember(self, units: list[bytes]) -> None:
        for kind in _PARAMETERS:
            if found := [unit for unit in units if unit[0] & NAL_TYPE == kind]:
                self._parameters[kind] = found

    def _break_off(self) -> None:
        self.breaks += self._open or not self.waits_for_key
        self._clear()
        self.waits_for_key = True
        self._miss()

    def _miss(self) -> None:
        self.incomplete += self._begun

    def _clear(self) -> None:
        self._open = False
        self._units, self._fragments, self._size = [], None, 0


def _begins_decoding(payload: bytes) -> bool:
    """Whether a whole key frame may begin with this packet, although what stood before it is not known."""
    kind = payload[0] & NAL_TYPE if payload else 0
    if kind == STAP_A:
        return any(_is_first(unit[0], unit[1:]) for unit in aggregated(payload) if unit)
    if kind == FU_A:
        return (
            len(payload) > 1 and bool(payload[1] & FU_START) and _is_first(payload[1], payload[2:])
        )
    return bool(payload) and _is_first(payload[0], payload[1:])


def _is_first(header: int, body: bytes) -> bool:
    kind = header & NAL_TYPE
    # Of an IDR picture in several slices only the first will do.
    return kind == SEQUENCE_PARAMETERS or (
        kind == IDR_SLICE and bool(body) and bool(body[0] & _FIRST_MACROBLOCK)
    )
