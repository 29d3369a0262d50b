"""Time-limited credentials for a TURN server (RFC 8656), for who cannot reach the relay's UDP port. Pure.

The scheme is coturn's (`use-auth-secret`, after draft-uberti-behave-turn-rest): the server and we share
a secret; a user name says until when it is good, and its password is a signature over it. Without the
settings there is no TURN, and nobody is told of any: browsers and cameras speak to the relay alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TypedDict

from sightline.ingest.settings import ServiceSettings


class IceServer(TypedDict):
    """A server as a browser's `RTCIceServer` and aiortc's take it."""

    urls: list[str]
    username: str
    credential: str


def ice_servers(settings: ServiceSettings, user: str, now: float) -> list[IceServer] | None:
    """The servers for one stream; None: none is set.

    `user` is the stream's or publication's id, never a person's name: it stands in the TURN server's
    log. `now` is in seconds since 1970 UTC.
    """
    url, secret = settings.media_turn_url, settings.media_turn_secret
    if url is None or secret is None:
        return None
    username = f"{int(now) + settings.media_turn_lifetime_s}:{user}"
    credential = sign(secret.get_secret_value(), username)
    return [IceServer(urls=[url], username=username, credential=credential)]


def sign(secret: str, username: str) -> str:
    """The password of a user name: HMAC-SHA1, which the scheme prescribes, in base64."""
    return base64.b64encode(
        hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    ).decode()
