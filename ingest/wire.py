"""The fast way: messages of cameras as msgspec decodes and checks them in one pass.

What these types refuse is not thereby wrong: `sightline.ingest.explain` looks again, field by field. Both ways give
equal values for whatever this one takes (a property test holds them together).
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sightline.ingest import fields
from sightline.ingest.explain import micros
from sightline.ingest.fields import (
    ACCURACY,
    ALTITUDE,
    BATTERY,
    BEARER_CODES,
    CELL,
    FIRMWARE,
    HEADING,
    LAT,
    LON,
    MODEL,
    OPERATOR,
    RECORDING_CODES,
    RSRP,
    RSRQ,
    RSSI,
    SINR,
    SPEED,
    UPLINK,
    TextField,
)
from sightline.ingest.messages import (
    NOTHING_HEARD,
    EyesOn,
    Fix,
    Hello,
    Incoming,
    Report,
    Signal,
    Status,
    TalkAnswer,
    content_hash,
)

CameraId = Annotated[str, Meta(pattern=fields.CAMERA_ID_PATTERN)]
Seq = Annotated[int, Meta(ge=0, le=fields.MAX_SEQ)]
Time = Annotated[datetime, Meta(tz=True)] | int
RecordingWord = Literal["off", "buffering", "recording", "unknown"]
BearerWord = Literal["lte", "nr", "wifi", "other", "unknown"]

AudioOut = Literal["none", "earpiece", "speaker"]
Operator = Annotated[str, Meta(min_length=1, max_length=OPERATOR.max_length)]
Cell = Annotated[str, Meta(min_length=1, max_length=CELL.max_length)]
Model = Annotated[str, Meta(min_length=1, max_length=MODEL.max_length)]
Firmware = Annotated[str, Meta(min_length=1, max_length=FIRMWARE.max_length)]
TalkId = Annotated[str, Meta(min_length=1, max_length=fields.MAX_TALK_ID)]

Lat = Annotated[float, Meta(ge=LAT.low, le=LAT.high)]
Lon = Annotated[float, Meta(ge=LON.low, le=LON.high)]
Accuracy = Annotated[float, Meta(ge=ACCURACY.low, le=ACCURACY.high)]
Altitude = Annotated[float, Meta(ge=ALTITUDE.low, le=ALTITUDE.high)]
Speed = Annotated[float, Meta(ge=SPEED.low, le=SPEED.high)]
Heading = Annotated[float, Meta(ge=HEADING.low, le=HEADING.high)]
Battery = Annotated[float, Meta(ge=BATTERY.low, le=BATTERY.high)]
Rsrp = Annotated[float, Meta(ge=RSRP.low, le=RSRP.high)]
Rsrq = Annotated[float, Meta(ge=RSRQ.low, le=RSRQ.high)]
Sinr = Annotated[float, Meta(ge=SINR.low, le=SINR.high)]
Rssi = Annotated[float, Meta(ge=RSSI.low, le=RSSI.high)]
Uplink = Annotated[float, Meta(ge=UPLINK.low, le=UPLINK.high)]


class NotFast(Exception):  # noqa: N818 - no error: the slow way decides
    """The fast way does not take this value; the slow way says why, or takes it."""


class WireSignal(msgspec.Struct, gc=False):
    """`signal` on the wire."""

    bearer: BearerWord | None = None
    operator: Operator | None = None
    cell: Cell | None = None
    rsrp_dbm: Rsrp | None = None
    rsrq_db: Rsrq | None = None
    sinr_db: Sinr | None = None
    rssi_dbm: Rssi | None = None
    uplink_kbps: Uplink | None = None


class WireFix(msgspec.Struct, gc=False):
    """One element of `fixes` on the wire."""

    time: Time
    lat: Lat
    lon: Lon
    accuracy_m: Accuracy | None = None
    altitude_m: Altitude | None = None
    speed_mps: Speed | None = None
    heading_deg: Heading | None = None
    recording: RecordingWord | None = None
    battery_pct: Battery | None = None
    signal: WireSignal | None = None


class PlainSignal(msgspec.Struct, gc=False):
    """`signal` of a plain fix; NaN is unknown, since numbers alone go into an array twice as fast."""

    bearer: BearerWord | None = None
    operator: Operator | None = None
    cell: Cell | None = None
    rsrp_dbm: Rsrp | None = math.nan
    rsrq_db: Rsrq | None = math.nan
    sinr_db: Sinr | None = math.nan
    rssi_dbm: Rssi | None = math.nan
    uplink_kbps: Uplink | None = math.nan


class PlainFix(msgspec.Struct, gc=False):
    """One element of `fixes` on the wire whose time is a number, as most are; NaN or None is unknown."""

    time: Annotated[int, Meta(ge=fields.EARLIEST_US // 1000, lt=fields.LATEST_US // 1000)]
    lat: Lat
    lon: Lon
    accuracy_m: Accuracy | None = math.nan
    altitude_m: Altitude | None = math.nan
    speed_mps: Speed | None = math.nan
    heading_deg: Heading | None = math.nan
    recording: RecordingWord | None = None
    battery_pct: Battery | None = math.nan
    signal: PlainSignal | None = None


class PlainReport(msgspec.Struct, tag_field="type", tag="report", gc=False):
    """A report whose fixes go into columns as they are, without a value for each (see `sightline.ingest.columns`).

    `camera` is any text: to look whether there is such a camera costs a third of what it costs to see that its id is one.
    """

    seq: Seq
    fixes: Annotated[list[PlainFix], Meta(min_length=1, max_length=fields.MAX_FIXES)]
    camera: str | None = None

    @property
    def total(self) -> int:
        """Number of fixes the message held."""
        return len(self.fixes)


class WireReport(msgspec.Struct, tag_field="type", tag="report"):
    """A report on the wire."""

    seq: Seq
    fixes: Annotated[list[WireFix], Meta(max_length=fields.MAX_FIXES)]
    camera: CameraId | None = None


class WireStatus(msgspec.Struct, tag_field="type", tag="status"):
    """A status on the wire."""

    seq: Seq
    time: Time | None = None
    recording: RecordingWord | None = None
    battery_pct: Battery | None = None
    signal: WireSignal | None = None
    camera: CameraId | None = None


class WireHello(msgspec.Struct, tag_field="type", tag="hello"):
    """A hello on the wire."""

    camera: CameraId
    model: Model | None = None
    firmware: Firmware | None = None
    time: Time | None = None
    audio_out: AudioOut | None = None


class WireEyesOn(msgspec.Struct, tag_field="type", tag="eyes_on"):
    """A call for eyes on, on the wire."""

    camera: CameraId | None = None


class WireTalkAnswer(msgspec.Struct, tag_field="type", tag="talk_answer"):
    """An answer to a request to talk, on the wire."""

    talk: TalkId
    accept: bool
    camera: CameraId | None = None


Wire = WireReport | WireStatus | WireHello | WireEyesOn | WireTalkAnswer


def value(wire: Wire | PlainReport) -> Incoming:
    """The message as a value.

    Raises:
        NotFast: a time or a text is outside its bounds, which the types above cannot say.
    """
    if isinstance(wire, WireReport | PlainReport):
        fixes = [_fix(index, one) for index, one in enumerate(list[WireFix | PlainFix](wire.fixes))]
        return Report(wire.seq, fixes, len(fixes), [], wire.camera)
    if isinstance(wire, WireStatus):
        return Status(
            wire.seq,
            RECORDING_CODES[wire.recording] if wire.recording else 0,
            None if wire.time is None else _time_us(wire.time),
            wire.battery_pct,
            _signal(wire.signal),
            camera=wire.camera,
        )
    return _other(wire)


def _other(wire: WireHello | WireEyesOn | WireTalkAnswer) -> Hello | EyesOn | TalkAnswer:
    if isinstance(wire, WireHello):
        _clean((MODEL, wire.model), (FIRMWARE, wire.firmware))
        moment = None if wire.time is None else _time_us(wire.time)
        return Hello(wire.camera, wire.model, wire.firmware, wire.audio_out, moment)
    if isinstance(wire, WireEyesOn):
        return EyesOn(wire.camera)
    if not wire.talk.isprintable():
        raise NotFast
    return TalkAnswer(wire.talk, wire.accept, wire.camera)


def _clean(*texts: tuple[TextField, str | None]) -> None:
    for field, said in texts:
        if said is not None and not fields.is_clean_text(said, field.max_length):
            raise NotFast


def _time_us(time: datetime | int) -> int:
    moment = time * 1000 if isinstance(time, int) else micros(time)
    if not fields.EARLIEST_US <= moment < fields.LATEST_US:
        raise NotFast
    return moment


def _signal(wire: WireSignal | PlainSignal | None) -> Signal | None:
    if wire is None:
        return None
    _clean((OPERATOR, wire.operator), (CELL, wire.cell))
    heard = Signal(
        BEARER_CODES[wire.bearer] if wire.bearer else 0,
        wire.operator,
        wire.cell,
        _known(wire.rsrp_dbm),
        _known(wire.rsrq_db),
        _known(wire.sinr_db),
        _known(wire.rssi_dbm),
        _known(wire.uplink_kbps),
    )
    return None if heard == NOTHING_HEARD else heard


def document(report: PlainReport) -> dict[str, Any]:
    """A plain report as the document that it was decoded from, without what is unknown."""
    return _without_unknown(msgspec.to_builtins(report))  # type: ignore[no-any-return]


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_unknown(part) for name, part in value.items() if not _is_nan(part)}
    if isinstance(value, list):
        return [_without_unknown(part) for part in value]
    return value


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _known(number: float | None) -> float | None:
    return None if _is_nan(number) else number


def _fix(index: int, wire: WireFix | PlainFix) -> Fix:
    time_us = _time_us(wire.time)
    recording = RECORDING_CODES[wire.recording] if wire.recording else 0
    heard = _signal(wire.signal)
    motion = (
        _known(wire.accuracy_m),
        _known(wire.altitude_m),
        _known(wire.speed_mps),
        _known(wire.heading_deg),
    )
    battery_pct = _known(wire.battery_pct)
    content = content_hash(time_us, wire.lat, wire.lon, *motion, recording, battery_pct, heard)
    return Fix(index, time_us, wire.lat, wire.lon, content, *motion, recording, battery_pct, heard)
