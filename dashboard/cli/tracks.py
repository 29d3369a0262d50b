"""`replay` and `simulate`: cameras that are not on anybody's chest."""

from __future__ import annotations

import asyncio
import math
from argparse import Namespace
from zoneinfo import available_timezones

from sightline.dashboard.cli.console import database_errors, load
from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.supervisor.part import allow_many_files
from sightline.dashboard.supervisor.status import as_running
from sightline.ingest.fleet import replay as replaying
from sightline.ingest.fleet import simulate as simulating
from sightline.ingest.settings import websocket_url


def _gateway(options: Namespace, host: str, port: int) -> str:
    if options.gateway is None:
        return f"ws://{host}:{port}/camera"
    try:
        return websocket_url(options.gateway)
    except ValueError as error:
        raise CommandError(f"--gateway is {options.gateway!r}, but it {error}.") from error


def _check_above_0(option: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise CommandError(f"{option} is {value:g}, but it must be above 0.")


def replay(options: Namespace) -> int:
    """Recorded tracks as live cameras."""
    _check_above_0("--speed", options.speed)
    for file in options.files:
        if not file.is_file():
            raise CommandError(f"{file} is not there, or is not a file.")
    if options.zone is not None and options.zone not in available_timezones():
        raise CommandError(
            f"--zone is {options.zone!r}, but it must be a time zone such as Europe/London."
        )
    settings = as_running(load(options))
    with database_errors(settings):
        outcome = asyncio.run(
            replaying.run(
                settings,
                options.files,
                speed=options.speed,
                original_times=options.original_times,
                zone=options.zone or replaying.ZONE,
                gateway_url=_gateway(options, settings.client_host, settings.gateway_port),
            )
        )
    return 0 if outcome.is_whole else 1


def simulate(options: Namespace) -> int:
    """Simulated cameras as a load generator; 1 when the gateway complained or let go of a connection."""
    for option, value in (
        ("--cameras", options.cameras),
        ("--rate", options.rate),
        ("--duration", options.duration),
    ):
        if value is not None:
            _check_above_0(option, value)
    settings = as_running(load(options))
    allow_many_files()
    with database_errors(settings):
        sent = asyncio.run(
            simulating.run(
                settings,
                cameras=options.cameras,
                rate_hz=options.rate,
                duration_s=options.duration,
                tokens=options.tokens,
                feed_url=options.feed,
                as_json=options.json,
                gateway_url=_gateway(options, settings.client_host, settings.gateway_port),
            )
        )
    return 1 if sent.errors else 0
