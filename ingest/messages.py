"""The messages of `sightline.camera.v1`, both ways, as values.

What comes from a camera is already checked and normalised here: times are integer microseconds since 1970 UTC, words
are the database's codes, unknown is None. What goes to a camera is encoded as it stands (see `protocol.encode`).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sightline.ingest.content import content_of, text_word

# --- camera → gateway -------------------------------------------------------------------------------------------------


class Signal(msgspec.Struct, gc=False, frozen=True):
    """What the camera's radio hears; at least one value is known.

    Attributes:
        bearer: 0 unknown, 1 lte, 2 nr, 3 wifi, 4 other.
        operator: network as reported, for example ``234-30``.
        cell: cell as reported.
        rsrp_dbm: LTE or NR reference signal power; never RSSI.
        uplink_kbps: measured uplink, kbit/s.
    """

    bearer: int = 0
    operator: str | None = None
    cell: str | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    rssi_dbm: float | None = None
    uplink_kbps: float | None = None


NOTHING_HEARD = Signal()


class Fix(msgspec.Struct, gc=False, frozen=True):
    """One reading of one camera: WGS 84 degrees, metres, metres a second.

    Attributes:
        index: place in the report it came in, from 0.
        time_us: the device's time, microseconds since 1970 UTC.
        recording: 0 unknown, 1 off, 2 buffering, 3 recording.
        content: 64-bit hash of everything the device said here, time included; tells two readings apart.
    """

    index: int
    time_us: int
    lat: float
    lon: float
    content: int
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    recording: int = 0
    battery_pct: float | None = None
    signal: Signal | None = None


class Rejection(msgspec.Struct, omit_defaults=True):
    """One value that was not taken, as the acknowledgement tells it.

    Attributes:
        index: place of the fix in the report, from 0; 0 for a status.
        field: name of the field, dotted below `signal`; None: the fix as a whole.
        value: what stood there, cut to a safe length.
        code: ``missing``, ``wrong_type``, ``not_a_number``, ``out_of_range``, ``unknown_value``, ``bad_time``,
            ``clock_ahead``, ``zero_position``, ``implausible_jump`` or ``refused_by_database``.
        allowed: what may stand there.
        kept: the fix is kept: without this value, or in quarantine.
    """

    index: int
    field: str | None
    value: bool | int | float | str | None
    code: str
    allowed: str
    kept: bool = False


class Hello(msgspec.Struct):
    """A camera introduces itself. `camera` is checked against its token by the gateway."""

    camera: str
    model: str | None = None
    firmware: str | None = None
    audio_out: str | None = None
    time_us: int | None = None
    rejected: list[Rejection] = []


class Report(msgspec.Struct):
    """Fixes that passed, and what was wrong with the others.

    Attributes:
        total: number of fixes the message held, rejected ones included.
    """

    seq: int
    fixes: list[Fix]
    total: int
    rejected: list[Rejection] = []
    camera: str | None = None


class Status(msgspec.Struct):
    """State without a position. `accepted` is False where a bad time or recording rejected it."""

    seq: int
    recording: int = 0
    time_us: int | None = None
    battery_pct: float | None = None
    signal: Signal | None = None
    accepted: bool = True
    rejected: list[Rejection] = []
    camera: str | None = None


class EyesOn(msgspec.Struct):
    """The officer asks to be watched over."""

    camera: str | None = None


class TalkAnswer(msgspec.Struct):
    """The officer accepts or declines to be talked to."""

    talk: str
    accept: bool
    camera: str | None = None


Incoming = Hello | Report | Status | EyesOn | TalkAnswer

# --- gateway → camera -------------------------------------------------------------------------------------------------


class Welcome(msgspec.Struct, tag_field="type", tag="welcome", omit_defaults=True):
    """Answer to a hello. `rejected` lists fields of the hello that were not taken."""

    camera: str
    time: str
    report_every_s: dict[str, int]
    rejected: list[Rejection] = []


class Ack(msgspec.Struct, tag_field="type", tag="ack", omit_defaults=True, gc=False):
    """Sent only after the database committed.

    Attributes:
        stored: fixes of this report that are now in the database: history, archive or quarantine.
        duplicate: fixes that were there before, or twice in the report.
        rejected: what was not taken, or taken with a remark (`kept`).
        rejected_more: entries left out because there were too many; those that reject a fix come first.
        camera: only on a bridge.
    """

    seq: int
    stored: int
    duplicate: int
    rejected: list[Rejection]
    rejected_more: int = 0
    camera: str | None = None


class Problem(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """What was wrong with a message. The connection stays unless a close follows."""

    code: str
    message: str
    field: str | None = None
    value: bool | int | float | str | None = None
    allowed: str | None = None
    seq: int | None = None
    camera: str | None = None


class EyesOnState(msgspec.Struct, tag_field="type", tag="eyes_on_state", omit_defaults=True):
    """Where the officer's request stands: waiting, seen, watching or ended."""

    state: str
    camera: str | None = None


