"""What a stream would be like at a place, from the device-bins of its cell: a verdict, and the words for it. Pure.

The words say how much is known and never more than that: a place that nobody has tested is *untested*, not good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import h3.api.basic_int as h3

from sightline.ingest.coverage import (
    DEFAULT_RULES,
    RESOLUTION,
    CellVerdict,
    CoverageRules,
    bin_verdict,
    cell_verdict,
    nearest_rank,
    wilson,
)

_DAY_US: Final = 86_400 * 1_000_000

Where = Literal["here", "around"]


class CellBin(NamedTuple):
    """One stored device-bin, with the camera and cell it belongs to."""

    camera_id: int
    start_us: int
    cell: int
    rsrp_dbm: float | None = None
    uplink_kbps: float | None = None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class CellStatistics:
    """Counts and percentiles over device-bins.

    Attributes:
        known: bins of which something is known; `poor` of them are poor.
        unknown: bins with positions but no signal.
        cameras: cameras that the known bins come from.
        days: UTC days that the known bins come from.
        share_low: lower 95% bound of poor ÷ known.
        share_high: upper 95% bound.
        rsrp_median_dbm: over the known bins, nearest rank.
        rsrp_p10_dbm: the tenth percentile: one bin in ten is as weak or weaker.
        uplink_median_kbps: over the known bins.
        uplink_p10_kbps: the tenth percentile.
    """

    known: int
    poor: int
    unknown: int
    cameras: int
    days: int
    share_low: float
    share_high: float
    rsrp_median_dbm: float | None
    rsrp_p10_dbm: float | None
    uplink_median_kbps: float | None
    uplink_p10_kbps: float | None
    verdict: CellVerdict


def cell_statistics(
    bins: Iterable[CellBin], rules: CoverageRules = DEFAULT_RULES
) -> CellStatistics:
    """Statistics of all given bins together."""
    known: list[CellBin] = []
    poor = unknown = 0
    for one in bins:
        verdict = bin_verdict(one.rsrp_dbm, one.uplink_kbps, gap=one.gap, rules=rules)
        if verdict == "unknown":
            unknown += 1
            continue
        known.append(one)
        poor += verdict == "poor"
    cameras = len({one.camera_id for one in known})
    days = len({one.start_us // _DAY_US for one in known})
    low, high = wilson(poor, len(known))
    rsrp = sorted(one.rsrp_dbm for one in known if one.rsrp_dbm is not None)
    uplink = sorted(one.uplink_kbps for one in known if one.uplink_kbps is not None)
    return CellStatistics(
        known=len(known),
        poor=poor,
        unknown=unknown,
        cameras=cameras,
        days=days,
        share_low=low,
        share_high=high,
        rsrp_median_dbm=nearest_rank(rsrp, 50),
        rsrp_p10_dbm=nearest_rank(rsrp, 10),
        uplink_median_kbps=nearest_rank(uplink, 50),
        uplink_p10_kbps=nearest_rank(uplink, 10),
        verdict=cell_verdict(poor, len(known), cameras, days, rules),
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a stream would be like at a place.

    Attributes:
        verdict: of the cell, or of the cell and its neighbours where the cell alone says too little.
        where: which of the two the verdict and the statistics are about.
        headline: a few words for a button or a card.
        words: one or two sentences with the counts behind them.
        caveats: what these numbers do not say.
    """

    verdict: CellVerdict
    where: Where
    headline: str
    words: str
    caveats: tuple[str, ...]
    statistics: CellStatistics


def cells_around(lat: float, lon: float) -> list[int]:
    """The cell of a place, first, and its ring of neighbours: the cells whose bins a forecast needs."""
    cell = h3.latlng_to_cell(lat, lon, RESOLUTION)
    return [cell, *sorted(set(h3.grid_disk(cell, 1)) - {cell})]


def forecast(
    bins: Sequence[CellBin], lat: float, lon: float, rules: CoverageRules = DEFAULT_RULES
) -> Forecast:
    """What a stream would be like at a place.

    Args:
        bins: device-bins of `cells_around(lat, lon)`; others are left out.
        lat: degrees, WGS 84.
        lon: degrees, WGS 84.
        rules: the numbers of the definition.
    """
    cell, *ring = cells_around(lat, lon)
    here = cell_statistics((one for one in bins if one.cell == cell), rules)
    if here.verdict != "insufficient":
        return _told(here, "here", rules)
    near = {cell, *ring}
    around = cell_statistics((one for one in bins if one.cell in near), rules)
    if around.verdict != "insufficient":
        return _told(around, "around", rules)
    return _told(
        around if here.known == 0 else here, "around" if here.known == 0 else "here", rules
    )


_HOLDS_BELOW: Final = 0.1
"""Upper bound of the share of poor observations below which a stream is said to hold without more words."""

_PLACES: Final[dict[Where, str]] = {"here": "here", "around": "within about 400 m"}


def _told(found: CellStatistics, where: Where, rules: CoverageRules) -> Forecast:
    place = _PLACES[where]
    if found.known == 0:
        headline = "Untested by this force"
        words = f"No camera of this force has measured its signal {place} yet."
        if found.unknown:
            words += f" {_count(found.unknown, 'observation')} came without any signal value."
    elif found.verdict == "insufficient":
        headline = "Too little known"
        words = (
            f"Only {_basis(found)} {place}, {found.poor:,} of them poor; a forecast needs"
            f" {rules.least_bins} by {rules.least_cameras} cameras on {rules.least_days} days."
        )
    else:
        headline = _headline(found)
        words = (
            f"{found.poor:,} of {_basis(found)} {place} were poor"
            f" (95% confidence: {share_words(found.share_low, found.share_high)})."
        )
    return Forecast(found.verdict, where, headline, words, _caveats(found, where), found)


def _headline(found: CellStatistics) -> str:
    """What to expect, by how often the signal was too weak: the verdict alone calls nearly every second time *clear*."""
    if found.share_high < _HOLDS_BELOW:
        return "A stream should hold"
    share = found.poor / found.known
    times = _times_in_ten(share)
    if found.verdict == "blackspot":
        return f"A stream will probably fail: {times}"
    if share < 0.05:
        return "A stream should mostly hold"
    if share < 0.2:
        return f"A stream should mostly hold: fails {times}"
    if share < 0.4:
        return f"A stream may fail: {times}"
    return f"A stream may well fail: {times}"


def _times_in_ten(share: float) -> str:
    times = round(share * 10)
    if times >= 10:
        return "nearly every time"
    return f"about {times} times in 10" if times > 1 else "about 1 time in 10"


def share_words(low: float, high: float) -> str:
    """A range of shares in per cent, ``45% to 50%``; what is next to nothing is ``under 1%``, never *0% to 0%*."""
    if high < 0.01:
        return "under 1%"
    return f"{low:.0%} to {high:.0%}"


def _basis(found: CellStatistics) -> str:
    return (
        f"{_count(found.known, 'observation')} by {_count(found.cameras, 'camera')}"
        f" on {_count(found.days, 'day')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _caveats(found: CellStatistics, where: Where) -> tuple[str, ...]:
    caveats = []
    if where == "around":
        caveats.append("The place itself has too few observations; its neighbourhood is shown.")
    if found.known and found.uplink_median_kbps is None:
        caveats.append("No uplink was measured: this rests on signal strength alone.")
    caveats.append("Measured where officers were, mostly outdoors: says nothing of upper floors.")
    return tuple(caveats)
