"""`replay` of the real drive tests: what is in the database is what is in the files."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import zipfile
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from tests.system.conftest import ROOT, Demo

DRIVE_TESTS = (
    Path(os.environ.get("SIGHTLINE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "drivetests"
)
ARCHIVE = DRIVE_TESTS / "cork-5g-drivetests.zip"

pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason="the drive tests are not on this machine"
)

LTE_OR_NR = ("LTE", "5G")


def _smallest_files(count: int, into: Path) -> list[Path]:
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = sorted(
            (i for i in archive.infolist() if i.filename.endswith(".csv")),
            key=lambda i: i.file_size,
        )[:count]
        return [Path(archive.extract(info, into)) for info in names]


def _expected(text: str) -> Counter[tuple[float, float, float | None]]:
    """(latitude, longitude, RSRP) of every distinct row; RSRP only where the mode has one."""
    rows = {tuple(row.items()) for row in csv.DictReader(io.StringIO(text))}
    expected: Counter[tuple[float, float, float | None]] = Counter()
    for row in map(dict, rows):
        has_rsrp = row["NetworkMode"] in LTE_OR_NR and row["RSRP"] != "-"
        level = float(row["RSRP"]) if has_rsrp else None
        if level is not None and not -140 <= level <= -44:
            level = None
        expected[float(row["Latitude"]), float(row["Longitude"]), level] += 1
    return expected


async def _stored(url: str, cameras: list[str]) -> Counter[tuple[float, float, float | None]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select lat, lon, rsrp_dbm from sightline.fix_readable where camera = any($1)", cameras
        )
        raw = await connection.fetchval(
            "select count(*) from sightline.fix_quarantine q join sightline.camera c on c.id = q.camera_id"
            " where c.ref = any($1)", cameras,
        )  # fmt: skip
    finally:
        await connection.close()
    assert raw == 0
    return Counter((row["lat"], row["lon"], row["rsrp_dbm"]) for row in rows)


async def _camera_refs(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row["ref"] for row in await connection.fetch("select ref from sightline.camera")}
    finally:
        await connection.close()


def test_positions_and_rsrp_equal_the_files(demo: Demo, tmp_path: Path) -> None:
    url = demo.urls()["owner"]
    for file in _smallest_files(3, tmp_path):
        before = asyncio.run(_camera_refs(url))
        done = demo.command("replay", "--original-times", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        cameras = sorted(asyncio.run(_camera_refs(url)) - before)
        assert len(cameras) == 1
        expected = _expected(file.read_text())
        assert expected.total() > 50
        assert asyncio.run(_stored(url, cameras)) == expected
        again = demo.command("replay", "--original-times", str(file))
        assert again.returncode == 0, again.stdout + again.stderr
        assert asyncio.run(_stored(url, cameras)) == expected
