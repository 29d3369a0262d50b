"""A force for the load generator: cameras with tokens, a gateway, a keeper, and for a bridge a dashboard with a viewer's token."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.installation import (
    Installation,
    free_port,
    gateway,
    installation,
    part,
    wait_until_alive,
)
from benchmarks.processes import server_pids
from sightline.dashboard.access.sign_in import machine_token
from sightline.sql import accounts, connect, query
from sightline.sql.settings import DatabaseSettings

_REF: Final = "load:{:06d}"


@dataclass(frozen=True)
class Force:
    """What is running.

    Attributes:
        cameras: how many.
        settings: of its database.
        directory: the data directory.
        tokens: file of tokens, as `simulate` reads it.
        gateway_url: ws:// address with its path.
        feed_url: ws:// address of the feed; empty without one.
        pids: part → its processes.
        postgres: the cluster's directory.
    """

    cameras: int
    settings: DatabaseSettings
    directory: Path
    tokens: Path
    gateway_url: str
    feed_url: str
    pids: dict[str, list[int]]
    postgres: Path

    @property
    def database(self) -> list[int]:
        """Processes of the database, as they are now."""
        return server_pids(self.postgres)


@contextlib.contextmanager
def running_force(cameras: int, *, bridge: bool) -> Iterator[Force]:
    """A force of so many cameras until the end of the block.

    Args:
        cameras: how many.
        bridge: over one bridge, and with a dashboard; else with a socket each.
    """
    with installation() as place, contextlib.ExitStack() as running:
        directory = place.settings.data_dir
        tokens = directory / "tokens.json"
        tokens.write_text(json.dumps(asyncio.run(_tokens(place, cameras, bridge=bridge))))
        taking = running.enter_context(gateway(place))
        keeper = running.enter_context(part("keeper", place))
        pids, feed_url = {"gateway": [taking.pid], "keeper": [keeper.pid]}, ""
        if bridge:
            port = free_port()
            pids["dashboard"] = [running.enter_context(_dashboard(place, port))]
            feed_url = f"ws://127.0.0.1:{port}/api/feed"
        path = "bridge" if bridge else "camera"
        url = f"{taking.url}/{path}"
        postgres = place.cluster.directory
        yield Force(cameras, place.settings, directory, tokens, url, feed_url, pids, postgres)


async def _tokens(place: Installation, cameras: int, *, bridge: bool) -> dict[str, object]:
    connection = await connect(place.settings, "owner")
    try:
        made = {_REF.format(number): accounts.new_token() for number in range(cameras)}
        hashes = [accounts.token_hash(token) for token in made.values()]
        await connection.fetchval(query("fleet.load_cameras"), list(made), hashes)
        if not bridge:
            return {"cameras": made}
        user = await accounts.add_user(connection, "viewer", "fim")
        viewer = await machine_token(connection, user.username, days=1)
        return {
            "bridge": (await accounts.add_bridge(connection, "bench")).token,
            "feed": viewer.token,
        }
    finally:
        await connection.close()


@contextlib.contextmanager
def _dashboard(place: Installation, port: int) -> Iterator[int]:
    """The process of a dashboard on the installation."""
    with part("dashboard", place, dashboard_port=str(port)) as process:
        wait_until_alive(process, port, "dashboard")
        yield process.pid
