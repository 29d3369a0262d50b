"""The relay with real cameras and viewers: packets flow, begin at a key frame, and end when told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from uuid import UUID, uuid4

from sightline.ingest.camera import time_strip
from sightline.ingest.media import hooks
from tests.ingest.media.conftest import SDP_HEADERS, RelayBench


async def test_picture_and_sound_arrive_and_change(bench: RelayBench) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    pictures = [await viewer.picture() for _ in range(12)]
    sound = await asyncio.wait_for(viewer.audio.recv(), 5)

    assert pictures[0].luma.shape == (720, 1280)
    times = [picture.strip_ms for picture in pictures]
    assert None not in times
    assert times == sorted(set(times)), "each picture was taken after the one before"
    assert time_strip.age_ms(times[-1], time.time() * 1000) < 2000
    assert sound.sample_rate == 48000


async def test_a_late_viewer_need_not_wait_for_the_cameras_own_key_frame(bench: RelayBench) -> None:
    publication = await bench.camera()
    await (await bench.viewer(publication)).picture()
    track = bench.relay.publications[publication].tracks["video"]
    asked_before = track.keyframe_requests

    began = time.monotonic()
    late = await bench.viewer(publication)
    picture = await late.picture()

    assert time.monotonic() - began < 2, "the camera's own key frames are ten seconds apart"
    assert track.keyframe_requests == asked_before + 1
    assert picture.strip_ms is not None


async def test_many_viewers_at_once_cost_the_camera_few_key_frames(bench: RelayBench) -> None:
    publication = await bench.camera()
    viewers = await asyncio.gather(*(bench.viewer(publication) for _ in range(5)))
    await asyncio.gather(*(viewer.picture() for viewer in viewers))
    track = bench.relay.publications[publication].tracks["video"]
    connected_within_s = 2
    assert 1 <= track.keyframe_requests <= connected_within_s / 0.25


async def test_a_viewer_that_leaves_gets_nothing_more_and_others_go_on(bench: RelayBench) -> None:
    publication = await bench.camera()
    leaving, staying = await bench.viewer(publication), await bench.viewer(publication)
    await asyncio.gather(leaving.picture(), staying.picture())
    viewing = bench.relay.viewings[leaving.stream]

    async with bench.http.delete(bench.base + leaving.location) as response:
        assert response.status == 204
    sent = [outlet.packets for outlet in viewing.outlets]

    assert await leaving.sees_end()
    await staying.picture()
    assert [outlet.packets for outlet in viewing.outlets] == sent
    assert bench.end_reason(leaving.stream) == "the viewer closed it"
    assert bench.end_reason(staying.stream) is None
    async with bench.http.delete(bench.base + leaving.location) as response:
        assert response.status == 404


async def test_when_the_camera_stops_its_viewers_end_and_the_reason_is_told(
    bench: RelayBench,
) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()
    await bench.stop_camera(publication)
    assert await viewer.sees_end()
    await bench.wait_until(lambda: not bench.relay.viewings)
    assert bench.end_reason(publication) == "the camera stopped sending"
    assert bench.end_reason(viewer.stream) == "the camera stopped sending"
    assert bench.relay.mux.peers == 0


async def test_ending_a_publication_ends_the_camera_and_its_viewers(bench: RelayBench) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()

    began = time.monotonic()
    bench.relay.end("publication", publication, "the camera stopped recording")

    assert not bench.relay.viewings
    assert await viewer.sees_end()
    assert time.monotonic() - began < 1
    await bench.wait_until(lambda: publication in bench.reasons)
    assert bench.reasons[publication] == "the relay closed the connection"
    assert bench.end_reason(viewer.stream) == "the camera stopped recording"
    assert bench.end_reason(publication) is None, "who decided it knows already"


async def test_a_viewer_waits_for_its_camera(bench: RelayBench) -> None:
    publication = uuid4()
    waiting = asyncio.create_task(bench.viewer(publication))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await bench.camera(publication)
    viewer = await asyncio.wait_for(waiting, 5)
    assert (await viewer.picture()).strip_ms is not None


async def test_a_camera_that_never_comes_is_given_up(bench_factory) -> None:
    bench = await bench_factory(publication_wait_s=0.3)
    publication, stream = uuid4(), uuid4()
    offer = await _viewer_offer()
    async with bench.http.post(
        bench.url(f"viewings/{stream}?publication={publication}"), data=offer, headers=SDP_HEADERS
    ) as response:
        problem = await response.json(content_type="application/problem+json")
    assert response.status == 504
    assert problem["code"] == "camera_silent"
    assert problem["detail"] == "The camera did not begin to send within 0.3 s."
    assert bench.end_reason(publication) == problem["detail"]
    assert bench.end_reason(stream) == problem["detail"]


async def test_a_viewing_can_be_ended_while_it_waits(bench: RelayBench) -> None:
    publication, stream = uuid4(), uuid4()
    offer = await _viewer_offer()
    answering = asyncio.create_task(
        bench.http.post(
            bench.url(f"viewings/{stream}?publication={publication}"),
            data=offer,
            headers=SDP_HEADERS,
        )
    )
    await asyncio.sleep(0.2)
    bench.relay.end("publication", publication, "the camera stopped recording")
    async with await asyncio.wait_for(answering, 2) as response:
        assert response.status == 410
        problem = await response.json(content_type="application/problem+json")
    assert problem["detail"] == "The stream ended: the camera stopped recording."


async def test_who_no_longer_waits_gets_no_viewing(bench: RelayBench) -> None:
    publication, stream = uuid4(), uuid4()
    offer = await _viewer_offer()
    url = bench.url(f"viewings/{stream}?publication={publication}")
    answering = asyncio.create_task(bench.http.post(url, data=offer, headers=SDP_HEADERS))
    await asyncio.sleep(0.2)
    answering.cancel()
    await bench.wait_until(lambda: bench.end_reason(stream) is not None)
    assert bench.end_reason(stream) == "the request was given up"
    await bench.camera(publication)
    assert not bench.relay.viewings


async def test_a_camera_that_falls_silent_is_given_up(bench_factory) -> None:
    bench = await bench_factory(stall_s=1.0)
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()
    _cut_off(bench, publication)
    await bench.wait_until(lambda: not bench.relay.publications, 4)
    assert bench.end_reason(publication) == "no media for 1 s"
    assert bench.end_reason(viewer.stream) == "no media for 1 s"


async def test_a_peer_that_never_connects_is_given_up(bench_factory) -> None:
    bench = await bench_factory(connect_s=3.0)  # which the camera has to keep to, too
    publication = await bench.camera()
    stream = uuid4()
    url = bench.url(f"viewings/{stream}?publication={publication}")
    async with bench.http.post(url, data=await _viewer_offer(), headers=SDP_HEADERS) as response:
        assert response.status == 201
    await bench.wait_until(lambda: not bench.relay.viewings, 8)
    assert bench.end_reason(stream) == "no connection within 3 s"
    assert publication in bench.relay.publications


async def test_closing_all_viewings_is_immediate_and_keeps_others_out(bench: RelayBench) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    await viewer.picture()
    bench.relay.close_all_viewings("the database does not answer")
    assert not bench.relay.viewings
    assert bench.end_reason(viewer.stream) == "the database does not answer"

    url = bench.url(f"viewings/{uuid4()}?publication={publication}")
    offer = await _viewer_offer()
    async with bench.http.post(url, data=offer, headers=SDP_HEADERS) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (503, "gate_unreachable")

    bench.relay.reopen()
    await (await bench.viewer(publication)).picture()


async def test_the_relay_carries_no_more_than_its_limit(bench_factory) -> None:
    bench = await bench_factory(most_peers=2)
    publication = await bench.camera()
    await bench.viewer(publication)
    url = bench.url(f"viewings/{uuid4()}?publication={publication}")
    offer = await _viewer_offer()
    async with bench.http.post(url, data=offer, headers=SDP_HEADERS) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (503, "relay_full")


async def test_lost_packets_are_sent_again(bench: RelayBench, monkeypatch) -> None:
    publication = await bench.camera()
    send, count = bench.relay.mux.send, 0

    def lossy(data: bytes, address: tuple[str, int]) -> None:
        nonlocal count
        if data[0] >= 128 and len(data) > 200:
            count += 1
            if count % 20 == 0:
                return
        send(data, address)

    monkeypatch.setattr(bench.relay.mux, "send", lossy)
    viewer = await bench.viewer(publication)
    pictures = [await viewer.picture() for _ in range(50)]
    outlet = next(o for o in bench.relay.viewings[viewer.stream].outlets if o.track.kind == "video")
    assert outlet.retransmissions > 0
    whole = [picture for picture in pictures if picture.strip_ms is not None]
    assert len(whole) >= 48


async def test_sender_reports_tell_the_viewer_when_pictures_were_taken(bench: RelayBench) -> None:
    publication = await bench.camera()
    viewer = await bench.viewer(publication)
    clocks = bench.relay.publications[publication].tracks
    await bench.wait_until(lambda: all(track.clock.known for track in clocks.values()))
    await viewer.picture()
    reports: list[float] = []
    async with asyncio.timeout(6):
        while len(reports) < 2:
            await asyncio.sleep(0.2)
            stats = (await viewer.connection.getStats()).values()
            reports = [
                s.remoteTimestamp.timestamp()
                for s in stats
                if s.type == "remote-outbound-rtp" and s.remoteTimestamp.year > 2000
            ]
    assert all(abs(report - time.time()) < 3 for report in reports)


async def _viewer_offer() -> str:
    """An offer of a viewer that will never connect."""
    return (Path(__file__).parent / "viewer_offer.sdp").read_text()


def _cut_off(bench: RelayBench, publication: UUID) -> None:
    """The camera's datagrams no longer arrive, without a goodbye."""
    mux = bench.relay.mux
    (agent,) = hooks.ice_connections(bench.relay.publications[publication].connection)
    transport = mux._by_ufrag[agent.local_username]
    mux.forget(agent.local_username, transport.addresses)
