"""The messages of `sightline.camera.v1` as a camera writes and reads them (see the contract).

Independent of what the gateway uses to read the same messages, so that each can be tested against
the other. Times are milliseconds since 1970 UTC; positions are WGS 84 degrees.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SUBPROTOCOL = "sightline.camera.v1"

Recording = Literal["off", "buffering", "recording", "unknown"]
AudioOut = Literal["none", "earpiece", "speaker"]
Bearer = Literal["lte", "nr", "wifi", "other"]


class Signal(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the camera's modem measures; None is unknown."""

    bearer: Bearer | None = None
    operator: str | None = None
    cell: str | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    rssi_dbm: float | None = None
    uplink_kbps: float | None = None


class Fix(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One position, with what else was known at that moment; None is unknown."""

    time: int
    lat: float
    lon: float
    recording: Recording
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    signal: Signal | None = None


class Identity(msgspec.Struct, frozen=True):
    """What a camera says of itself when it connects."""

    camera: str
    model: str
    firmware: str
    audio_out: AudioOut = "none"


# --- camera → gateway ---------------------------------------------------------------------------


class Hello(msgspec.Struct, tag="hello", frozen=True):
    camera: str
    model: str
    firmware: str
    time: int
    audio_out: AudioOut


class Report(msgspec.Struct, tag="report", frozen=True):
    seq: int
    fixes: list[Fix]


class Status(msgspec.Struct, tag="status", frozen=True, omit_defaults=True):
    seq: int
    time: int
    recording: Recording
    battery_pct: float | None = None
    signal: Signal | None = None


class EyesOn(msgspec.Struct, tag="eyes_on", frozen=True):
    pass


class TalkAnswer(msgspec.Struct, tag="talk_answer", frozen=True):
    talk: str
    accept: bool


Outgoing = Hello | Report | Status | EyesOn | TalkAnswer

# --- gateway → camera ---------------------------------------------------------------------------


class Welcome(msgspec.Struct, tag="welcome", frozen=True):
    """The gateway knows this camera. `report_every_s` is by recording state."""

    camera: str
    report_every_s: dict[str, float]


class Ack(msgspec.Struct, tag="ack", frozen=True):
    """What a report or status came to, once the database has committed it."""

    seq: int
    stored: int
    duplicate: int
    rejected: list[dict[str, Any]] = []


class IceServer(msgspec.Struct, frozen=True):
    """A TURN server, with credentials that run out."""

    urls: list[str]
    username: str
    credential: str


class StreamStart(msgspec.Struct, tag="stream_start", frozen=True):
    """Publish to `whip`, showing `token` there once; `stream` is the publication's identifier."""

    stream: str
    whip: str
    token: str
    ice_servers: list[IceServer] = []


class StreamStop(msgspec.Struct, tag="stream_stop", frozen=True):
    stream: str


class EyesOnState(msgspec.Struct, tag="eyes_on_state", frozen=True):
    state: str


class Watched(msgspec.Struct, tag="watched", frozen=True):
    """Who watches now, by role; nobody when `roles` is empty. `silent`: give no cue."""

    roles: list[str]
    silent: bool = False


class TalkRequest(msgspec.Struct, tag="talk_request", frozen=True):
    """Somebody (a role) asks to talk to the officer, who accepts or declines."""

    talk: str
    by: str


class TalkStart(msgspec.Struct, tag="talk_start", frozen=True):
    """Listen at `whep`, showing `token` there once."""

    talk: str
    whep: str
    token: str
    ice_servers: list[IceServer] = []


class TalkStop(msgspec.Struct, tag="talk_stop", frozen=True):
    """Listen no longer; `talk` may be one that was asked for and not answered."""

    talk: str | None = None


class Error(msgspec.Struct, tag="error", frozen=True):
    code: str
    message: str


Incoming = (
    Welcome
    | Ack
    | StreamStart
    | StreamStop
    | EyesOnState
    | Watched
    | TalkRequest
    | TalkStart
    | TalkStop
    | Error
)

encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Incoming)


def decode(text: str | bytes) -> Incoming:
    """Raises `msgspec.DecodeError`."""
    message: Incoming = _decoder.decode(text)
    return message
