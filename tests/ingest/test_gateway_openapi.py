"""The OpenAPI document of the gateway's HTTP port says what the code does."""

from pathlib import Path

import pytest

from sightline.ingest.adapters import osmand
from sightline.ingest.gateway_http import make_app
from sightline.ingest.openapi import document
from sightline.ingest.sdp_doors import LISTEN, PUBLISH, SdpDoor
from sightline.ingest.tracker_http import TrackerDoor
from sightline.ingest.yaml_text import to_yaml
from tests.ingest.openapi_check import loose_references, operation

FILE = Path(__file__).parents[2] / "docs" / "gateway-openapi.yaml"


class _Nobody:
    def __getattr__(self, name):
        async def never(_request):
            raise AssertionError(name)

        return never


def test_the_file_is_what_the_code_says():
    written = FILE.read_text(encoding="utf-8")
    assert written == to_yaml(document()), (
        "python -m sightline.ingest.openapi > docs/gateway-openapi.yaml"
    )


def test_every_route_stands_there_and_nothing_else():
    door = TrackerDoor.__new__(TrackerDoor)  # its routes need nothing of it
    sdp = []
    for exchange in (PUBLISH, LISTEN):
        one = SdpDoor.__new__(SdpDoor)
        one._exchange = exchange
        sdp += one.routes()
    app = make_app(_Nobody(), [*sdp, *door.routes()])
    answered = {
        (route.method, route.resource.canonical.rstrip("/")) for route in app.router.routes()
    }
    told = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert answered == told


def test_every_reference_leads_somewhere():
    found, loose = loose_references(document())
    assert len(found) > 20
    assert loose == set()


@pytest.mark.parametrize("name", document()["components"]["parameters"])
def test_every_parameter_is_read(name):
    good = {
        "timestamp": "1795183331", "location": "1,2", "cell": "1,2,3,4", "valid": "false", "recording": "recording",
        "bearer": "lte", "id": "PHONE-1",
    }  # fmt: skip
    without = osmand.read("lat=51&lon=0", "", b"", 1_795_183_400_000_000)
    place = {"lat": "51", "lon": "0", name: good.get(name, "7")}
    query = "&".join(f"{key}={value}" for key, value in place.items())
    found = osmand.read(query, "", b"", 1_795_183_400_000_000)
    assert (found.messages, found.device) != (without.messages, without.device)


def test_calls_are_found_by_their_address():
    assert operation("GET", "/osmand/abc/")["tags"] == ["trackers"]
    assert operation("DELETE", "/whip/1/2")["tags"] == ["whip"]
    assert operation("PUT", "/osmand") is None
    assert operation("GET", "/elsewhere") is None
