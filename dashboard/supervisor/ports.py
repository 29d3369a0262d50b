"""Whether the ports are free, asked before anything is started."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable

import psutil

from sightline.dashboard.settings import Settings, SettingsError, variable
from sightline.dashboard.supervisor.errors import HostError, PortTakenError
from sightline.dashboard.supervisor.parts import Part, Port

SHARED_PORTS = ("gateway_port", "gateway_http_port", "gateway_cot_port")
"""What several gateways may listen on together, when that is asked for."""

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def check_ports(parts: Iterable[Part], settings: Settings) -> None:
    """Raise if a port that a part needs cannot be listened on.

    Raises:
        HostError: the address itself cannot be listened on.
        SettingsError: two of the ports are the same.
        PortTakenError: naming the port, who needs it, who has it if that can be seen, and the
            setting that moves it.
    """
    _check_host(settings.host)
    wanted: dict[tuple[int, str], tuple[Part, Port]] = {}
    for part in parts:
        for port in part.ports(settings):
            other = wanted.setdefault((port.number, port.protocol), (part, port))
            if other != (part, port):
                raise SettingsError(
                    f"{variable(port.setting)} and {variable(other[1].setting)} are both"
                    f" {port.number}, but the {part.title} and the {other[0].title} need a port each."
                )
            shared = settings.gateway_share_port and port.setting in SHARED_PORTS
            if error := _cannot_bind(settings.host, port, shared=shared):
                raise PortTakenError(_sentence(settings.host, part, port, error))


def _check_host(host: str) -> None:
    how = "give an address of this machine with --host or SIGHTLINE_HOST."
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except (socket.gaierror, UnicodeError, TypeError) as error:  # the last: no name at all
            said = error.strerror if isinstance(error, OSError) else "it is not a name"
            raise HostError(f"The host {host!r} is not known ({said}): {how}") from error
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise HostError(
                    f"The host {host!r} cannot be listened on ({error.strerror}): {how}"
                ) from error
            raise HostError(f"The host {host!r} is not an address of this machine: {how}") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _cannot_bind(host: str, port: Port, *, shared: bool) -> OSError | None:
    with socket.socket(_family(host), _KINDS[port.protocol]) as probe:
        if port.protocol == "tcp":  # as a server does: connections in TIME_WAIT are no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port.number))
            if port.protocol == "tcp" and not shared:  # a sharer that listens would get connections
                probe.listen(1)
        except OSError as error:
            return error
    return None


def _sentence(host: str, part: Part, port: Port, error: OSError) -> str:
    option = " with --port or" if port.setting == "dashboard_port" else " with"
    kind = port.protocol.upper()
    return (
        f"The {part.title} needs {kind} port {port.number} on {host}, but it cannot have it"
        f" ({_holder(port) or error.strerror}): choose another{option} {variable(port.setting)}."
    )


def _holder(port: Port) -> str | None:
    """Who listens there, as far as this user may see."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind=port.protocol):
            if connection.pid and connection.laddr and connection.laddr.port == port.number:
                name = psutil.Process(connection.pid).name()
                return f"{name}, process {connection.pid}, has it"
    return None
