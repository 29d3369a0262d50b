"""Where a request comes from: same-origin checks, https, and what may follow a sign-in. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-real-ip")
_PORTS = {"http": 80, "https": 443}


def is_https(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether browsers reach the dashboard by https: directly, or through a proxy by its public address."""
    return connection.url.scheme in ("https", "wss") or (public_url or "").startswith("https://")


def is_same_origin(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether the request was made by a page of our own, as far as the browser says.

    A browser always names the origin of a socket and of a call that changes something; what names none is no browser
    (or no other site's page), and is held by the token that it must show. Scheme, host and port must be those of the
    public address, or those that the request itself was made to. Behind a proxy that ends TLS only the public address
    or a trusted proxy tells that the scheme is https.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    here = f"{scheme}://{connection.headers.get('host', '')}"
    given = _origin(origin)
    return given is not None and given in (_origin(here), _origin(public_url or ""))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a URL (RFC 6454); None where it is no address of a website."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def is_this_machine(connection: HTTPConnection) -> bool:
    """Whether the peer is this machine itself, and not a proxy on it that speaks for somebody else."""
    if connection.client is None or any(name in connection.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def is_own_host(connection: HTTPConnection, host: str, public_url: str | None) -> bool:
    """Whether the request names this dashboard by an address of its own and not by a borrowed name (DNS rebinding).

    Args:
        connection: the request.
        host: the address that the dashboard listens on.
        public_url: its public base URL, if it has one.
    """
    named = connection.url.hostname or ""
    if named in {"localhost", host, urlsplit(public_url or "").hostname}:
        return True
    try:
        ipaddress.ip_address(named)
    except ValueError:
        return False
    return True  # whoever borrows a name cannot borrow a bare address


def next_path(wanted: str | None) -> str:
    """Where to go after signing in: a path of our own, ``/`` for anything else."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    if any(character in wanted for character in "\\\r\n\t\0"):
        return "/"
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith(("/sign-in", "/api/", "//")):
        return "/"
    return wanted
