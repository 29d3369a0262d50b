"""Where a tile server may be, and what is said of a wrong address."""

from __future__ import annotations

import pytest

from sightline.dashboard.settings import SettingsError, load_settings, masked

TILES = "https://maps.example/{z}/{x}/{y}.png"


@pytest.mark.parametrize(
    ("url", "kind", "deepest"),
    [
        (TILES, "raster", 19),
        ("https://maps.example/{z}/{x}/{y}.jpg?key=a.mvt", "raster", 19),
        ("http://10.0.0.5:3000/force/{z}/{x}/{-y}.pbf", "vector", 14),
    ],
)
def test_the_ending_says_what_it_gives(url: str, kind: str, deepest: int) -> None:
    settings = load_settings(basemap_url=url)
    assert (settings.map_kind, settings.map_deepest) == (kind, deepest)


def test_without_a_server_there_is_no_kind() -> None:
    assert load_settings().map_kind is None


@pytest.mark.parametrize(
    "url",
    [
        "https://maps.example/tiles.json", "ftp://maps.example/{z}/{x}/{y}.png", "maps/{z}/{x}/{y}.png",
        "https://maps.example/{z}/{x}.png", "https://{s}.maps.example/{z}/{x}/{y}.png", "https:///{z}/{x}/{y}.png",
        "https://maps.example:0/{z}/{x}/{y}.png", "https://maps.example:x/{z}/{x}/{y}.png", "https://maps.example/{z}/{x}/{y} .png",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["basemap_url", "basemap_dark_url"])
def test_a_wrong_address_is_refused_without_being_shown(name: str, url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(**{"basemap_url": TILES, name: url})
    assert str(refused.value).startswith(f"{name} (command line) is (secret), but it must be a URL")
    assert "{z}, {x} and {y}, like https://maps.example/{z}/{x}/{y}.png" in str(refused.value)


def test_what_cannot_be_told_must_be_said() -> None:
    url = "https://maps.example/force/{z}/{x}/{y}"
    with pytest.raises(SettingsError, match=r"basemap_kind .* must be vector or raster where"):
        load_settings(basemap_url=url)
    assert load_settings(basemap_url=url, basemap_kind="vector").map_kind == "vector"


def test_a_key_in_an_address_is_not_shown() -> None:
    settings = load_settings(basemap_url=f"{TILES}?key=hidden")
    assert "hidden" not in masked("basemap_url", settings.basemap_url)
    assert "hidden" not in repr(settings)


def test_all_can_be_set_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "URL": "http://maps/{z}/{x}/{y}",
        "KIND": "raster",
        "TILE_PX": "512",
        "MAX_ZOOM": "17",
        "ATTRIBUTION": "© Force",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"SIGHTLINE_BASEMAP_{name}", value)
    settings = load_settings()
    assert settings.map_kind == "raster"
    assert (settings.basemap_tile_px, settings.map_deepest, settings.basemap_attribution) == (
        512,
        17,
        "© Force",
    )
