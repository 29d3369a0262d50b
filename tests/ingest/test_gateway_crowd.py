"""Crowds and loops at the gateway's door: who is let in, who must wait and for how long, and who is cut."""

import asyncio
import contextlib
import io
import json
import time

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import Identity
from sightline.ingest.fleet import simulate
from sightline.sql.accounts import add_bridge, add_camera
from tests.ingest.camera_client import RunningGateway, camera, fix_now, text_frame, until


@pytest.fixture
async def owner(database):
    return await database.connect()


@contextlib.asynccontextmanager
async def running(database, **settings):
    gateway = await RunningGateway(database, **settings).start()
    try:
        yield gateway
    finally:
        await gateway.stop()


async def refusal(gateway, token, **options):
    """Status and Retry-After of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with camera(gateway, token, **options):
            pass
    response = refused.value.response
    return response.status_code, int(response.headers.get("Retry-After", -1))


async def test_beyond_the_pace_one_is_told_when_to_come_back(database, owner):
    tokens = [(await add_camera(owner, f"CAM-{n}")).token for n in range(30)]
    async with running(database, gateway_admissions_a_second=5) as gateway:
        opened = await asyncio.gather(*(_status(gateway, token) for token in tokens))
    put_off = [int(after) for status, after in opened if status == 503]
    assert 10 <= len(put_off) <= 25
    assert min(put_off) >= 1
    assert max(put_off) <= 8
    assert len(set(put_off)) >= 3, "they would come back together"


async def _status(gateway, token):
    reader, writer = await _half(gateway, _request(token))
    head = await reader.readuntil(b"\r\n\r\n")
    after = [line for line in head.split(b"\r\n") if line.lower().startswith(b"retry-after:")]
    writer.close()
    return int(head.split()[1]), after[0].split(b":")[1] if after else None


def _request(token):
    return (
        b"GET /camera HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: sightline.camera.v1\r\n"
        + f"Authorization: Bearer {token}\r\n\r\n".encode()
    )


async def _half(gateway, begin=b"", *, http=False):
    settings = gateway.settings
    port = settings.gateway_http_port if http else settings.gateway_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    return reader, writer


@pytest.mark.parametrize("kind", ["camera", "bridge"])
async def test_one_that_reconnects_in_a_loop_waits_and_nobody_else_does(database, owner, kind):
    if kind == "camera":
        token, path = (await add_camera(owner, "LOOP")).token, "/camera"
    else:
        token, path = (await add_bridge(owner, "loop")).token, "/bridge"
    other = (await add_camera(owner, "OTHER")).token
    async with running(database, gateway_connections_a_minute=3) as gateway:
        for _ in range(3):
            async with camera(gateway, token, path=path):
                pass
        started = time.monotonic()
        status, after = await refusal(gateway, token, path=path)
        assert status == 503
        assert 50 < after <= 76
        assert time.monotonic() - started >= 1, "a loop must not turn as fast as it can"
        async with camera(gateway, other) as cam:
            assert (await cam.report(fix_now()))["stored"] == 1


async def test_a_wrong_token_is_refused_as_before(database):
    async with running(database, gateway_connections_a_minute=2) as gateway:
        for _ in range(4):
            assert (await refusal(gateway, "wrong"))[0] == 401


async def test_connections_that_say_nothing_crowd_nobody_out(database, owner):
    token = (await add_camera(owner, "CAM")).token
    async with running(database, gateway_half_open_connections=20) as gateway:
        silent = [await _half(gateway, b"GET /cam") for _ in range(60)]
        async with camera(gateway, token) as cam:
            assert (await cam.report(fix_now()))["stored"] == 1
        for reader, _ in silent[:40]:  # the oldest had to go
            assert await _ended(reader)
        for _, writer in silent:
            writer.close()


BEGINNINGS = {
    "nothing": b"",
    "half a head": b"POST /osmand HTTP/1.1\r\nHost",
    "half a body": b"POST /whip/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: 99\r\n\r\nv=0",
    "answered": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("begin", BEGINNINGS.values(), ids=BEGINNINGS)
async def test_http_connections_that_ask_nothing_crowd_nobody_out(database, owner, begin):
    token = (await add_camera(owner, "CAM")).token
    async with running(database, gateway_half_open_connections=20) as gateway:
        silent = [await _half(gateway, begin, http=True) for _ in range(60)]
        async with aiohttp.ClientSession() as client:
            url = f"{gateway.http}/osmand/{token}?lat=51.9&lon=-8.4&timestamp={time.time():.0f}"
            async with client.get(url) as answer:
                assert answer.status == 200
        for reader, _ in silent[:40]:  # the oldest had to go
            assert await _over(reader)
        for _, writer in silent:
            writer.close()


async def _over(reader):
    """Whether the connection ends at once, whatever was answered before."""
    try:
        async with asyncio.timeout(2):
            await reader.read()
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


async def test_a_phone_that_asks_again_and_again_keeps_its_connection(database, owner):
    token = (await add_camera(owner, "CAM")).token
    async with running(database, gateway_half_open_connections=20) as gateway:
        reader, writer = await _half(gateway, http=True)
        for number in range(5):
            silent = [await _half(gateway, http=True) for _ in range(19)]
            stamp = time.time() - number
            writer.write(
                f"GET /osmand/{token}?lat=51.9&lon=-8.4&timestamp={stamp:.3f} HTTP/1.1\r\n"
                "Host: x\r\n\r\n".encode()
            )
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            for _, one in silent:
                one.close()
        writer.close()


async def test_what_is_no_http_is_answered_with_a_problem_that_repeats_nothing(database):
    async with running(database) as gateway:
        reader, writer = await _half(gateway, b"secret-token <b>?\r\n\r\n", http=True)
        async with asyncio.timeout(5):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert head.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "unreadable_request"
    assert b"secret-token" not in head + body


async def _ended(reader):
    try:
        async with asyncio.timeout(2):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def test_half_a_handshake_ends_in_time(database):
    async with running(database, gateway_handshake_s=0.5) as gateway:
        reader, writer = await _half(gateway, b"GET /camera HTTP/1.1\r\nHost: x\r\n")
        started = time.monotonic()
        assert await _ended(reader)
        assert time.monotonic() - started < 1.5
        writer.close()


async def test_a_request_without_an_end_is_cut(database):
    async with running(database) as gateway:
        reader, writer = await _half(gateway, b"GET /camera HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(40):
                writer.write(f"X-{number}: {'y' * 1000}\r\n".encode())
                await writer.drain()
                await asyncio.sleep(0.01)
        assert await _ended(reader)
        writer.close()


async def test_limits_of_a_sender_are_settings(database, owner):
    token = (await add_camera(owner, "CAM")).token
    async with (
        running(database, gateway_errors_a_minute=2) as gateway,
        camera(gateway, token) as cam,
    ):
        await cam.say("nothing")
        await cam.say("nothing")
        assert await cam.closed() == 4008


async def test_at_the_end_each_is_told_another_moment_to_come_back(database, owner):
    tokens = [(await add_camera(owner, f"CAM-{n}")).token for n in range(20)]
    async with (
        running(database, gateway_admissions_a_second=40) as gateway,
        contextlib.AsyncExitStack() as stack,
    ):
        cams = [await stack.enter_async_context(camera(gateway, token)) for token in tokens]
        gateway.stopping.set()
        assert {await cam.closed() for cam in cams} == {1001}
        advised = [int(cam.socket.close_reason) for cam in cams]
    assert len(set(advised)) > 1
    assert max(advised) <= 4


async def test_half_a_message_delays_nobody(database, owner):
    tokens = [(await add_camera(owner, f"CAM-{n}")).token for n in range(2)]
    async with running(database) as gateway, camera(gateway, tokens[1]) as cam:
        reader, writer = await _half(gateway, _request(tokens[0]))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text_frame(b'{"type":"eyes_on"}' + b" " * 500_000)[:400_000])
        await writer.drain()
        started = time.monotonic()
        assert (await cam.report(fix_now()))["stored"] == 1
        assert time.monotonic() - started < 1
        writer.close()


async def test_the_reference_clients_follow_the_advice_until_all_are_in(database, owner):
    tokens = {f"CAM-{n}": (await add_camera(owner, f"CAM-{n}")).token for n in range(16)}
    async with running(database, gateway_admissions_a_second=4) as gateway:
        clients = [
            CameraClient(f"{gateway.url}/camera", token, Identity(ref, "M1", "1"))
            for ref, token in tokens.items()
        ]
        tasks = [asyncio.create_task(client.run()) for client in clients]
        started = time.monotonic()

        async def all_in():
            return all(client.connected for client in clients)

        try:
            await until(all_in, within_s=25)
            assert time.monotonic() - started > 2.5, "they did not come at the gateway's pace"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_load_generator_does_so_too(database):
    out = io.StringIO()
    async with running(database, gateway_admissions_a_second=4) as gateway:
        load = await simulate.run(
            database.settings,
            cameras=10,
            rate_hz=2,
            gateway_url=f"{gateway.url}/camera",
            duration_s=1,
            output=out,
        )
    assert load.acked == load.sent == 20
    assert load.errors == 0
