"""Positions of a receiver by way of gpsd, from a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sightline.ingest.camera.gpsd import Place, place_of, places

FIX = {
    "class": "TPV", "mode": 3, "lat": 51.5, "lon": -0.12, "eph": 4.2, "altMSL": 31.0, "speed": 1.4, "track": 212.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("report", "place"),
    [
        (FIX, Place(51.5, -0.12, 4.2, 31.0, 1.4, 212.0)),
        ({**FIX, "mode": 1}, None),
        ({"class": "SKY", "satellites": []}, None),
        ({"class": "TPV", "mode": 2, "lat": 0.0, "lon": 0.0}, Place(0.0, 0.0)),
        ({"class": "TPV", "mode": 2, "lat": 1.0}, None),
    ],
)
def test_a_report_has_a_place_or_none(report: dict[str, Any], place: Place | None) -> None:
    assert place_of(report) == place


async def test_places_come_and_come_again_after_a_break() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        for line in (b'{"class":"VERSION"}', b"half a li", json.dumps(FIX).encode()):
            writer.write(line + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        coming = places("127.0.0.1", port)
        async with asyncio.timeout(10):
            assert [await anext(coming) for _ in range(2)] == [place_of(FIX)] * 2
        await coming.aclose()  # type: ignore[attr-defined]
    assert asked == [b'?WATCH={"enable":true,"json":true};\n'] * 2
