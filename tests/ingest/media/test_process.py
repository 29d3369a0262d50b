"""The whole relay process against the real database: the gate's word is kept, and its silence."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from sightline.ingest.listening import stop_listening
from sightline.ingest.media.errors import MediaError
from sightline.ingest.media.gate_watch import SILENT
from sightline.ingest.media.process import STOPPED, run
from sightline.ingest.settings import MediaSettings
from sightline.sql.accounts import new_token, token_hash
from tests.conftest import Database
from tests.force import Force, Person
from tests.ingest.media.conftest import SECRET, RelayBench, Viewer


class DatabaseLine:
    """The wire between the relay and the database, which can be cut, or go quiet."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None

    async def open(self) -> int:
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    def go_quiet(self) -> None:
        self._flowing.clear()

    def cut(self) -> None:
        self._refusing = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self._refusing = False
        self._flowing.set()

    async def close(self) -> None:
        self.cut()
        await stop_listening(self.server)
        self.mend()
        await asyncio.sleep(0.05)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        ends = [writer]
        self._writers.add(writer)
        try:
            onward_reader, onward = await asyncio.open_connection(*self._target)
            ends.append(onward)
            self._writers.add(onward)
            await asyncio.gather(self._copy(reader, onward), self._copy(onward_reader, writer))
        except OSError:
            pass  # cut
        finally:
            for end in ends:
                self._writers.discard(end)
                end.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        writer.transport.abort()


