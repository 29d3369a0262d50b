"""One TAK program from its coming to its end: who it is, what it reports, what it is shown."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Final

from sightline.ingest.adapters import cot
from sightline.ingest.adapters.cot_stream import MOST_ELEMENT_BYTES, ElementSplitter
from sightline.ingest.adapters.errors import CotStreamError
from sightline.ingest.conversation import Services
from sightline.ingest.cot.access import REFUSALS, Access, Recipient
from sightline.ingest.cot.audience import Audience, NotReadingError, Viewer
from sightline.ingest.cot.counts import CotCounts
from sightline.ingest.cot.sender import Sender, Standings
from sightline.ingest.errors import DatabaseAwayError, IngestError

log = logging.getLogger(__name__)

AUTH_WITHIN_S: Final = 10.0
ELEMENT_WITHIN_S: Final = 15.0
"""An element that has begun must be complete within this."""
_READ_BYTES: Final = 16 * 1024
"""Small, so that nobody's rubbish keeps the others waiting."""
_MOST_STRANGER_BYTES: Final = 4 * 1024
"""The largest element that is taken of whoever has not shown who they are."""
_STILL_READS_EVERY_S: Final = 1.0
_LARGEST_BACKLOG_BYTES: Final = 64 * 1024


class TurnedAwayError(IngestError):
    """A TAK program is not let in, or not let stay; the text says why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all connections share."""

    access: Access
    audience: Audience
    services: Services
    standings: Standings
    counts: CotCounts


