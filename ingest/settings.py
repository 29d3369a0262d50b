"""Settings of everything that comes from, or goes to, a camera."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from sightline.ingest.history.locks import LEAST_AGE_S
from sightline.sql.settings import DatabaseSettings, Port

_SEEN = re.compile(r"\A[!-~]+\Z")
"""ASCII that can be seen: what a header and a URL may carry as it is."""


def _url(*schemes: str) -> Callable[[str], str]:
    """A check of base URLs: a scheme, a host, perhaps a port and a path, and nothing else."""
    begin = " or ".join(f"{scheme}://" for scheme in schemes)
    wanted = f"must be a URL that begins with {begin} and has a host, perhaps a port and a path, and nothing else"

    def check(url: str) -> str:
        try:
            parts = urlsplit(url)
            is_right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:  # of a port, which is read only when it is asked for
            is_right = False
        if not is_right or not _SEEN.match(url) or set(url) & set("@?#"):
            raise ValueError(wanted)
        return url.rstrip("/")

    return check


HttpUrl = Annotated[str, AfterValidator(_url("http", "https"))]
websocket_url = _url("ws", "wss")
WebSocketUrl = Annotated[str, AfterValidator(websocket_url)]


def _token(secret: SecretStr) -> SecretStr:
    if not _SEEN.match(secret.get_secret_value()):
        raise ValueError("must be of ASCII characters that can be seen, without spaces")
    return secret


def _strong_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return _token(secret)


def _peer_address(text: str) -> str:
    wanted = "must be an IP address that others can send to, like 192.0.2.7"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(wanted) from None
    if address.is_unspecified:
        raise ValueError(wanted)
    return str(address)


_TURN = re.compile(
    r"turns?:(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?(?:\?transport=(?:udp|tcp))?"
)


def _turn_url(url: str | None, info: ValidationInfo) -> str | None:
    """A TURN server as RFC 7065 writes it; useless, and so refused, without the secret shared with it."""
    if url is None:
        return None
    parts = _TURN.fullmatch(url)
    if parts is None or not 0 < int(parts["port"] or 3478) <= 65535:
        raise ValueError(
            "must be like turn:HOST:3478, turn:HOST:3478?transport=tcp or turns:HOST:5349"
        )
    if info.data.get("media_turn_secret") is None:
        raise ValueError("needs SIGHTLINE_MEDIA_TURN_SECRET too")
    return url


def _name(text: str) -> str:
    if not (text.isprintable() and text == text.strip()):
        raise ValueError("must be text on one line, without spaces at its ends")
    return text


def _with_certificate(file: Path | None, info: ValidationInfo) -> Path | None:
    if file is not None and info.data.get("gateway_cot_certificate") is None:
        raise ValueError("needs SIGHTLINE_GATEWAY_COT_CERTIFICATE too")
    return file


def _with_key(file: Path | None, info: ValidationInfo) -> Path | None:
    if file is not None and info.data.get("gateway_cot_key") is None:
        raise ValueError("needs SIGHTLINE_GATEWAY_COT_KEY too")
    return file


def _not_in_the_clear(out: bool | None, info: ValidationInfo) -> bool | None:
    host = str(info.data.get("host"))
    if out and not is_loopback(host) and info.data.get("gateway_cot_certificate") is None:
        raise ValueError(
            f"needs SIGHTLINE_GATEWAY_COT_CERTIFICATE where SIGHTLINE_HOST is {host}:"
            " officers' positions do not go over a network in the clear"
        )
    return out


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, which nobody else can have."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ServiceSettings(DatabaseSettings):
    """What each process must know to listen, and to find the others."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that every part listens on"
    )
    internal_secret: Annotated[SecretStr, AfterValidator(_strong_secret)] | None = Field(
        default=None,
        description="Shared by dashboard, gateway and media relay for their internal HTTP API;"
        " unset: made once and kept in the data directory",
        json_schema_extra={"secret": True},
    )
    gateway_port: Port = Field(default=8765, description="Camera WebSocket (TCP)")
    gateway_http_port: Port = Field(
        default=8766, description="Trackers, WHIP and WHEP for cameras, health of the gateway (TCP)"
    )
    gateway_cot_port: Port = Field(
        default=8087, description="Cursor-on-Target, for ATAK and WinTAK (TCP); 0: none"
    )
    demo: bool = Field(
        default=False,
        description="Set by the demo for its own processes: the sign-in page offers the demo users,"
        " and TAK programs on this machine need no token",
    )
    gateway_public_url: HttpUrl | None = Field(
        default=None,
        description="Base URL by which cameras reach the gateway's HTTP;"
        " unset: http://HOST:GATEWAY_HTTP_PORT",
    )
    media_port: Port = Field(default=8189, description="Video of all peers (one UDP port)")
    media_internal_port: Port = Field(
        default=8190, description="The relay's internal, authenticated HTTP API (TCP)"
    )

    media_turn_secret: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        default=None,
        description="Shared with the TURN server (coturn: static-auth-secret), for credentials that run out",
        json_schema_extra={"secret": True},
    )
    media_turn_url: Annotated[str | None, AfterValidator(_turn_url)] = Field(
        default=None,
        description="TURN server for browsers and cameras that cannot reach the relay's UDP port,"
        " like turn:HOST:3478; unset: there is none",
    )
    media_turn_lifetime_s: int = Field(
        default=43_200,
        ge=60,
        le=604_800,
        description="Seconds for which such credentials are good: longer than any stream, which ends with them",
    )

    @property
    def client_host(self) -> str:
        """Address by which parts on this machine reach each other (a wildcard means loopback)."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound

    def local_base(self, port: int) -> str:
        """Base URL of a part's HTTP for its neighbours on this machine."""
        host = f"[{self.client_host}]" if ":" in self.client_host else self.client_host
        return f"http://{host}:{port}"

    @property
    def gateway_http_base(self) -> str:
        """Base URL of the gateway's HTTP as cameras reach it, without a trailing slash."""
        return self.gateway_public_url or self.local_base(self.gateway_http_port)

    @property
    def media_internal_base(self) -> str:
        """Base URL of the relay's internal HTTP API, without a trailing slash."""
        return self.local_base(self.media_internal_port)


