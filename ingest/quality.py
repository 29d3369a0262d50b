"""Signal and uplink → what a stream would be like, in one word. Pure.

A measured uplink says most: video at 720p wants 2.5 Mbit/s of it, so that half stays free; 360p wants 1.6 Mbit/s.
Without one the radio must do, by the bands of RSRP that are usual for LTE; and no uplink, however good a moment ago, is better than
*poor* where RSRP says that nothing usable is heard. What is not known is *unknown*, never good. RSSI is not RSRP and
plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Quality = Literal["unknown", "none", "poor", "fair", "good"]

QUALITY_CODES: Final[dict[Quality, int]] = {
    "unknown": 0,
    "none": 1,
    "poor": 2,
    "fair": 3,
    "good": 4,
}
"""Word → code of the binary feed; apart from unknown, greater is better."""

_WORDS: Final = tuple(QUALITY_CODES)


@dataclass(frozen=True, slots=True)
class SignalBands:
    """Lower bounds of the bands; each force may set its own.

    Attributes:
        rsrp_good_dbm: from here a stream is good; dBm.
        rsrp_fair_dbm: from here it is fair; dBm.
        rsrp_poor_dbm: from here it is poor, below nothing usable is heard; dBm.
        rsrq_fair_db: below, interference keeps the stream poor; dB.
        sinr_fair_db: below, noise keeps the stream poor; dB.
        uplink_good_kbps: enough for 720p.
        uplink_fair_kbps: enough for 360p.
        uplink_poor_kbps: below, not even 360p fits.
    """

    rsrp_good_dbm: float = -90.0
    rsrp_fair_dbm: float = -100.0
    rsrp_poor_dbm: float = -110.0
    rsrq_fair_db: float = -15.0
    sinr_fair_db: float = 0.0
    uplink_good_kbps: float = 2_500.0
    uplink_fair_kbps: float = 1_600.0
    uplink_poor_kbps: float = 800.0


DEFAULT_BANDS: Final = SignalBands()


def quality(
    rsrp_dbm: float | None,
    rsrq_db: float | None,
    sinr_db: float | None,
    uplink_kbps: float | None,
    bands: SignalBands = DEFAULT_BANDS,
) -> Quality:
    """What a stream would be like now: good (720p), fair (360p), poor, none, or unknown."""
    radio = _radio(rsrp_dbm, rsrq_db, sinr_db, bands)
    if uplink_kbps is None:
        return radio
    uplink = _uplink(uplink_kbps, bands)
    if radio == "none" and uplink in ("good", "fair"):
        return "poor"
    return uplink


def _uplink(kbps: float, bands: SignalBands) -> Quality:
    if kbps >= bands.uplink_good_kbps:
        return "good"
    if kbps >= bands.uplink_fair_kbps:
        return "fair"
    return "poor" if kbps >= bands.uplink_poor_kbps else "none"


def _radio(
    rsrp_dbm: float | None, rsrq_db: float | None, sinr_db: float | None, bands: SignalBands
) -> Quality:
    noisy = (rsrq_db is not None and rsrq_db < bands.rsrq_fair_db) or (
        sinr_db is not None and sinr_db < bands.sinr_fair_db
    )
    if rsrp_dbm is None:
        # Quality of reception without its strength proves a bad place, never a good one.
        return "poor" if noisy else "unknown"
    if rsrp_dbm < bands.rsrp_poor_dbm:
        return "none"
    if noisy or rsrp_dbm < bands.rsrp_fair_dbm:
        return "poor"
    return "fair" if rsrp_dbm < bands.rsrp_good_dbm else "good"


def from_code(code: int) -> Quality:
    """The word of a feed's code."""
    return _WORDS[code]