class CotConnection:
    """See the module.

    Attributes:
        address: IP address of the other side.
        sender: what it reports for, None: nobody.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._desk = desk
        self._why = ""
        self._viewer: Viewer | None = None
        self._showing: asyncio.Task[None] | None = None
        self._came_s = time.monotonic()
        self._element_began_s: float | None = None
        self.address = str((writer.get_extra_info("peername") or ("unknown",))[0])
        self.sender: Sender | None = None

    async def run(self) -> None:
        """Converse until the connection ends; whatever is wrong with it ends it, with the reason in the log."""
        self._writer.transport.set_write_buffer_limits(high=_LARGEST_BACKLOG_BYTES)
        try:
            await self._admit()
            await self._listen()
            await self._go_on_showing()
        except (CotStreamError, TurnedAwayError) as error:
            self._desk.counts.turned_away += 1
            self.hang_up(str(error))
        except DatabaseAwayError as error:
            self.hang_up(f"the database is away: {error}")
        except OSError as error:  # TLS among them
            self.hang_up(f"the connection broke: {error}")
        except asyncio.CancelledError:
            self.hang_up("the gateway is ending")
            raise
        finally:
            await self._end()

    def hang_up(self, why: str) -> None:
        """End the connection at once."""
        self._why = self._why or why
        self._writer.transport.abort()

    async def _end(self) -> None:
        why = self._why or (self._viewer.why if self._viewer else "") or "it hung up"
        log.info("cot: %s (%s) has gone: %s", self.address, self._name, why)
        self._writer.close()
        if self._viewer is not None:
            self._viewer.why = self._viewer.why or why
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)

    @property
    def _name(self) -> str:
        names = [] if self._viewer is None else [self._viewer.recipient.name]
        return ", ".join(names if self.sender is None else [*names, self.sender.name]) or "unknown"

    # --- who it is

    async def _admit(self) -> None:
        """By what it brings without a word: its certificate, or its place."""
        name = _certified(self._writer.get_extra_info("peercert"))
        if name is not None:
            recipient = await self._desk.access.by_certificate(name)
            if recipient is None:
                log.info("cot: %s has a certificate for %r, no account", self.address, name)
            elif recipient.refusal is None:
                self._show(recipient)
            elif recipient.refusal != "off":
                await self._refuse(recipient)
        elif (recipient := await self._desk.access.by_place(self.address)) is not None:
            self._show(recipient)

    async def _refuse(self, recipient: Recipient) -> str:
        why = REFUSALS[recipient.refusal or ""]
        log.info("cot: %s (%s) is shown nothing: %s", self.address, recipient.name, why)
        await self._desk.audience.refused(recipient, self.address, why)
        return why

    async def _sign_in(self, auth: cot.Element) -> None:
        """By the token in ``<auth><cot username="…" password="TOKEN" uid="…"/></auth>``."""
        said = auth.parts.get("cot", {})
        token = said.get("password", "").strip()
        identity = await self._desk.access.by_token(token) if token else None
        if identity is None:
            raise TurnedAwayError("its <auth> has no valid token as the password of <cot>")
        if not isinstance(identity, Recipient):
            if self.sender is not None:
                raise TurnedAwayError("it signed in a second time")
            desk = self._desk
            self.sender = Sender(
                identity, said.get("uid", ""), desk.services, desk.standings, desk.counts
            )
            log.info("cot: %s reports as %s", self.address, self.sender.name)
        elif identity.refusal is not None:
            raise TurnedAwayError(await self._refuse(identity))
        elif self._showing is None:
            self._show(identity)

    # --- what it is shown

    def _show(self, recipient: Recipient) -> None:
        self._viewer = Viewer(recipient, self.address, self._writer)
        self._showing = asyncio.create_task(self._shown(self._viewer))
        log.info("cot: %s is shown the officers as %s", self.address, recipient.name)

    async def _shown(self, viewer: Viewer) -> None:
        audience = self._desk.audience
        try:
            async with audience.joined(viewer):
                await audience.show(viewer)
        except NotReadingError as error:
            self._desk.counts.dropped += 1
            self.hang_up(str(error))
        except DatabaseAwayError as error:
            self.hang_up(f"nothing is shown that cannot be audited: {error}")
        except OSError as error:
            self.hang_up(f"the connection broke: {error}")
        except Exception:
            log.exception("cot: showing officers to %s failed", self.address)
            self.hang_up("the gateway failed")

    async def _go_on_showing(self) -> None:
        """It says no more, but may still read; whether it does, only writing tells."""
        viewer, showing = self._viewer, self._showing
        if viewer is None or showing is None:
            return
        self._why = self._why or viewer.why or "it hung up"
        viewer.why = self._why
        while not (showing.done() or self._writer.is_closing()):
            self._writer.write(b"\n")
            await asyncio.wait((showing,), timeout=_STILL_READS_EVERY_S)

    # --- what it says

    async def _listen(self) -> None:
        splitter = ElementSplitter(_MOST_STRANGER_BYTES)
        while data := await self._read():
            for raw in splitter.feed(data):
                self._element_began_s = None
                await self._take(cot.element(raw))
                if self._admitted:  # also for what came together with it
                    splitter.most_bytes = MOST_ELEMENT_BYTES
            if not splitter.begun:
                self._element_began_s = None
            elif self._element_began_s is None:
                self._element_began_s = time.monotonic()
            if self.sender is not None:
                await self.sender.room()
            await asyncio.sleep(0)  # it is the turn of the others

    async def _read(self) -> bytes:
        """What arrives; empty at the end.

        Raises:
            TurnedAwayError: what must come does not come.
        """
        awaited: list[tuple[float, str]] = []
        if not self._admitted:
            why = f"it has not signed in within {AUTH_WITHIN_S:.0f} s"
            awaited.append((self._came_s + AUTH_WITHIN_S, why))
        if self._element_began_s is not None:
            why = f"an element was not complete within {ELEMENT_WITHIN_S:.0f} s"
            awaited.append((self._element_began_s + ELEMENT_WITHIN_S, why))
        if not awaited:
            return await self._reader.read(_READ_BYTES)
        until_s, why = min(awaited)
        try:
            async with asyncio.timeout(max(0.0, until_s - time.monotonic())):
                return await self._reader.read(_READ_BYTES)
        except TimeoutError:
            raise TurnedAwayError(why) from None

    @property
    def _admitted(self) -> bool:
        return self.sender is not None or self._showing is not None

    async def _take(self, said: cot.Element) -> None:
        counts = self._desk.counts
        counts.received += 1
        if said.name == "auth":
            await self._sign_in(said)
            return
        if not self._admitted:
            raise TurnedAwayError(
                "its first element is not <auth>, and nothing else shows who it is"
            )
        now_ms = time.time_ns() // 1_000_000
        if said.type == cot.PING:
            self._answer(cot.pong(now_ms))
        elif said.type == cot.OTHER_PROTOCOL_ASKED:
            self._answer(cot.no_other_protocol(now_ms))
        elif self.sender is None or not said.is_position or said.uid.startswith(cot.UID_PREFIX):
            counts.ignored += 1
        else:
            await self.sender.take(said)

    def _answer(self, data: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > _LARGEST_BACKLOG_BYTES:
            raise TurnedAwayError("it asks without reading the answers")
        self._writer.write(data)


def _certified(certificate: dict[str, Any] | None) -> str | None:
    """The common name of a client certificate that the TLS layer has verified; None: there is none."""
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    return None
