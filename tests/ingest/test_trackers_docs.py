"""The documentation of trackers says what the code does."""

import json
import re
from pathlib import Path

import pytest

from sightline.ingest import fields, http_port, tracker_http
from sightline.ingest.adapters import osmand, owntracks
from sightline.ingest.adapters.moment import OWN_NAMES
from sightline.ingest.messages import Report
from tests.ingest.tracker_client import trackers

TEXT = (Path(__file__).parents[2] / "docs" / "trackers.md").read_text(encoding="utf-8")
JSON = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
RECEIVED_US = 1_795_183_331_250_000


def test_the_examples_are_taken_as_they_are():
    client, app, problem = JSON
    spoken = [
        osmand.read("", "application/json", json.dumps(client).encode(), RECEIVED_US),
        owntracks.read(json.dumps(app).encode()),
    ]
    for one in spoken:
        (report,) = one.messages
        assert isinstance(report, Report)
        assert (report.rejected, len(report.fixes)) == ([], 1)
        assert report.fixes[0].battery_pct == 71
    assert problem["status"] == 400
    (query,) = re.findall(r"\$TOKEN\?([^\"]+)\"", TEXT)
    (report,) = osmand.read(query, "", b"", RECEIVED_US).messages
    assert (report.rejected, report.fixes[0].battery_pct) == ([], 71)


async def test_the_example_of_a_refusal_is_what_comes_back(database):
    async with trackers(database) as phones:
        token = await phones.token("PHONE-1")
        status, problem = await phones.problem(f"/osmand/{token}?lat=91&lon=0")
    assert (status, problem) == (400, JSON[2])


def test_every_name_of_ours_stands_there():
    own = TEXT.split("### Our own names")[1].split("###")[0]
    assert {name for name in OWN_NAMES if f"`{name}`" not in own} == set()


@pytest.mark.parametrize("row", re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TEXT, re.MULTILINE))
def test_every_parameter_that_stands_there_is_read(row):
    place = {"lat": "51", "lon": "0"}
    good = {"timestamp": "1795183331", "location": "1,2", "cell": "1,2,3,4", "valid": "false"}
    for name in re.findall(r"`(\w+)`", row):
        without = osmand.read("lat=51&lon=0", "", b"", RECEIVED_US)
        query = "&".join(
            f"{key}={value}" for key, value in {**place, name: good.get(name, "7")}.items()
        )
        assert osmand.read(query, "", b"", RECEIVED_US).messages != without.messages, name


def test_limits_stand_in_the_text():
    assert f"{tracker_http.MOST_WITH_A_TOKEN} requests may wait" in TEXT
    assert f"more than {tracker_http.HEAVY_BYTES // 1024} KiB are" in TEXT
    assert f"together {tracker_http.MOST_AT_ONCE:,}" in TEXT
    assert f"within {http_port.BODY_WITHIN_S:.0f} s |" in TEXT
    assert f"within {http_port.REQUEST_WITHIN_S:.0f} s." in TEXT
    assert f"{fields.MAX_FIXES:,} positions" in TEXT
    assert fields.MAX_MESSAGE_BYTES == 1024 * 1024
    assert "more than 1 MiB" in TEXT
