"""A camera's side of WHIP and WHEP: an SDP offer goes out with a one-time token, an answer comes back, and a goodbye at the end."""

from __future__ import annotations

import contextlib
import ipaddress
from urllib.parse import urljoin, urlsplit

import aiohttp

CLOSING_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 10.0


class ExchangeError(Exception):
    """There is no answer to an offer; the message says why."""


class SdpExchange:
    """One offer and what came of it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        """`token` is shown once, at `url`."""
        self._http = http
        self._url = url
        self._token = token
        self._location: str | None = None

    async def answer_to(self, offer: str) -> str:
        """The SDP answer.

        Raises `ExchangeError` when the other side refuses or cannot be reached.
        """
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/sdp"}
        try:
            async with self._http.post(
                self._url,
                data=offer,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S),
            ) as response:
                text = await response.text()
                if response.status != 201:
                    raise ExchangeError(f"our offer was refused with HTTP {response.status}")
                if "Location" in response.headers:
                    self._location = urljoin(str(response.url), response.headers["Location"])
                return text
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ExchangeError(f"our offer was not answered: {type(error).__name__}") from error

    async def say_goodbye(self) -> None:
        """Tell the other side that it is over, where it ever began."""
        if self._location is None:
            return
        # The other side may be the one that left; then there is nobody to tell.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.delete(
                self._location,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientTimeout(total=CLOSING_TIMEOUT_S),
            ):
                pass


def loopback_of(url: str) -> str | None:
    """The loopback address that a URL names; None: another machine, or an address of this one."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return "127.0.0.1"
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_loopback:
            return str(address)
    return None
