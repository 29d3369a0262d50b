"""What tests of the live map share: officers on it, a gateway that lives, and what the map shows."""

from __future__ import annotations

import asyncio
import io
import re
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.async_api import Page

from tests.force import Force

LAT, LON = 56.35, 1.18
GREEN, YELLOW = (18, 184, 134), (240, 228, 66)


async def officer(
    force: Force,
    number: int,
    *,
    state: str = "recording",
    lat: float = LAT,
    lon: float = LON,
    rsrp: float | None = -80,
) -> int:
    """A camera on duty with an officer of Response B3, heard now at a place."""
    camera = await force.camera(f"AB4-{number:06d}", state)
    unit = await force.owner.fetchval(
        "insert into unit (code, name) values ('B3', 'Response B3') on conflict (code) do update set name = excluded.name returning id"
    )
    wearer = await force.owner.fetchval(
        "insert into officer (shoulder_number, name, unit_id) values ($1, $2, $3) returning id",
        f"{4000 + number}", f"Officer {number}", unit,
    )  # fmt: skip
    await force.owner.execute(
        "insert into duty (camera_id, officer_id, call_sign, during) values ($1, $2, $3, tstzrange(now() - interval '1 h', null))",
        camera, wearer, f"RB{number:02d}",
    )  # fmt: skip
    await force.owner.execute(
        "update live set lat = $2, lon = $3, rsrp_dbm = $4, accuracy_m = 5, battery_pct = 71, bearer = 1 where camera_id = $1",
        camera, lat, lon, rsrp,
    )  # fmt: skip
    return camera


async def gateway(force: Force) -> None:
    await force.owner.execute("insert into gateway (name) values ('west')")


async def beats(force: Force) -> asyncio.Task[None]:
    """A gateway that lives on, until it is cancelled."""
    connection = await force.database.connect("gateway")

    async def beat() -> None:
        while True:
            await connection.execute("update gateway set heartbeat_time = clock_timestamp()")
            await asyncio.sleep(0.4)

    return asyncio.create_task(beat())


async def report(force: Force, camera: int, **columns: object) -> None:
    """What a gateway leaves behind when a camera reports."""
    said = "".join(f", {name} = {value}" for name, value in columns.items())
    await force.owner.execute(
        f"update live set seen_time = now(), fix_time = now(), batch = batch + 1{said} where camera_id = {camera}"
    )
    await force.owner.execute("notify sightline_live")


def here(zoom: float = 15) -> str:
    return f"/map?at={LAT},{LON},{zoom}"


def said(page: Page) -> dict[str, str]:
    """What the address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


async def until_said(page: Page, name: str, wanted: str, within_s: float = 5) -> None:
    """The address follows what was done a moment later: wait until it says this; `wanted` is a pattern."""
    try:
        async with asyncio.timeout(within_s):
            while not re.fullmatch(wanted, said(page).get(name, "")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"the address says {said(page)}, not {name}={wanted}") from None


async def colour_of_middle(page: Page) -> tuple[int, int, int]:
    """The colour in the middle of the map, where a camera is, a little beside its sign."""
    box = await page.locator("#live-map-map").bounding_box()
    assert box is not None
    middle = {
        "x": box["x"] + box["width"] / 2 - 4,
        "y": box["y"] + box["height"] / 2 - 4,
        "width": 1,
        "height": 1,
    }
    picture = Image.open(io.BytesIO(await page.screenshot(clip=middle)))
    found = picture.convert("RGB").getpixel((0, 0))
    assert isinstance(found, tuple)
    return found  # type: ignore[return-value]


def is_like(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(found, wanted, strict=True))


async def until_middle_is(page: Page, wanted: tuple[int, int, int], within_s: float = 8) -> None:
    found: tuple[int, ...] = ()
    try:
        async with asyncio.timeout(within_s):
            while not is_like(found := await colour_of_middle(page), wanted):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"the middle of the map is {found}, not like {wanted}") from None


async def click_middle(page: Page) -> None:
    box = await page.locator("#live-map-map").bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


async def map_is_drawn(page: Page) -> None:
    await page.wait_for_selector("#live-map-map[data-far]")
