"""A bad line loses, delays and holds back what it should."""

import asyncio
import socket
from itertools import pairwise

import pytest

from benchmarks.video.line import Line, Quality
from benchmarks.video.udp_line import udp_line, with_port

PACKET = 1250
"""10,000 bits."""


def sent(line, count, every_s, size=PACKET):
    """When each of so many datagrams comes out, of those that do."""
    out = [line.arrival(size, number * every_s) for number in range(count)]
    return [at for at in out if at is not None]


def test_a_good_line_changes_nothing():
    assert sent(Line(Quality(), 1), 5, 0.01) == [0, 0.01, 0.02, 0.03, 0.04]


def test_it_loses_the_share_that_it_should():
    came = sent(Line(Quality(loss=0.1), 1), 20_000, 0.001)
    assert len(came) / 20_000 == pytest.approx(0.9, abs=0.01)
    assert sent(Line(Quality(loss=1), 1), 100, 0.001) == []


def test_it_delays():
    assert sent(Line(Quality(delay_s=0.04), 1), 2, 0.01) == pytest.approx([0.04, 0.05])


def test_it_carries_no_more_than_its_rate_and_its_queue_holds_no_more_than_it_should():
    line = Line(Quality(kbps=600, queue_s=0.3), 1)  # 60 packets a second
    came = sent(line, 2_000, 0.005)  # 200 of them for ten seconds
    assert len(came) == pytest.approx(600, abs=25)
    assert all(later > before for before, later in pairwise(came))
    waits = [line.arrival(PACKET, 10.0)]
    assert waits[0] is None or waits[0] - 10.0 <= 0.3 + 1 / 60 + 1e-9


def test_a_line_that_is_not_full_holds_nothing_back():
    came = sent(Line(Quality(kbps=4000), 1), 100, 0.01)
    assert came == pytest.approx([0.01 * number + 0.0025 for number in range(100)])


def test_nothing_overtakes_when_the_delay_gets_shorter():
    line = Line(Quality(delay_s=0.5), 1)
    first = line.arrival(PACKET, 0.0)
    line.quality = Quality()
    assert line.arrival(PACKET, 0.1) == first


def test_candidates_of_an_answer_lead_to_the_line():
    sdp = (
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
        "a=candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host\r\na=end-of-candidates\r\n"
    )
    assert with_port(sdp, 4711) == sdp.replace("8189", "4711")


async def test_datagrams_come_back_over_the_line_and_no_more_once_it_is_cut():
    relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with relay, peer:
        relay.bind(("127.0.0.1", 0))
        for end in (relay, peer):
            end.settimeout(5)
        async with udp_line(relay.getsockname()) as line:
            peer.sendto(b"there", ("127.0.0.1", line.port))
            data, address = await asyncio.to_thread(relay.recvfrom, 100)
            relay.sendto(data + b" and back", address)
            data, _ = await asyncio.to_thread(peer.recvfrom, 100)
            assert data == b"there and back"
            await line.set(Quality(), Quality(loss=1.0))
            relay.sendto(b"lost", address)
            peer.settimeout(0.3)
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(peer.recvfrom, 100)