@dataclass
class Watched:
    """A stream that was opened by the rules, is published and is watched."""

    force: Force
    bench: RelayBench
    line: DatabaseLine
    stop: asyncio.Event
    process: asyncio.Task[None]
    fim: Person
    camera_id: int
    stream: UUID
    publication: UUID
    viewer: Viewer

    async def end_reason(self, table: str, id_: UUID) -> str | None:
        return await self.force.owner.fetchval(f"select end_reason from {table} where id = $1", id_)

    async def told(self, table: str, id_: UUID, timeout: float = 5) -> str:
        async with asyncio.timeout(timeout):
            while (reason := await self.end_reason(table, id_)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return reason

    async def seconds_until_dark(self, timeout: float = 5) -> float:
        began = time.monotonic()
        last = await self.viewer.last_picture_at(timeout)
        assert last is not None, "the pictures go on"
        return last - began


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


@pytest.fixture
async def watched(force: Force, bench: RelayBench) -> AsyncIterator[Watched]:
    """The process under test; `bench` lends its cameras and viewers, its own relay stands idle."""
    media_url = json.loads((force.database.data_dir / "database.json").read_text())["media"]
    parts = urlsplit(media_url)
    line = DatabaseLine(parts.hostname, parts.port)
    port = await line.open()
    settings = MediaSettings(
        data_dir=force.database.data_dir,
        database_url=media_url.replace(f":{parts.port}/", f":{port}/"),
        internal_secret=SecretStr(SECRET),
        media_port=0,
        media_internal_port=0,
    )
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(line.close)
        process = asyncio.create_task(run(settings, stop))

        async def end() -> None:
            stop.set()
            await asyncio.wait_for(process, 10)

        stack.push_async_callback(end)
        bench.base = await internal_url(force)
        fim, camera_id = await force.user("fim"), await force.camera()
        stream, publication = await open_stream(force, fim, await force.incident())
        await bench.camera(publication)
        stack.push_async_callback(bench.stop_camera, publication)
        viewer = await bench.viewer(publication, stream=stream)
        assert (await viewer.picture()).strip_ms is not None
        yield Watched(
            force, bench, line, stop, process, fim, camera_id, stream, publication, viewer
        )
        line.mend()


async def internal_url(force: Force) -> str:
    async with asyncio.timeout(5):
        while (url := await force.owner.fetchval("select internal_url from relay")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return url


async def open_stream(force: Force, person: Person, incident: int) -> tuple[UUID, UUID]:
    async with force.acting(person) as connection:
        opened = await connection.fetchrow(
            "select * from stream_open('AB4-000001', 'officer_safety', 'shouting heard', $1, $2)",
            incident, token_hash(new_token()),
        )  # fmt: skip
        assert opened["http"] == 201, opened["message"]
        made = await connection.fetchrow(
            "select * from publication_ensure($1, 'http://127.0.0.1:1', $2)",
            opened["stream_id"], new_token(),
        )  # fmt: skip
    return opened["stream_id"], made["publication_id"]


async def test_a_stream_goes_on_while_the_gate_allows_it(watched: Watched) -> None:
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        assert (await watched.viewer.picture()).strip_ms is not None
    assert await watched.end_reason("stream_session", watched.stream) is None
    media_age = await watched.force.owner.fetchval(
        "select extract(epoch from clock_timestamp() - media_time) from publication"
    )
    assert media_age < 2.5, "arriving media proves that the camera records"


async def test_it_ends_within_a_second_when_recording_stops(watched: Watched) -> None:
    await watched.force.set_state(watched.camera_id, "buffering")
    assert await watched.seconds_until_dark() < 1
    reason = "the camera stopped recording"
    assert await watched.told("stream_session", watched.stream) == reason
    assert await watched.told("publication", watched.publication) == reason
    (entry,) = await watched.force.audit("stream.end")
    assert entry["reason"] == reason


async def test_it_ends_within_a_second_when_the_viewer_signs_out(watched: Watched) -> None:
    await watched.force.owner.execute("select session_end(id, 'signed out') from session")
    assert await watched.seconds_until_dark() < 1
    assert "signed out" in await watched.told("stream_session", watched.stream)


async def test_it_ends_within_a_second_when_the_role_is_taken_away(watched: Watched) -> None:
    await watched.force.owner.execute("update app_user set role = 'planner'")
    assert await watched.seconds_until_dark() < 1
    assert await watched.told("stream_session", watched.stream)


GONE = "the camera is no longer the viewer's to see"


async def test_it_ends_within_a_second_when_the_camera_goes_to_a_restricted_incident(
    watched: Watched,
) -> None:
    kidnap = await watched.force.incident("Kidnap", restricted=True)
    await watched.force.at_incident(watched.camera_id, kidnap)
    assert await watched.seconds_until_dark() < 1
    assert await watched.told("stream_session", watched.stream) == GONE
    (entry,) = await watched.force.audit("stream.end")
    assert entry["reason"] == GONE


async def test_it_ends_within_a_second_when_the_incident_becomes_restricted(
    watched: Watched,
) -> None:
    await watched.force.owner.execute("update incident set restricted = true")
    assert await watched.seconds_until_dark() < 1
    assert "no longer the viewer's to see" in await watched.told("stream_session", watched.stream)


async def test_one_who_loses_sight_goes_and_one_who_is_named_stays(watched: Watched) -> None:
    incident = await watched.force.incident()
    commander = await watched.force.user("commander")
    await watched.force.at_incident(watched.camera_id, incident)
    await watched.force.assign(commander, incident, "commander")
    stream, publication = await open_stream(watched.force, commander, incident)
    other = await watched.bench.viewer(publication, stream=stream)
    assert (await other.picture()).strip_ms is not None
    await watched.force.owner.execute("update incident_camera set until = now()")
    began = time.monotonic()
    last = await other.last_picture_at()
    assert last is not None, "the pictures go on"
    assert last - began < 1
    assert await watched.told("stream_session", stream) == GONE
    assert (await watched.viewer.picture()).strip_ms is not None
    assert await watched.end_reason("stream_session", watched.stream) is None


async def test_a_stream_that_nobody_fetches_ends_and_the_others_go_on(watched: Watched) -> None:
    owner = watched.force.owner
    await owner.execute("update stream_session set token_used_time = now()")
    second = await watched.force.user("fim", "fim2")
    stream, publication = await open_stream(watched.force, second, await watched.force.incident())
    assert publication == watched.publication
    await owner.execute("update stream_session set token_expires = now() + interval '0.5 s'")
    reason = "nobody began to watch within 30 seconds"
    assert await watched.told("stream_session", stream, 2) == reason
    for _ in range(25):
        assert (await watched.viewer.picture()).strip_ms is not None
    assert await watched.end_reason("stream_session", watched.stream) is None

    await owner.execute("update stream_session set token_used_time = null")
    assert await watched.seconds_until_dark() < 1
    assert await watched.told("stream_session", watched.stream) == reason


async def test_an_end_that_the_relay_saw_is_recorded(watched: Watched) -> None:
    async with watched.bench.http.delete(watched.bench.base + watched.viewer.location) as response:
        assert response.status == 204
    assert await watched.told("stream_session", watched.stream) == "the viewer closed it"


@pytest.mark.parametrize("how", ["go_quiet", "cut"])
async def test_without_the_database_every_viewing_ends_and_none_begins(
    watched: Watched, how: str
) -> None:
    getattr(watched.line, how)()
    assert 0.5 < await watched.seconds_until_dark() < 2

    status, problem = await ask_to_view(watched)
    assert (status, problem["code"]) == (503, "gate_unreachable")
    assert await watched.end_reason("stream_session", watched.stream) is None

    watched.line.mend()
    assert await watched.told("stream_session", watched.stream) == SILENT
    async with asyncio.timeout(5):
        while not (await relay_status(watched))["gate"]["open"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stream, publication = await open_stream(
        watched.force, watched.fim, await watched.force.incident()
    )
    assert publication == watched.publication, "the camera went on sending"
    again = await watched.bench.viewer(publication, stream=stream)
    assert (await again.picture()).strip_ms is not None


async def test_a_short_pause_of_the_database_ends_nothing(watched: Watched) -> None:
    watched.line.go_quiet()
    await asyncio.sleep(0.5)
    watched.line.mend()
    for _ in range(25):
        await watched.viewer.picture()
    assert await watched.end_reason("stream_session", watched.stream) is None


async def test_a_record_that_waits_for_a_lock_is_not_taken_for_silence(watched: Watched) -> None:
    async with watched.force.owner.transaction():
        await watched.force.owner.execute("select from relay for update")
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert (await watched.viewer.picture()).strip_ms is not None
    assert await watched.end_reason("stream_session", watched.stream) is None
    await watched.force.set_state(watched.camera_id, "buffering")
    assert await watched.seconds_until_dark() < 1


async def test_what_the_database_does_not_know_is_not_carried(watched: Watched) -> None:
    stranger = await watched.bench.viewer(watched.publication)
    await asyncio.sleep(0.6)
    status = await relay_status(watched)
    assert [v["stream"] for v in status["viewings"]] == [str(watched.stream)]
    assert await stranger.sees_end(3)


async def test_a_stop_ends_everything_and_records_it(watched: Watched) -> None:
    began = time.monotonic()
    watched.stop.set()
    await asyncio.wait_for(asyncio.shield(watched.process), 10)
    assert time.monotonic() - began < 5
    assert await watched.end_reason("stream_session", watched.stream) == STOPPED
    assert await watched.end_reason("publication", watched.publication) == STOPPED
    assert await watched.viewer.sees_end(2)
    with pytest.raises(aiohttp.ClientConnectorError):
        await relay_status(watched)


async def test_a_stop_does_not_wait_for_viewers_that_wait(watched: Watched) -> None:
    waiting = asyncio.create_task(watched.bench.viewer(uuid4()))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    watched.stop.set()
    await asyncio.wait_for(asyncio.shield(watched.process), 10)
    assert time.monotonic() - began < 4
    with pytest.raises(AssertionError, match="stopped"):
        await waiting


async def test_it_does_not_start_without_the_secret(database: Database) -> None:
    settings = MediaSettings(data_dir=database.data_dir, media_port=0, media_internal_port=0)
    with pytest.raises(MediaError, match="SIGHTLINE_INTERNAL_SECRET is not set"):
        await run(settings, asyncio.Event())


async def test_the_relays_role_reads_and_changes_nothing_else(database: Database) -> None:
    connection = await database.connect("media")
    for statement in ("select * from stream_session", "update publication set ended_time = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def ask_to_view(watched: Watched) -> tuple[int, dict[str, object]]:
    async with watched.bench.http.post(
        watched.bench.url(f"viewings/{watched.stream}?publication={watched.publication}"),
        data="v=0",
        headers={"Content-Type": "application/sdp"},
    ) as response:
        return response.status, await response.json(content_type="application/problem+json")


async def relay_status(watched: Watched) -> dict[str, Any]:
    async with watched.bench.http.get(watched.bench.url("status")) as response:
        return await response.json()