class GatewaySettings(ServiceSettings):
    """How the gateway takes what cameras send."""

    gateway_name: Annotated[str, AfterValidator(_name)] = Field(
        default="gateway",
        min_length=1,
        max_length=64,
        description="Name of this gateway in status and logs; several need different ones",
    )
    gateway_share_port: bool = Field(
        default=False,
        description="Whether several gateways of one database share the gateway's ports and their load",
    )
    gateway_flush_ms: int = Field(
        default=100,
        ge=10,
        le=5000,
        description="Longest wait for a batch to fill before it is written and acknowledged",
    )
    gateway_batch_size: int = Field(
        default=20_000, ge=1, le=200_000, description="Most fixes in one transaction"
    )
    gateway_buffer_size: int = Field(
        default=100_000,
        ge=100,
        le=5_000_000,
        description="Fixes kept in memory while the database is away, before cameras must wait",
    )
    gateway_most_connections: int = Field(
        default=18_000, ge=1, le=1_000_000, description="Most cameras and bridges connected at once"
    )
    gateway_half_open_connections: int = Field(
        default=4096,
        ge=16,
        le=1_000_000,
        description="Most connections that have not said yet who they are; beyond, the oldest of them goes",
    )
    gateway_handshake_s: float = Field(
        default=10.0,
        ge=0.5,
        le=60,
        description="Seconds within which a connection must have said who it is and be let in",
    )
    gateway_admissions_a_second: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="Most cameras and bridges let in within a second; the others are told when to come back",
    )
    gateway_connections_a_minute: int = Field(
        default=60,
        ge=2,
        le=10_000,
        description="Most connections of one camera or bridge within a minute",
    )
    gateway_camera_unwritten: int = Field(
        default=10_800,
        ge=1,
        le=1_000_000,
        description="Fixes and messages of one camera that may wait to be written, before it must wait",
    )
    gateway_bridge_unwritten: int = Field(
        default=50_000,
        ge=1,
        le=5_000_000,
        description="Fixes and messages of one bridge that may wait to be written, before it must wait",
    )
    gateway_errors_a_minute: int = Field(
        default=20,
        ge=1,
        le=100_000,
        description="Messages within a minute that are none, after which a connection is closed",
    )
    gateway_most_speed_mps: float = Field(
        default=100.0,
        gt=0,
        le=1000,
        description="Metres a second beyond which a move between two fixes is not believed",
    )
    gateway_register_cameras: bool = Field(
        default=False, description="Whether a bridge may bring cameras that are not registered yet"
    )
    gateway_cot_most_connections: int = Field(
        default=200, ge=1, le=100_000, description="Most TAK programs connected at once"
    )
    gateway_cot_type: str = Field(
        default="a-f-G-U-C",
        pattern=r"^a-[a-z](-[A-Za-z0-9]+)*$",
        max_length=64,
        description="Type of officers in Cursor-on-Target events",
    )
    gateway_cot_key: Path | None = Field(
        default=None,
        description="File (PEM) with the private key of the certificate of the Cursor-on-Target port",
    )
    gateway_cot_certificate: Annotated[Path | None, AfterValidator(_with_key)] = Field(
        default=None,
        description="File (PEM) with the certificate of the Cursor-on-Target port;"
        " unset: it speaks plain TCP, otherwise only TLS",
    )
    gateway_cot_client_ca: Annotated[Path | None, AfterValidator(_with_certificate)] = Field(
        default=None,
        description="File (PEM) with the authority whose client certificates name the accounts of TAK programs;"
        " unset: they need a token",
    )
    gateway_cot_out: Annotated[bool | None, AfterValidator(_not_in_the_clear)] = Field(
        default=None,
        description="Whether TAK programs that may see all officers are shown them; unset: only in a demo",
    )
    metrics_token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        default=None,
        description="Bearer token for /metrics from other machines; unset: this machine only",
        json_schema_extra={"secret": True},
    )

    @property
    def shows_cot(self) -> bool:
        """Whether TAK programs are shown officers."""
        return self.demo if self.gateway_cot_out is None else self.gateway_cot_out


