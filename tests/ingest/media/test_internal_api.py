"""The internal API: who is let in, and what is said to those who ask for the impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.media.conftest import SDP_HEADERS, SECRET, RelayBench

OFFER = (Path(__file__).parent / "viewer_offer.sdp").read_text()
CAMERA_OFFER = OFFER.replace("a=recvonly", "a=sendonly")


SOME = "0b7e6f0a-5d1c-4c55-9d3e-2f6a3c1b7a10"
"""Of a publication or viewing that there is not."""


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        f"Bearer {SECRET}x",
        f"Basic {SECRET}",
        "Bearer \udcff\udce9",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"publications/{SOME}"),
        ("DELETE", f"publications/{SOME}"),
        ("POST", f"viewings/{SOME}"),
        ("DELETE", f"viewings/{SOME}"),
        ("GET", "status"),
        ("GET", "no-such-path"),
    ],
)
async def test_nobody_gets_in_without_the_secret(
    bench: RelayBench, method: str, path: str, authorization: str | None
) -> None:
    # Over a plain socket: HTTP clients would not send every one of these headers.
    header = "" if authorization is None else f"Authorization: {authorization}\r\n"
    status, body = await raw_request(bench, method, path, header)
    assert status == 401
    assert b"WWW-Authenticate: Bearer" in body
    assert b'"code": "unauthorized"' in body
    assert SECRET.encode() not in body


async def raw_request(bench: RelayBench, method: str, path: str, header: str) -> tuple[int, bytes]:
    import asyncio

    host, port = bench.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"{method} /internal/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n"
    writer.write(request.encode(errors="surrogateescape"))
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("POST", "publications/17", CAMERA_OFFER, SDP_HEADERS, 400, "invalid_publication"),
        ("POST", "viewings/17?publication=x", OFFER, SDP_HEADERS, 400, "invalid_stream"),
        ("POST", f"viewings/{SOME}", OFFER, SDP_HEADERS, 400, "invalid_publication"),
        ("POST", f"publications/{SOME}", "{}", {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        ("POST", f"publications/{SOME}", "not SDP", SDP_HEADERS, 422, "invalid_offer"),
        ("POST", f"publications/{SOME}", b"v=0\xff\xfe", SDP_HEADERS, 422, "invalid_offer"),
        ("POST", f"publications/{SOME}", OFFER, SDP_HEADERS, 422, "invalid_offer"),
        ("POST", f"publications/{SOME}", "a" * 100_000, SDP_HEADERS, 413, "request_entity_too_large"),
        ("POST", f"publications/{SOME}", CAMERA_OFFER.replace("H264", "VP9").replace("VP8", "VP9"), SDP_HEADERS, 422, "unsupported_codec"),
        ("DELETE", f"publications/{SOME}", None, {}, 404, "unknown"),
        ("DELETE", f"viewings/{SOME}", None, {}, 404, "unknown"),
        ("GET", "nothing", None, {}, 404, "not_found"),
        ("PUT", "status", None, {}, 405, "method_not_allowed"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(
    bench: RelayBench,
    method: str,
    path: str,
    body: str | bytes | None,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    async with bench.http.request(method, bench.url(path), data=body, headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (status, code)
    assert problem["status"] == status
    assert problem["detail"].endswith(".") or status == 404 or status == 405 or status == 413
    assert not bench.relay.publications
    assert not bench.relay.viewings


async def test_an_identifier_is_used_once(bench: RelayBench) -> None:
    publication = await bench.camera()
    url = bench.url(f"publications/{publication}")
    async with bench.http.post(url, data=CAMERA_OFFER, headers=SDP_HEADERS) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (409, "exists")
    viewer = await bench.viewer(publication)
    url = bench.url(f"viewings/{viewer.stream}?publication={publication}")
    async with bench.http.post(url, data=OFFER, headers=SDP_HEADERS) as response:
        assert response.status == 409
    assert (await viewer.picture()).strip_ms is not None


async def test_a_camera_can_be_ended_by_delete(bench: RelayBench) -> None:
    publication = await bench.camera()
    async with bench.http.delete(bench.url(f"publications/{publication}")) as response:
        assert response.status == 204
    assert not bench.relay.publications


async def test_status_says_what_flows_and_nothing_secret(bench: RelayBench) -> None:
    async with bench.http.get(bench.url("status")) as response:
        idle = await response.json()
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()
    async with bench.http.get(bench.url("status")) as response:
        text = await response.text()
        status = await response.json()
    assert SECRET not in text
    (sending,) = status["publications"]
    assert sending["publication"] == str(publication)
    assert sending["viewers"] == 1
    assert sending["tracks"]["video"]["packets"] > 0
    assert sending["media_age_s"] < 1
    (viewing,) = status["viewings"]
    assert viewing["stream"] == str(viewer.stream)
    assert viewing["connected"]
    assert viewing["tracks"]["video"]["packets"] > 0
    assert status["udp"]["peers"] == 2
    assert status["gate"] == {"open": True, "silence_s": 0.0}
    assert status["tasks"] > idle["tasks"]
