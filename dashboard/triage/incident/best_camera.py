"""Which recording camera near an incident would give the best stream. Pure.

Nearness counts before signal: a perfect picture from a kilometre away shows nothing of the scene. So
cameras are ranked by whether they can be streamed at all, then by ring (at the scene, near, around),
then by forecast, then by distance. An unknown forecast ranks below fair and above poor: unknown is
neither zero nor good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sightline.dashboard.places import distance_words
from sightline.ingest.quality import Quality

AT_SCENE_M, NEAR_M, AROUND_M = 100.0, 300.0, 2000.0
"""Rings around an incident, metres; further cameras are left out."""

_AT_SCENE, _NEAR, _AROUND = 0, 1, 2

_FORECAST_RANK: dict[Quality, int] = {"good": 0, "fair": 1, "unknown": 2, "poor": 3, "none": 4}


@dataclass(frozen=True)
class NearCamera:
    """A camera near an incident.

    Attributes:
        camera: its id.
        officer: rank and name of who wears it, None if nobody is signed on.
        call_sign: on the radio.
        lat: degrees, WGS 84; None without a fix.
        lon: degrees, WGS 84.
        distance_m: from the incident, None without a fix.
        direction: compass word as seen from the incident, None without a fix.
        recording: off, buffering, recording or unknown.
        stale: not heard for too long to know that it records.
        seen_s: seconds since it was heard.
        fix_age_s: age of its position, None without a fix.
        quality: what a stream would be like, from its present signal.
        attached: named as at the incident, wherever its last position was.
    """

    camera: str
    officer: str | None
    call_sign: str | None
    lat: float | None
    lon: float | None
    distance_m: float | None
    direction: str | None
    recording: str
    stale: bool
    seen_s: float
    fix_age_s: float | None
    quality: Quality
    attached: bool = False

    @property
    def streamable(self) -> bool:
        """Whether the stream gate would let it through: recording, and heard of late."""
        return self.recording == "recording" and not self.stale

    @property
    def ring(self) -> int:
        """0 at the scene, 1 near, 2 around."""
        if self.attached or (self.distance_m is not None and self.distance_m <= AT_SCENE_M):
            return _AT_SCENE
        return _NEAR if self.distance_m is not None and self.distance_m <= NEAR_M else _AROUND

    @property
    def why_not(self) -> str | None:
        """Why it cannot be streamed now, None where it can."""
        if self.stale:
            return "not heard from"
        return {
            "recording": None,
            "buffering": "buffering, not recording",
            "off": "switched off",
        }.get(self.recording, "recording unknown")


def ranked(cameras: Iterable[NearCamera]) -> list[NearCamera]:
    """Best first; ties by distance, then by id."""
    return sorted(
        (c for c in cameras if c.attached or (c.distance_m or 0) <= AROUND_M),
        key=lambda c: (
            not c.streamable,
            c.ring,
            _FORECAST_RANK[c.quality],
            c.distance_m if c.distance_m is not None else AROUND_M,
            c.camera,
        ),
    )


MOST_STREAMABLE, MOST_OTHERS = 8, 6


def shortlist(cameras: Iterable[NearCamera]) -> list[NearCamera]:
    """The cameras to choose from, best first: those that can be streamed, then those that are near enough to ask."""
    best = ranked(cameras)
    streamable = [camera for camera in best if camera.streamable]
    others = [camera for camera in best if not camera.streamable and camera.ring < _AROUND]
    return streamable[:MOST_STREAMABLE] + others[:MOST_OTHERS]


_STREAM_WORDS: dict[Quality, str] = {
    "good": "should hold well",
    "fair": "should hold in a small picture",
    "poor": "may break up",
    "none": "is unlikely to come through",
    "unknown": "is untested: no signal is known",
}


def verdict(cameras: list[NearCamera], talkgroup: str = "") -> str:
    """What can be seen of the scene, and what to do where nothing can.

    Args:
        cameras: best first.
        talkgroup: of the incident, to ask on; empty if unknown.
    """
    ask = f"Ask on {talkgroup}" if talkgroup else "Ask by radio"
    best = next((camera for camera in cameras if camera.streamable), None)
    if best is not None:
        number = sum(camera.streamable and camera.ring == best.ring for camera in cameras)
        return f"{_seen_from(best, number)} The best stream {_STREAM_WORDS[best.quality]}."
    if any(camera.recording == "buffering" and not camera.stale for camera in cameras):
        return f"Nobody near records, but somebody buffers. {ask} to start recording."
    if cameras:
        return f"Nobody near records. {ask} for a camera that does."
    return f"No camera near. {ask} for one."


def _seen_from(best: NearCamera, number: int) -> str:
    """How near the best view is."""
    if best.ring == _AT_SCENE:
        return f"{number} recording at the scene."
    if best.ring == _NEAR:
        return f"Nobody at the scene records; {number} within {NEAR_M:.0f} m {'does' if number == 1 else 'do'}."
    assert best.distance_m is not None  # without a position a camera is only listed as at the scene
    return (
        f"Nobody within {NEAR_M:.0f} m records; the best is {distance_words(best.distance_m)} away."
    )
