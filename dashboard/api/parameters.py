"""What routes share: the services, paths' parts, and geographic parameters."""

from __future__ import annotations

import math
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from pydantic import BaseModel

from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations.fields import Id
from sightline.dashboard.services import Services


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


WithServices = Annotated[Services, Depends(_services)]
Key = Annotated[Id, Path()]
"""An id in a path."""


def _numbers(text: str, field: str, names: tuple[str, ...]) -> list[float]:
    parts = text.split(",")
    allowed = ",".join(names)
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != len(names) or not all(map(math.isfinite, numbers)):
        raise InvalidError(f"{field} is {text[:80]!r}; it must be {allowed}.", field, allowed)
    for name, number in zip(names, numbers, strict=True):
        limit = 90 if name in ("lat", "south", "north") else 180
        if abs(number) > limit:
            raise InvalidError(
                f"{field}: {name} is {number:g}; it must be from -{limit} to {limit}.",
                field,
                allowed,
            )
    return numbers


def bbox(text: str | None) -> tuple[float, float, float, float] | None:
    """west,south,east,north in degrees (RFC 7946, section 5).

    Raises:
        InvalidError: it is not that.
    """
    if text is None:
        return None
    west, south, east, north = _numbers(text, "bbox", ("west", "south", "east", "north"))
    if west > east or south > north:
        raise InvalidError(
            "bbox: west must not be east of east, nor south north of north.",
            "bbox",
            "west,south,east,north",
        )
    return west, south, east, north


def place(text: str | None) -> tuple[float, float] | None:
    """lat,lon in degrees.

    Raises:
        InvalidError: it is not that.
    """
    if text is None:
        return None
    lat, lon = _numbers(text, "near", ("lat", "lon"))
    return lat, lon


def only_known(request: Request) -> None:
    """Refuse parameters that a call of the API does not know: whoever mistypes a filter is told, and not shown everything.

    Raises:
        InvalidError: there is one; names it and says which there are.
    """
    route = request.scope["route"]
    known: set[str] = set()
    for parameter in route.dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):  # a model of all parameters
            known |= {field.alias or name for name, field in kind.model_fields.items()}
        else:
            known.add(parameter.alias)
    for name in request.query_params:
        if name not in known and request.url.path.startswith("/api/"):
            shown = name[:40].encode("unicode_escape").decode()
            raise InvalidError(
                f"{shown} is not a parameter of this call.", shown, sorted(known), "unknown_field"
            )