class MediaSettings(ServiceSettings):
    """How the relay reaches its peers."""

    media_address: Annotated[str, AfterValidator(_peer_address)] | None = Field(
        default=None,
        description="IP address that browsers and cameras send video to; unset: the listening one",
    )
    media_gate_silence_s: float = Field(
        default=1.0,
        ge=0.5,
        le=30,
        description="Seconds without an answer from the database after which every viewing ends",
    )
    media_publication_wait_s: float = Field(
        default=8.0, gt=0, le=60, description="Seconds that a viewer waits for the camera to begin"
    )
    media_connect_timeout_s: float = Field(
        default=10.0, gt=0, le=60, description="Seconds that a peer has to connect after its offer"
    )
    media_stall_s: float = Field(
        default=5.0,
        ge=1,
        le=60,
        description="Seconds without media after which a camera's stream is given up",
    )
    media_most_peers: int = Field(
        default=500, ge=2, le=10_000, description="Most cameras and viewers that one relay carries"
    )


class KeeperSettings(ServiceSettings):
    """How the housekeeping process works."""

    keeper_interval_s: float = Field(
        default=10.0, gt=0, le=3600, description="Pause between two rounds of housekeeping"
    )
    keeper_pack_after_s: float = Field(
        default=1800.0,
        ge=LEAST_AGE_S,
        le=86_400,
        description="How long after its end an hour of history is packed",
    )


class FleetSettings(ServiceSettings):
    """The simulated force of a demo."""

    fleet_cameras: int = Field(
        default=400, ge=1, le=34_000, description="Simulated cameras of a demo"
    )
    fleet_seed: int = Field(
        default=1, ge=0, le=2**31 - 1, description="Seed of the invented county and its force"
    )
    fleet_gateway_url: WebSocketUrl | None = Field(
        default=None,
        description="Gateway that the simulated cameras connect to; unset: the one of this demo",
    )
