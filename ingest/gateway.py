"""The gateway process: cameras, bridges and trackers come in here, and out come rows and acknowledgements.

    sockets → conversation ┐
    HTTP    → tracker_http ┼→ inbox → writer → one transaction → acknowledgements
    TAK     ↔ cot          ┘
    news (notifications) → commands (camera_command) → conversation

`run` is the wiring. Several gateways may share a database, and a port where the settings say so.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import aiohttp
import asyncpg
from websockets.asyncio.server import Server

from sightline.ingest.actions import Actions
from sightline.ingest.admission import Pace
from sightline.ingest.commands import Commands
from sightline.ingest.conversation import Services
from sightline.ingest.cot.counts import CotCollector
from sightline.ingest.cot.server import CotServer
from sightline.ingest.deliveries import Deliveries
from sightline.ingest.doors import Doors, Register
from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.gateway_http import HealthDoor, make_app
from sightline.ingest.http_port import serving
from sightline.ingest.links import Links
from sightline.ingest.listening import stop_listening
from sightline.ingest.media.turn import ice_servers
from sightline.ingest.memory import keep_freed_memory
from sightline.ingest.merge import MergeRules
from sightline.ingest.metrics import registry
from sightline.ingest.news import News
from sightline.ingest.sdp_doors import LISTEN, PUBLISH, SdpDoor
from sightline.ingest.settings import GatewaySettings
from sightline.ingest.sockets import SocketDoor
from sightline.ingest.tolerance import Limits
from sightline.ingest.tracker_http import TrackerDoor
from sightline.ingest.writer import Writer
from sightline.sql import AWAY, open_pool, query

log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.5
_ASK_WITHIN_S: Final = 5.0
_WRITE_WITHIN_S: Final = 4.0
_DISMISS_WITHIN_S: Final = 1.5
_CLOSE_WITHIN_S: Final = 2.5
_TICK_S: Final = 1.0
_LOOK_EVERY_TICKS: Final = 5

Value = TypeVar("Value")


async def run(settings: GatewaySettings, stop: asyncio.Event) -> None:
    """Run a gateway until `stop`; then write and acknowledge what was received, and close with 1001.

    Waits for the database at the start. Returns at once if it is stopped before.
    """
    force = await _unless_stopped(_meet_database(settings), stop)
    if force is None:
        return
    try:
        keep_freed_memory()
        with _quiet_garbage():
            await _run(settings, stop, force)
    finally:
        force.pool.terminate()


@dataclass(frozen=True, slots=True)
class Force:
    """The database, and what it says of how this force works."""

    pool: asyncpg.Pool
    rules: MergeRules
    report_every_s: dict[str, int]


async def _run(settings: GatewaySettings, stop: asyncio.Event, force: Force) -> None:
    pool = force.pool
    deliveries = Deliveries()
    writer = Writer(
        settings,
        deliveries.put,
        name=settings.gateway_name,
        rules=force.rules,
        flush_s=settings.gateway_flush_ms / 1000,
        batch_size=settings.gateway_batch_size,
        buffer_size=settings.gateway_buffer_size,
    )
    if await _unless_stopped(writer.connect(), stop) is None:
        return
    links = Links(pool, lambda: writer.run_id, settings.gateway_http_base)
    services = Services(
        writer=writer,
        links=links,
        actions=Actions(pool),
        commands=Commands(
            pool,
            links,
            lambda: writer.run_id,
            lambda publication: ice_servers(settings, publication, time.time()),
        ),
        register=Register(pool, adds=settings.gateway_register_cameras),
        report_every_s=force.report_every_s,
        pace=Pace(settings.gateway_admissions_a_second),
        limits=Limits.of(settings),
    )
    doors = Doors(pool)
    door = SocketDoor(doors, services, settings)
    cot = CotServer(settings, pool, services, doors)
    watch = Watch(settings, pool, services, door)
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(work)
            for work in (
                deliveries.run(),
                watch.run(),
                watch.news.run(),
                services.commands.run(),
                services.actions.run(),
            )
        ]
        writing = tasks.create_task(writer.run())
        async with _http(settings, pool, watch, services, cot):
            server = await door.serve()
            log.info("listening on port %d, run %d", settings.gateway_port, writer.run_id)
            try:
                async with cot.listening():
                    await stop.wait()
            finally:
                await _drain(services, writing, deliveries, door, server)
        for task in background:
            task.cancel()
    await watch.say_goodbye()


async def _drain(
    services: Services,
    writing: asyncio.Task[None],
    deliveries: Deliveries,
    door: SocketDoor,
    server: Server,
) -> None:
    """Take nothing more in, write and acknowledge what is here, then close one connection after the other."""
    services.draining = True
    inbox = services.writer.inbox
    inbox.close()
    await asyncio.wait([writing], timeout=_WRITE_WITHIN_S)
    if not writing.done():
        log.warning("ending without the database; %d were not acknowledged", inbox.size)
        writing.cancel()
    await deliveries.all_told()
    await door.dismiss(server, _DISMISS_WITHIN_S)
    await stop_listening(server.server)
    server.close()
    try:
        await asyncio.wait_for(server.wait_closed(), _CLOSE_WITHIN_S)
    except TimeoutError:
        for connection in server.connections:
            connection.transport.abort()


class Watch:
    """What a gateway does all the time besides receiving: hears, looks, says that it lives."""

    def __init__(
        self, settings: GatewaySettings, pool: asyncpg.Pool, services: Services, door: SocketDoor
    ) -> None:
        self._pool = pool
        self._services = services
        self._door = door
        self._look_now = asyncio.Event()
        self._changed: set[int] = set()
        self._silent_since: float | None = None
        self.news = News(
            settings,
            {
                "sightline_command": self._heard_command,
                "sightline_link": services.links.heard_claims,
                "sightline_event": self._heard_event,
            },
            self._catch_up,
        )

    def _heard_command(self, text: str) -> None:
        self._services.commands.hint(int(text))

    def _heard_event(self, text: str) -> None:
        event = json.loads(text)
        if event["event"] == "camera_access":
            self._changed.add(int(event["camera_id"]))
            self._look_now.set()

    async def _catch_up(self) -> None:
        for link in self._services.links:
            self._services.commands.hint(link.camera_id)
        await self._services.links.look()

    async def run(self) -> None:
        """Look after connections and say that the gateway lives, until cancelled."""
        tick = 0
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._look_now.wait()
            except TimeoutError:
                tick += 1
            self._look_now.clear()
            changed, self._changed = self._changed, set()
            try:
                if changed:
                    await self._services.links.look(changed)
                else:
                    await self._tick(everything=tick % _LOOK_EVERY_TICKS == 0)
            except DatabaseAwayError as error:
                self._changed |= changed
                if self._silent_since is None:
                    self._silent_since = time.monotonic()
                    log.warning("the database does not answer: %s", error)
            else:
                self._silent_since = None

    async def _tick(self, *, everything: bool) -> None:
        try:
            await self._pool.fetchval(query("gateway.heartbeat"), self._services.writer.run_id)
            await self._dismiss_bridges()
        except AWAY as error:
            raise DatabaseAwayError(repr(error)) from error
        await self._services.links.unlink_gone()
        if everything:
            await self._services.links.look()

    async def _dismiss_bridges(self) -> None:
        bridges = list(self._door.bridges)
        if not bridges:
            return
        rows = await self._pool.fetch(
            query("gateway.bridges_cut_off"),
            [bridge.identity.bridge_id for bridge in bridges],
            [bridge.identity.token_hash for bridge in bridges],
        )
        barred = {row["id"] for row in rows}
        for bridge in bridges:
            if bridge.identity.bridge_id in barred:
                bridge.dismissed()

    async def say_goodbye(self) -> None:
        """Tell the database that this run ends in an orderly way."""
        run_id = self._services.writer.run_id
        try:
            await self._pool.execute(query("gateway.end_links"), run_id)
            await self._pool.execute(query("gateway.end_run"), run_id)
        except AWAY as error:
            log.warning("the database does not hear that this gateway ends: %r", error)

    def reasons(self) -> list[str]:
        """Why the gateway cannot do its work now; empty when it can."""
        writer, reasons = self._services.writer, []
        now_s = time.monotonic()
        if writer.away_since is not None:
            reasons.append(
                f"The database is away for {now_s - writer.away_since:.0f} s: {writer.why_away}"
            )
        elif self._silent_since is not None:
            reasons.append(f"The database is silent for {now_s - self._silent_since:.0f} s.")
        if not self.news.listening:
            reasons.append("Notifications of the database are not heard.")
        if not writer.takes_today:
            reasons.append("History has no partition for today; the keeper makes them.")
        if writer.inbox.full:
            reasons.append(f"{writer.inbox.size} fixes wait to be written; cameras have to wait.")
        if self._services.draining:
            reasons.append("The gateway is ending.")
        return reasons


@asynccontextmanager
async def _http(
    settings: GatewaySettings, pool: asyncpg.Pool, watch: Watch, services: Services, cot: CotServer
) -> AsyncIterator[None]:
    figures = registry(services)
    figures.register(CotCollector(cot.counts))
    async with aiohttp.ClientSession() as client:
        cameras = [SdpDoor(exchange, settings, pool, client) for exchange in (PUBLISH, LISTEN)]
        health = HealthDoor(settings, lambda: [*watch.reasons(), *cot.reasons()], figures)
        trackers = TrackerDoor(Doors(pool), services)
        routes = [*(route for door in cameras for route in door.routes()), *trackers.routes()]
        async with serving(make_app(health, routes), settings):
            yield


async def _meet_database(settings: GatewaySettings) -> Force:
    """Wait until the database answers."""
    told = False
    while True:
        pool: asyncpg.Pool | None = None
        try:
            pool = await open_pool(settings, "gateway", command_timeout=_ASK_WITHIN_S)
            return Force(pool, await _rules(settings, pool), await _report_intervals(pool))
        except AWAY as error:
            if pool is not None:
                pool.terminate()
            if not told:
                log.warning("waiting for the database: %r", error)
                told = True
            await asyncio.sleep(_PAUSE_S)


async def _rules(settings: GatewaySettings, pool: asyncpg.Pool) -> MergeRules:
    row = await pool.fetchrow(query("gateway.retention"))
    return MergeRules(
        max_speed_mps=settings.gateway_most_speed_mps,
        keep_recording_us=round(row["recording_s"] * 1e6),
        keep_other_us=round(row["other_s"] * 1e6),
    )


async def _report_intervals(pool: asyncpg.Pool) -> dict[str, int]:
    rows = await pool.fetch(query("gateway.report_intervals"))
    by_code = {row["recording"]: row["interval_s"] for row in rows}
    return {"recording": by_code[3], "buffering": by_code[2], "off": by_code[1]}


async def _unless_stopped(work: Awaitable[Value], stop: asyncio.Event) -> Value | None:
    """The result of work that may have to wait for long; None if `stop` came first."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()


@contextmanager
def _quiet_garbage() -> Iterator[None]:
    """What lives from the start on is left alone by the collector, which runs less often.

    Thousands of connections are thousands of long-lived objects; this saved 40% at 18,000 sockets.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