class Command(msgspec.Struct):
    """A command as the database holds it: an object with a `type`, sent as it stands."""

    body: dict[str, Any]


Outgoing = Welcome | Ack | Problem | EyesOnState | Command

PROBLEMS: Final[dict[str, str]] = {
    "not_json": "the text is not JSON",
    "not_messagepack": "the binary message is not MessagePack",
    "too_deep": "nested too deeply",
    "not_an_object": "a message is one object",
    "unknown_type": "`type` is missing or not one of this list",
    "missing_field": "a field that the message needs is missing or null",
    "wrong_type": "a field of the message is of another type",
    "out_of_range": "`seq` is below 0 or above 9223372036854775807",
    "too_many_fixes": "more than 3,600 fixes in a report",
    "bad_camera_id": "`camera` is not 1 to 64 of A-Z a-z 0-9 . _ : -",
    "seq_went_back": "`seq` is lower than one before on this connection; the message is taken all the same",
    "wrong_camera": "the token belongs to another camera; nothing is taken until a hello with the right one",
    "unknown_camera": "bridge: there is no such camera",
    "camera_disabled": "bridge: the camera is disabled",
    "replaced": "a newer connection of this camera took over",
    "token_invalid": "the token is not valid any more",
    "overloaded": "the gateway cannot take this now",
}
"""Codes of `error` messages, and what they mean."""

REJECTIONS: Final[dict[str, str]] = {
    "missing": "the field is missing or null",
    "wrong_type": "another type than the field has; a number in quotes is text",
    "not_a_number": "NaN or infinite",
    "out_of_range": "outside what is allowed",
    "unknown_value": "not one of the words",
    "bad_time": "no RFC 3339 time with a zone, and no whole milliseconds",
    "clock_ahead": "more than 30 s ahead of the gateway's clock: kept in quarantine, not shown",
    "zero_position": "latitude and longitude both 0: kept in quarantine, not shown",
    "implausible_jump": "faster than anything moves, beyond both accuracies: kept in quarantine, not shown",
    "refused_by_database": "the database did not take it: kept in quarantine where `kept` says so",
}
"""Codes in `rejected`, and what they mean."""


def content_hash(
    time_us: int,
    lat: float,
    lon: float,
    accuracy_m: float | None,
    altitude_m: float | None,
    speed_mps: float | None,
    heading_deg: float | None,
    recording: int,
    battery_pct: float | None,
    signal: Signal | None,
) -> int:
    """The signed 64-bit number by which two readings of one camera are the same or not; see `sightline.ingest.content`."""
    heard = signal or NOTHING_HEARD
    return content_of(
        time_us,
        recording + 256 * heard.bearer,
        text_word(heard.operator, heard.cell),
        (
            lat,
            lon,
            accuracy_m,
            altitude_m,
            speed_mps,
            heading_deg,
            battery_pct,
            heard.rsrp_dbm,
            heard.rsrq_db,
            heard.sinr_db,
            heard.rssi_dbm,
            heard.uplink_kbps,
        ),
    )
