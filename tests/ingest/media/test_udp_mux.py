"""Garbage on the media port harms nobody."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Iterator

import pytest
from aioice import stun

from sightline.ingest.media import hooks
from sightline.ingest.media.udp_mux import ADDRESSES_PER_PEER, UdpMux
from tests.ingest.media.conftest import RelayBench


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.setblocking(False)
        yield s


def binding_request(username: str | None, password: str | None) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    if username is not None:
        message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    if password is not None:
        message.add_message_integrity(password.encode())
    return bytes(message)


async def test_garbage_of_strangers_is_counted_and_the_stream_goes_on(
    bench: RelayBench, stranger: socket.socket
) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()
    (agent,) = hooks.ice_connections(bench.relay.publications[publication].connection)
    ufrag, port = agent.local_username, bench.relay.mux.local_address
    before = bench.relay.mux.counters.received
    noise = random.Random(4417)
    for n in range(2000):
        stranger.sendto(bytes([n % 256]) + noise.randbytes(n % 1400), port)
        if n % 50 == 0:
            await asyncio.sleep(0)
    for datagram in (
        b"",
        b"\x00",
        b"\x00\x01" + b"\x00" * 18,
        b"\x00\x01\xff\xff\x21\x12\xa4\x42" + b"\x00" * 12,
        binding_request(None, None),
        binding_request(f"{ufrag}:x", None),
        binding_request(f"{ufrag}:x", "not the password of this peer"),
        binding_request("nobody:x", "whatever"),
        os.urandom(65_000),
        # attribute ICE-CONTROLLING with a value that is too short
        b"\x00\x01\x00\x08\x21\x12\xa4\x42" + b"\x00" * 12 + b"\x80\x2a\x00\x02\x00\x00\x00\x00",
    ):
        stranger.sendto(datagram, port)
    counters = bench.relay.mux.counters
    await bench.wait_until(lambda: counters.received - before >= 1500)
    pictures = [await viewer.picture() for _ in range(10)]

    assert all(picture.strip_ms is not None for picture in pictures)
    assert counters.unknown > 500
    assert counters.malformed > 0
    with pytest.raises(BlockingIOError):
        stranger.recv(2048)  # nobody without the password gets an answer


async def test_a_peer_that_sends_garbage_harms_only_itself(bench: RelayBench) -> None:
    publication, other = await bench.camera(), await bench.camera()
    viewer, other_viewer = await bench.viewer(publication), await bench.viewer(other)
    await asyncio.gather(viewer.picture(), other_viewer.picture())
    (agent,) = hooks.ice_connections(viewer.connection)
    transport = agent._protocols[0].transport
    noise = random.Random(14)
    for n in range(1500):
        first = (0, 1, 22, 63, 128, 200, 255)[n % 7]
        datagram = bytes([first]) + noise.randbytes(n % 1200)
        transport.sendto(datagram, bench.relay.mux.local_address)
        if n % 25 == 0:
            await asyncio.sleep(0.001)
    pictures = [await other_viewer.picture() for _ in range(10)]
    assert all(picture.strip_ms is not None for picture in pictures)
    assert other in bench.relay.publications


async def test_a_peer_has_few_addresses_and_a_bounded_backlog(bench: RelayBench) -> None:
    publication = await bench.camera()
    peer = bench.relay.publications[publication]
    (agent,) = hooks.ice_connections(peer.connection)
    mux = bench.relay.mux
    request = f"{agent.local_username}:x"
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(30)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
            s.sendto(binding_request(request, agent.local_password), mux.local_address)
        await asyncio.sleep(0.2)
        assert len(mux._by_ufrag[agent.local_username].addresses) == ADDRESSES_PER_PEER
        known = sockets[0].getsockname()
        for _ in range(5000):
            mux._deliver(b"\x80" * 100, known)
        assert mux.counters.flooded > 3000
        assert hooks.backlog(agent) <= 1024
    finally:
        for s in sockets:
            s.close()


async def test_a_port_can_be_used_by_the_next_connection_of_a_peer(bench: RelayBench) -> None:
    first, second = await bench.camera(), await bench.camera()
    mux = bench.relay.mux
    agents = [
        next(iter(hooks.ice_connections(bench.relay.publications[p].connection)))
        for p in (first, second)
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        for agent in agents:
            name = f"{agent.local_username}:x"
            s.sendto(binding_request(name, agent.local_password), mux.local_address)
            await asyncio.sleep(0.05)
            owner = mux._by_address[s.getsockname()]
            assert owner is mux._by_ufrag[agent.local_username]


async def test_a_wildcard_advertises_every_address_and_a_given_one_only_itself() -> None:
    wildcard = UdpMux("0.0.0.0", 0)
    given = UdpMux("127.0.0.1", 0, "203.0.113.7")
    try:
        assert "127.0.0.1" in wildcard.advertised
        assert "0.0.0.0" not in wildcard.advertised
        assert given.advertised == ["203.0.113.7"]
    finally:
        wildcard.close()
        given.close()


async def test_a_port_in_use_is_an_error_at_once() -> None:
    first = UdpMux("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="in use"):
            UdpMux("127.0.0.1", first.local_address[1])
    finally:
        first.close()
