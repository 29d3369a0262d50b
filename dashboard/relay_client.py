"""Client of the media relays' internal HTTP API: SDP offers of viewers and speakers go there, answers come back.

Who may watch and speak has been decided before; the relay only trusts the secret that the parts share.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from sightline.dashboard.errors import RelayAwayError, RelayRefusedError

SDP = "application/sdp"
ANSWER_WITHIN_S = 12.0
"""The relay itself waits up to 8 s for the camera to begin."""

RELAY_SILENT = "The media relay does not answer; no picture comes until it does."
FRAMES_HEARTBEAT_S = 4.0
LARGEST_FRAME_BYTES = 5 * 1024 * 1024
"""A little more than the largest picture that the relay puts together."""

_PASSED_ON = frozenset({404, 409, 410, 422, 503, 504})


class RelayClient:
    """Asks relays, each at the address that the database names; open while used as a context manager."""

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        value = self._secret.get_secret_value() if self._secret else ""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {value}"},
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S, connect=2.0),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def view(self, relay_url: str, stream: UUID, publication: UUID, offer: str) -> str:
        """Hand a viewer's SDP offer to the relay that carries the publication; the SDP answer.

        Raises:
            RelayAwayError: the relay does not answer.
            RelayRefusedError: it cannot, and why: the camera did not begin in time, the offer cannot be answered, …
        """
        return await self._post(
            f"{relay_url}/internal/viewings/{stream}",
            params={"publication": str(publication)},
            data=offer.encode(),
            headers={"Content-Type": SDP},
        )

    async def snapshot(self, relay_url: str, stream: UUID) -> bytes:
        """The next picture of a viewing, as a JPEG.

        Raises:
            RelayAwayError: the relay does not answer.
            RelayRefusedError: no whole picture came in time, or nobody watches any more.
        """
        return await self._post_for_bytes(f"{relay_url}/internal/viewings/{stream}/snapshot")

    async def speak(self, relay_url: str, talk: UUID, offer: str) -> str:
        """Hand the SDP offer of who speaks to the relay that carries the talk; the SDP answer.

        Raises:
            RelayAwayError: the relay does not answer.
            RelayRefusedError: it cannot, and why.
        """
        return await self._post(
            f"{relay_url}/internal/talks/{talk}/speaker",
            data=offer.encode(),
            headers={"Content-Type": SDP},
        )

    @asynccontextmanager
    async def frames(
        self, relay_url: str, stream: UUID, publication: UUID
    ) -> AsyncIterator[tuple[str, aiohttp.ClientWebSocketResponse]]:
        """The relay's socket that carries a viewing as frames, and its first message, which says what comes.

        Raises:
            RelayAwayError: the relay does not answer.
            RelayRefusedError: it cannot, and why.
        """
        if self._session is None:
            raise RuntimeError("the relay client is not open")
        connecting = self._session.ws_connect(
            f"{relay_url}/internal/viewings/{stream}/frames",
            params={"publication": str(publication)},
            heartbeat=FRAMES_HEARTBEAT_S,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            max_msg_size=LARGEST_FRAME_BYTES,
        )
        try:
            socket = await connecting
        except (TimeoutError, aiohttp.ClientError) as error:
            raise RelayAwayError(RELAY_SILENT) from error
        async with socket:
            try:
                first = await socket.receive(ANSWER_WITHIN_S)
            except TimeoutError as error:
                raise RelayAwayError(RELAY_SILENT) from error
            if first.type is not aiohttp.WSMsgType.TEXT:
                raise RelayAwayError(RELAY_SILENT)
            _raise_if_refused(json.loads(first.data))
            yield first.data, socket

    async def _post(self, url: str, **arguments: Any) -> str:
        return (await self._post_for_bytes(url, **arguments)).decode()

    async def _post_for_bytes(self, url: str, **arguments: Any) -> bytes:
        if self._session is None:
            raise RuntimeError("the relay client is not open")
        try:
            async with self._session.post(url, **arguments) as response:
                body = await response.read()
                if response.status < 400:
                    return body
                raise await _refusal(response)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise RelayAwayError(RELAY_SILENT) from error


async def _refusal(response: aiohttp.ClientResponse) -> RelayAwayError | RelayRefusedError:
    if response.status not in _PASSED_ON or "json" not in response.content_type:
        return RelayAwayError(
            f"The media relay answers with an error ({response.status}); see its log."
        )
    return _refused(await response.json(), response.status)


def _refused(document: dict[str, Any], status: int) -> RelayRefusedError:
    return RelayRefusedError(
        str(document.get("detail") or "The media relay cannot do this now."),
        str(document.get("code") or "relay_refused"),
        HTTPStatus(status),
    )


def _raise_if_refused(first: dict[str, Any]) -> None:
    if first["type"] == "refused":
        raise _refused(first, first["status"])
