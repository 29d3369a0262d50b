"""TURN by setting: credentials as coturn takes them, and a picture through a real coturn."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext
from pydantic import ValidationError

from sightline.ingest.camera.messages import IceServer
from sightline.ingest.media.turn import ice_servers, sign
from sightline.ingest.settings import ServiceSettings
from tests.ingest.media.conftest import RelayBench
from tests.ingest.media.test_adapting import publishing
from tests.ingest.media.test_browser_playback import FrontDoor, serve

SECRET = "shared-with-the-turn-server"
NOW = 1_795_176_000


def turn_settings(tmp_path: Path, **given: object) -> ServiceSettings:
    return ServiceSettings(data_dir=tmp_path, **given)


def test_without_the_settings_there_is_no_turn(tmp_path: Path) -> None:
    assert ice_servers(turn_settings(tmp_path), "stream", NOW) is None
    assert ice_servers(turn_settings(tmp_path, media_turn_secret=SECRET), "stream", NOW) is None


def test_credentials_say_until_when_they_are_good(tmp_path: Path) -> None:
    settings = turn_settings(
        tmp_path,
        media_turn_secret=SECRET,
        media_turn_url="turn:turn.force.example:3478",
        media_turn_lifetime_s=3600,
    )
    servers = ice_servers(settings, "0b9f", NOW)
    assert servers is not None
    (server,) = servers
    assert server["urls"] == ["turn:turn.force.example:3478"]
    assert server["username"] == f"{NOW + 3600}:0b9f"
    assert server["credential"] == sign(SECRET, server["username"])


def test_the_signature_is_the_schemes() -> None:
    # echo -n '1795179600:0b9f' | openssl dgst -sha1 -hmac shared-with-the-turn-server -binary | base64
    assert sign(SECRET, "1795179600:0b9f") == "coA1YLYKPZCQY1a8V5CooSACMDY="


@pytest.mark.parametrize(
    "url",
    [
        "turn:turn.force.example",
        "turn:192.0.2.7:3478?transport=udp",
        "turns:turn.force.example:5349?transport=tcp",
        "turn:[2001:db8::7]:3478",
    ],
)
def test_addresses_of_turn_servers(tmp_path: Path, url: str) -> None:
    assert turn_settings(tmp_path, media_turn_secret=SECRET, media_turn_url=url)


@pytest.mark.parametrize(
    "url",
    ["turn.force.example", "stun:turn.force.example", "turn:", "turn:host:99999", "turn:host?x=1",
     "turn:user@host", "turn:host:3478?transport=sctp", "http://host"],
)  # fmt: skip
def test_what_is_no_turn_server_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValidationError, match="must be like turn:HOST:3478"):
        turn_settings(tmp_path, media_turn_secret=SECRET, media_turn_url=url)


def test_a_server_needs_the_secret(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="needs SIGHTLINE_MEDIA_TURN_SECRET too"):
        turn_settings(tmp_path, media_turn_url="turn:host:3478")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def coturn(directory: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """A TURN server on loopback; its address, and its log as it comes."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("coturn is not installed (Debian: apt-get install coturn)")
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        program, "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
        f"--listening-port={port}", "--min-port=20000", "--max-port=29999", "--realm=sightline",
        "--use-auth-secret", f"--static-auth-secret={SECRET}", "--allow-loopback-peers", "--no-cli",
        "--no-tls", "--no-dtls", "--log-file=stdout", "--verbose",
        f"--pidfile={directory / 'turn.pid'}", f"--userdb={directory / 'turn.sqlite'}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=directory,
    )  # fmt: skip
    log: list[str] = []

    async def listen() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            log.append(line.decode(errors="replace"))

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(15):
            while not any("UDP listener opened" in line for line in log):
                assert process.returncode is None, "".join(log)
                await asyncio.sleep(0.05)
        yield f"turn:127.0.0.1:{port}?transport=udp", log
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await listening


RELAY_ONLY = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) { super({ ...configuration, iceTransportPolicy: "relay" }); }
};
"""


@pytest.mark.browser
async def test_a_viewer_without_another_way_gets_the_picture_through_turn(
    bench: RelayBench, browser: BrowserContext, tmp_path: Path
) -> None:
    publication = await bench.camera()
    async with coturn(tmp_path) as (url, log):
        settings = turn_settings(tmp_path, media_turn_secret=SECRET, media_turn_url=url)
        page = await browser.new_page()
        await page.add_init_script(RELAY_ONLY)
        await page.goto(await serve(bench, FrontDoor(bench, publication)))
        await page.wait_for_function("() => window.ready")
        stream = uuid4()
        servers = ice_servers(settings, str(stream), time.time())
        await page.evaluate(
            "([url, servers]) => open_stream(url, servers)", [f"/whep/{stream}", servers]
        )
        await page.evaluate("until('playing')")
        await page.wait_for_function("() => stats.length >= 2", timeout=10_000)
        assert (await page.evaluate("stats.at(-1)"))["fps"] > 5
        assert any(str(stream) in line for line in log), "it came through the server"


async def test_a_camera_makes_use_of_the_server_that_it_is_told_of(
    bench: RelayBench, tmp_path: Path
) -> None:
    publication = uuid4()
    async with coturn(tmp_path) as (url, log):
        settings = turn_settings(tmp_path, media_turn_secret=SECRET, media_turn_url=url)
        servers = ice_servers(settings, str(publication), time.time())
        assert servers is not None
        async with publishing(
            bench,
            bench.url(f"publications/{publication}"),
            publication,
            ice_servers=[IceServer(**server) for server in servers],
        ):
            viewer = await bench.viewer(publication)
            assert (await viewer.picture()).strip_ms is not None
            assert any(str(publication) in line for line in log)
