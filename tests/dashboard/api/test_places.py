"""Places by what people call them, through the API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

NAMED = [
    ("place", "town", "Kirkwick", (1.10, 56.30)),
    ("place", "hamlet", "Kirkwick Green", (1.14, 56.33)),
    ("place", "village", "Sandhaven", (1.40, 56.50)),
    ("road", "residential", "High Street", (1.101, 56.301)),
    ("road", "residential", "High Street", (1.102, 56.3012)),
    ("road", "residential", "High Street", (1.401, 56.501)),
    ("poi", "hospital", "St Brannock's Hospital", (1.11, 56.31)),
    ("water", "lake", "", (1.2, 56.4)),
]


@pytest.fixture
async def basemap(force: Any) -> None:
    await force.owner.executemany(
        "insert into basemap_feature (layer, kind, name, geom)"
        " values ($1, $2, $3, st_transform(st_setsrid(st_makepoint($4, $5), 4326), 3857))",
        [(layer, kind, name, *place) for layer, kind, name, place in NAMED],
    )


async def found(client: httpx.AsyncClient, q: str, **more: str) -> list[str]:
    answer = await client.get("/api/places", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [
        f"{place['name']}, {place['within']}" if place["within"] else place["name"]
        for place in answer.json()["places"]
    ]


async def test_names_are_found_by_the_beginnings_of_their_words(force: Any, basemap: None) -> None:
    client = await force.as_("fim")
    assert await found(client, "kirkw") == ["Kirkwick", "Kirkwick Green"]
    assert await found(client, "green kirk") == ["Kirkwick Green"]
    assert await found(client, "brannock's hosp") == ["St Brannock's Hospital, Kirkwick"]
    assert await found(client, "irkwick") == []
    assert await found(client, "kirkwick harbour") == []


async def test_a_street_is_one_place_in_each_settlement_and_the_near_one_comes_first(
    force: Any, basemap: None
) -> None:
    client = await force.as_("fim")
    here, there = "High Street, Kirkwick", "High Street, Sandhaven"
    assert await found(client, "high street", near="56.3,1.1") == [here, there]
    assert await found(client, "high street", near="56.5,1.4") == [there, here]


async def test_a_street_is_found_with_its_settlement(force: Any, basemap: None) -> None:
    client = await force.as_("fim")
    for typed in ("High Street, Sandhaven", "sandhaven high", "sandh high street"):
        assert await found(client, typed, near="56.3,1.1") == ["High Street, Sandhaven"]
    assert await found(client, "high street, nowhere") == []
    assert await found(client, "brannock's hospital, kirkwick") == [
        "St Brannock's Hospital, Kirkwick"
    ]


async def test_where_the_map_has_ended_there_is_no_place(force: Any, basemap: None) -> None:
    answer = await (await force.as_("fim")).get("/api/places", params={"q": "90,180"})
    assert answer.json() == {"places": [], "why_not": "latitude 90: the map ends at 85 degrees."}


async def test_what_is_called_exactly_so_comes_before_what_is_larger(
    force: Any, basemap: None
) -> None:
    await force.owner.execute(
        "insert into basemap_feature (layer, kind, name, geom)"
        " select 'place', 'city', 'Sandhaven Docks', geom from basemap_feature where name = 'Sandhaven'"
    )
    client = await force.as_("fim")
    assert await found(client, "sandhaven") == ["Sandhaven", "Sandhaven Docks"]
    assert await found(client, "sandh") == ["Sandhaven Docks", "Sandhaven"]


@pytest.mark.parametrize(
    ("typed", "name", "kind", "lat", "lon", "square_m"),
    [
        ("TR 148 578", "TR 148 578", "grid reference", 51.2797, 1.0793, 100),
        ("tr148578", "TR 148 578", "grid reference", 51.2797, 1.0793, 100),
        ("51.2724, 0.5223", "51.2724, 0.5223", "position", 51.2724, 0.5223, None),
    ],
)
async def test_references_and_degrees_are_places(
    force: Any, typed: str, name: str, kind: str, lat: float, lon: float, square_m: int | None
) -> None:
    answer = await (await force.as_("fim")).get("/api/places", params={"q": typed})
    (place,) = answer.json()["places"]
    assert (place["name"], place["kind"], place["square_m"]) == (name, kind, square_m)
    assert (place["lat"], place["lon"]) == pytest.approx((lat, lon), abs=0.002)


async def test_what_looks_like_a_reference_and_is_none_is_told_why(
    force: Any, basemap: None
) -> None:
    client = await force.as_("fim")
    told = (await client.get("/api/places", params={"q": "TR 148 57"})).json()
    assert told["places"] == []
    assert told["why_not"].startswith("'TR 148 57' is not a grid reference: two letters, then")
    told = (await client.get("/api/places", params={"q": "91, 0"})).json()
    assert told["why_not"] == "latitude 91: allowed is -90 to 90."
    assert (await client.get("/api/places", params={"q": "nowhere"})).json()["why_not"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=x", "q"),
        ("q=" + "x" * 81, "q"),
        ("", "q"),
        ("q=kirk&near=91,0", "near"),
        ("q=a%00b", "q"),
    ],
)
async def test_wrong_parameters_are_named(force: Any, query: str, field: str) -> None:
    answer = await (await force.as_("fim")).get(f"/api/places?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    "typed", ["& | !", "a:* | b", "'; drop table", "((", "!!x", "x <-> y", "_%"]
)
async def test_signs_of_the_query_language_are_nothing_but_signs(
    force: Any, basemap: None, typed: str
) -> None:
    answer = await (await force.as_("fim")).get("/api/places", params={"q": typed})
    assert answer.status_code == 200
    assert answer.json()["places"] == []
