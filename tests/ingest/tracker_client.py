"""A tracker as it comes by HTTP, and what the database keeps of it."""

import contextlib
import json
import time

import aiohttp

from sightline.sql.accounts import add_camera
from tests.ingest.camera_client import RunningGateway
from tests.ingest.openapi_check import held_to_document

STORED = (
    "select fix_time, lat, lon, altitude_m, speed_mps, heading_deg, accuracy_m, battery_pct, recording from {}"
    " where camera_id = (select id from camera where ref = $1) order by fix_time, lat"
)


class Trackers:
    """Everything that a test of trackers needs: a gateway, its database, a client.

    Attributes:
        gateway: on ports and a database of the test's own.
        owner: a connection to that database.
        client: without cookies or patience of its own.
    """

    def __init__(self, gateway, owner, client):
        self.gateway = gateway
        self.owner = owner
        self.client = client

    async def token(self, ref):
        """A camera just registered: its token."""
        return (await add_camera(self.owner, ref)).token

    async def send(self, path, *, method="POST", **more):
        """One request: status, headers and the body's text."""
        async with self.client.request(method, self.gateway.http + path, **more) as answer:
            return answer.status, answer.headers, await answer.text()

    async def metrics(self):
        """What the gateway counts."""
        async with self.client.get(self.gateway.http + "/metrics") as answer:
            return await answer.text()

    async def problem(self, path, **more):
        """One request that is refused: status and the problem document."""
        status, headers, text = await self.send(path, **more)
        assert headers["Content-Type"].startswith("application/problem+json"), (status, text)
        return status, json.loads(text)

    async def osmand(self, token, query, method="GET"):
        """One position by address, which must be taken."""
        status, _, text = await self.send(f"/osmand/{token}?{query}", method=method)
        assert (status, text) == (200, "")

    async def owntracks(self, token, **said):
        """One message of the app, which must be taken."""
        body = {"_type": "location", "tst": int(time.time()), **said}
        status, headers, text = await self.send(f"/owntracks/{token}", json=body)
        assert (status, text) == (200, "[]")
        assert headers["Content-Type"].startswith("application/json")

    async def stored(self, ref, table="fix"):
        """The rows of a camera in history, or in `fix_archive`."""
        return await self.owner.fetch(STORED.format(table), ref)

    async def live(self, ref):
        """The live row of a camera."""
        return await self.owner.fetchrow(
            "select l.* from live l join camera c on c.id = l.camera_id where c.ref = $1", ref
        )

    async def figures(self):
        """The gateway's metrics."""
        _, _, text = await self.send("/metrics", method="GET")
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name.removeprefix("sightline_gateway_"): float(value) for name, value in lines}


@contextlib.asynccontextmanager
async def trackers(database, **settings):
    """Trackers of a gateway that runs as long as the context."""
    gateway = await RunningGateway(database, **settings).start()
    try:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), trace_configs=[held_to_document()]
        ) as client:
            yield Trackers(gateway, await database.connect(), client)
    finally:
        await gateway.stop()
