"""The media relay as a process: wiring, start and orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from contextlib import AsyncExitStack
from typing import cast
from uuid import uuid4

from aiohttp import web

from sightline.ingest.listening import stop_listening
from sightline.ingest.media import hooks
from sightline.ingest.media.errors import MediaError
from sightline.ingest.media.gate_watch import EndRecord, GateWatch, RelayIdentity, TalkRecord
from sightline.ingest.media.internal_api import make_app
from sightline.ingest.media.relay import Relay, RelayLimits
from sightline.ingest.media.udp_mux import UdpMux
from sightline.ingest.settings import MediaSettings
from sightline.sql.connect import database_url

STOPPED = "the media relay stopped"
RECORDING_TIMEOUT_S = 3.0
HTTP_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


async def run(settings: MediaSettings, stop: asyncio.Event) -> None:
    """Relay video until `stop` is set; then end every peer, record it, and return.

    Raises `UnsupportedLibraryError` when a pinned library is not what it must be, `MediaError` when the
    internal secret is missing, `ClusterError` when there is no database, `OSError` when a port cannot
    be had.
    """
    if settings.internal_secret is None:
        raise MediaError("SIGHTLINE_INTERNAL_SECRET is not set; the media relay needs it")
    database_url(settings, "media")  # says at once when there is no database to ask
    await hooks.verify()
    hooks.install()
    for library in ("aiortc", "aioice"):
        logging.getLogger(library).setLevel(logging.WARNING)  # below, they log whole SDPs

    async with AsyncExitStack() as parts:
        mux = UdpMux(await _address(settings.host), settings.media_port, settings.media_address)
        parts.callback(mux.close)
        ends, said = EndRecord(), TalkRecord()
        relay = Relay(mux, _limits(settings), ends.add, said.add)
        door = _listen(settings.host, settings.media_internal_port)
        parts.callback(door.close)
        identity = RelayIdentity(uuid4(), settings.local_base(door.getsockname()[1]))
        gate = GateWatch(settings, relay, identity, ends, said, settings.media_gate_silence_s)
        parts.push_async_callback(gate.record_remaining, RECORDING_TIMEOUT_S)
        app = make_app(relay, gate, identity, settings.internal_secret.get_secret_value())
        # With cancellation: who no longer waits for an answer must not get a viewing.
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=HTTP_TIMEOUT_S
        )
        parts.push_async_callback(runner.cleanup)
        await runner.setup()
        parts.push_async_callback(relay.stop, STOPPED)  # before the server: answers who waits
        server = await asyncio.get_running_loop().create_server(
            cast("web.Server", runner.server), sock=door
        )
        parts.push_async_callback(stop_listening, server)
        log.info("listening udp=%s:%d internal_url=%s", *mux.local_address, identity.internal_url)
        await _run_until(stop, gate, relay)


async def _run_until(stop: asyncio.Event, gate: GateWatch, relay: Relay) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(gate.run()), tasks.create_task(relay.watch())]
        await stop.wait()
        for task in running:
            task.cancel()


def _limits(settings: MediaSettings) -> RelayLimits:
    return RelayLimits(
        publication_wait_s=settings.media_publication_wait_s,
        connect_s=settings.media_connect_timeout_s,
        stall_s=settings.media_stall_s,
        most_peers=settings.media_most_peers,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


async def _address(host: str) -> str:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    return str(found[0][4][0])
