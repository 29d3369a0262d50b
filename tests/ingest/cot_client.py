"""A TAK program as somebody would write it from its protocol alone: a socket and XML."""

import asyncio
import contextlib
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

EVENT = re.compile(rb"<event .*?</event>", re.DOTALL)


def moment(text):
    """A time of an event."""
    return datetime.fromisoformat(text)


def cot_time(seconds=0.0):
    """A time so many seconds from now, as TAK programs write it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event(uid="ANDROID-1", kind="a-f-G-U-C", *, how="m-g", time=None, callsign="T1", **more):
    """What ATAK says of itself; `more` are attributes of point, track and status, None leaves one out."""
    said = {
        "lat": "51.2724", "lon": "0.5223", "hae": "31.0", "ce": "4.8", "le": "9999999.0",
        "speed": "1.4", "course": "212.0", "battery": "71", **more,
    }  # fmt: skip

    def attributes(*names):
        return "".join(f" {name}='{said[name]}'" for name in names if said[name] is not None)

    return (
        f"<event version='2.0' uid='{uid}' type='{kind}' how='{how}' time='{time or cot_time()}'"
        f" start='{cot_time()}' stale='{cot_time(75)}'>"
        f"<point{attributes('lat', 'lon', 'hae', 'ce', 'le')}/>"
        f"<detail><takv os='30' version='4.10' device='X' platform='ATAK-CIV'/>"
        f"<contact callsign='{callsign}' endpoint='*:-1:stcp'/><__group role='Team Member' name='Cyan'/>"
        f"<status{attributes('battery')}/><track{attributes('speed', 'course')}/></detail></event>"
    ).encode()


def auth(token, uid=""):
    """How a TAK program signs in."""
    return f'<auth><cot username="x" password="{token}" uid="{uid}"/></auth>'.encode()


class Tak:
    """One connection. Events are kept in order; `expect` waits for the next of a kind."""

    def __init__(self, reader, writer):
        self._reader, self.writer = reader, writer
        self.heard = []
        self.arrived = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self):
        rest = b""
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(65536):
                rest += data
                while found := EVENT.search(rest):
                    self.heard.append(ET.fromstring(found[0]))
                    rest = rest[found.end() :]
                self.arrived.set()
        self.arrived.set()

    def say(self, data):
        self.writer.write(data)

    async def expect(self, kind="a-", within_s=8.0, **attributes):
        """The first unread event of this type (or that begins so), with these attributes; it counts as read then."""
        async with asyncio.timeout(within_s):
            while True:
                for one in self.heard:
                    if (
                        one.get("type").startswith(kind)
                        and attributes.items() <= one.attrib.items()
                    ):
                        self.heard.remove(one)
                        return one
                assert not self._task.done(), f"closed before {kind} {attributes}"
                self.arrived.clear()
                await self.arrived.wait()

    async def closed(self, within_s=5.0):
        """Wait for the end."""
        await asyncio.wait_for(asyncio.shield(self._task), within_s)

    @property
    def is_open(self):
        return not self._task.done()

    async def close(self):
        self.writer.close()
        await self._task


@contextlib.asynccontextmanager
async def tak(gateway_, *first, ssl=None):
    """A connected TAK program that has said what it says first."""
    made = Tak(
        *await asyncio.open_connection(
            "127.0.0.1", gateway_.settings.gateway_cot_port, ssl=ssl, limit=1 << 20
        )
    )
    try:
        for data in first:
            made.say(data)
        yield made
    finally:
        await made.close()
