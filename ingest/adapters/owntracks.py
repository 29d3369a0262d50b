"""OwnTracks by HTTP: the body of a request → messages. Pure.

Fields are those of https://owntracks.org/booklet/tech/json/, read as Traccar reads them (its `OwnTracksProtocolDecoder`):
`tst` in seconds, `vel` in kilometres an hour, `cog` in degrees, `alt` and `acc` in metres, `batt` in percent; `lat` and
`lon` in WGS 84 degrees. Only a `location` says where the device is. What the app says besides (waypoints, transitions,
steps, cards, its last will, …) and what it will say in a later version is nothing to store, and no error either: an app
that is refused a message keeps it and sends nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from sightline.ingest import protocol
from sightline.ingest.adapters.moment import (
    KMH_MPS,
    Moment,
    Spoken,
    finite,
    is_said,
    number,
    spoken,
    times,
)
from sightline.ingest.errors import ProtocolError
from sightline.ingest.fields import echo

TAKES: Final = frozenset(
    (
        "application/json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/plain",
    )
)
"""Media types of a body, which is JSON under each of them; the second is what none at all means."""
TIME_ALLOWED: Final = "seconds since 1970 UTC, from 2000-01-01 to 2100-01-01"

_VALUES: Final = {
    "lat": "lat", "lon": "lon", "alt": "altitude_m", "acc": "accuracy_m", "cog": "heading_deg",
    "batt": "battery_pct",
}  # fmt: skip
_CELL: Final = ("mcc", "mnc", "lac", "cid")


def read(body: bytes) -> Spoken:
    """One request. An empty body is nothing to store: apps send it when a friend is deleted.

    Raises:
        ProtocolError: nothing of it can be read.
    """
    if not body.strip():
        return Spoken([])
    said = protocol.json_document(body)
    if not isinstance(said, dict):
        raise ProtocolError(
            "not_an_object",
            "A message of OwnTracks is one object with a _type.",
            value=echo(said),
            allowed="an object",
        )
    kind = said.get("_type")
    if not isinstance(kind, str):
        raise ProtocolError(
            "wrong_type" if is_said(kind) else "missing_field",
            f"_type {f'is {echo(kind)!r}' if is_said(kind) else 'is missing'}; it must be text, like location.",
            field="_type",
            value=echo(kind),
            allowed="text, like location",
        )
    if kind == "encrypted":
        raise ProtocolError(
            "encrypted",
            "The message is encrypted, and there is no key for it here. Leave the encryption key in the app empty,"
            " and use an https address.",
            field="_type",
            value=kind,
            allowed="a message that is not encrypted",
        )
    if kind != "location":
        return Spoken([])
    return spoken([_moment(said)], device=_device(said), time_name="tst", time_allowed=TIME_ALLOWED)


def _moment(said: dict[str, Any]) -> Moment:
    moment = Moment()
    moment.put("time", _time(said.get("tst")), "tst")
    for name, own in _VALUES.items():
        moment.put(own, number(said.get(name)), name)
    moment.put("speed_mps", times(said.get("vel"), KMH_MPS), "vel")
    if said.get("conn") == "w":
        moment.hear("bearer", "wifi", "conn")
    if all(is_said(said.get(name)) for name in _CELL):
        moment.serve(said["mcc"], said["mnc"], said["lac"], said["cid"], "cid")
    moment.own(said)
    return moment


def _time(seconds: object) -> object:
    known = finite(number(seconds))
    return seconds if known is None else round(known * 1000)


def _device(said: dict[str, Any]) -> object:
    """The last part of the topic; apps that send none are known by their tracker id alone."""
    topic = said.get("topic")
    return topic.rsplit("/", 1)[-1] if isinstance(topic, str) else said.get("tid")
