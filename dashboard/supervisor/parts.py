"""The parts of the product: what each is called, runs, listens on and needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sightline.dashboard.settings import Settings

Protocol = Literal["tcp", "udp"]


@dataclass(frozen=True)
class Port:
    """A port that a part listens on, and the setting that moves it."""

    number: int
    protocol: Protocol
    setting: str


@dataclass(frozen=True)
class Part:
    """One process.

    Attributes:
        name: as in ``up NAME``.
        runs: ``module:function`` of ``async run(settings, stop)``.
        settings_ports: names of the settings of its ports.
        optional_ports: those of them that it can do without: 0 is none.
        uvloop: whether it runs on uvloop (many sockets).
        needs_the_others: whether it is started only when the others are ready.
    """

    name: str
    runs: str
    settings_ports: tuple[tuple[str, Protocol], ...] = ()
    optional_ports: tuple[str, ...] = ()
    uvloop: bool = False
    needs_the_others: bool = False

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return "media relay" if self.name == "media" else self.name

    def ports(self, settings: Settings) -> list[Port]:
        """The ports it listens on; a port of 0 is left to the system, or is none."""
        return [
            Port(getattr(settings, name), protocol, name)
            for name, protocol in self.settings_ports
            if getattr(settings, name)
        ]

    def ready_url(self, settings: Settings) -> str | None:
        """The URL that answers 200 once the part can do its work; None: being alive is enough."""
        return {
            "gateway": f"{settings.local_base(settings.gateway_http_port)}/readyz",
            "media": f"{settings.media_internal_base}/internal/status",
            "dashboard": f"{settings.local_base(settings.dashboard_port)}/readyz",
        }.get(self.name)


KEEPER = Part("keeper", "sightline.ingest.keeper:run")
MEDIA = Part(
    "media",
    "sightline.ingest.media.process:run",
    settings_ports=(("media_port", "udp"), ("media_internal_port", "tcp")),
)
GATEWAY = Part(
    "gateway",
    "sightline.ingest.gateway:run",
    settings_ports=(
        ("gateway_port", "tcp"),
        ("gateway_http_port", "tcp"),
        ("gateway_cot_port", "tcp"),
    ),
    optional_ports=("gateway_cot_port",),
    uvloop=True,
)
DASHBOARD = Part(
    "dashboard",
    "sightline.dashboard.app:run",
    settings_ports=(("dashboard_port", "tcp"),),
    uvloop=True,
)
FLEET = Part("fleet", "sightline.ingest.fleet.process:run", uvloop=True, needs_the_others=True)

UP_PARTS = (KEEPER, MEDIA, GATEWAY, DASHBOARD)
DEMO_PARTS = (*UP_PARTS, FLEET)

STOP_WAVES = ((FLEET,), (GATEWAY,), (MEDIA, DASHBOARD, KEEPER))
"""Sources first, so that what has been taken in is written and acknowledged; then the rest at once."""


def part_named(name: str) -> Part:
    """The part of this name.

    Raises:
        KeyError: there is none.
    """
    return {part.name: part for part in DEMO_PARTS}[name]
