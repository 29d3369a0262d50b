"""The forecast for a typed place, with the observations behind it."""

from __future__ import annotations

from dataclasses import dataclass

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations.forecast import KNOWN_FOR, forecast
from sightline.dashboard.places import Place, PlaceError, grid_reference, parse_place
from sightline.ingest.forecast import Forecast, share_words


@dataclass(frozen=True)
class Answer:
    """What is known of a place.

    Attributes:
        place: as it was understood; the centre of the square of a grid reference.
        reference: its grid reference, or degrees off the grid.
        forecast: what a stream would be like.
        days: days of observations that it rests on at most.
    """

    place: Place
    reference: str
    forecast: Forecast
    days: int


async def ask(act: Actor, typed: str) -> Answer:
    """What a stream would be like at a typed place.

    Raises:
        InvalidError: it is not a place; says what is allowed.
        ForbiddenError: the reader does not see forecasts.
    """
    try:
        place = parse_place(typed)
    except PlaceError as error:
        raise InvalidError(str(error), "place") from error
    reference = grid_reference(place.lat, place.lon, digits=8)
    return Answer(
        place=place,
        reference=reference or f"{place.lat:.5f}, {place.lon:.5f}, off the British National Grid",
        forecast=await forecast(act, place.lat, place.lon),
        days=KNOWN_FOR.days,
    )


def observations(answer: Answer) -> list[tuple[str, str]]:
    """The observations behind a forecast: name → value, ``not known`` where it is not."""
    found = answer.forecast.statistics
    return [
        ("Observations with a signal", f"{found.known:,}"),
        ("… of them poor", f"{found.poor:,}"),
        ("Observations without any signal value", f"{found.unknown:,}"),
        ("Cameras", f"{found.cameras:,}"),
        ("Days", f"{found.days:,}"),
        ("Share poor, 95% confidence", _share(found.known, found.share_low, found.share_high)),
        ("RSRP, median", _dbm(found.rsrp_median_dbm)),
        ("RSRP, weakest tenth", _dbm(found.rsrp_p10_dbm)),
        ("Uplink, median", _mbit(found.uplink_median_kbps)),
        ("Uplink, weakest tenth", _mbit(found.uplink_p10_kbps)),
    ]


def _share(known: int, low: float, high: float) -> str:
    return share_words(low, high) if known else "not known"


def _dbm(value: float | None) -> str:
    return "not known" if value is None else f"{value:.0f} dBm".replace("-", "−")


def _mbit(kbps: float | None) -> str:
    return "not known" if kbps is None else f"{kbps / 1000:.1f} Mbit/s"
