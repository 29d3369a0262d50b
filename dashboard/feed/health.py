"""How the parts behind the feed are, in the words of the health pill. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

GATEWAY_GONE_AFTER_S: Final = 2.2
"""A gateway gives a sign of life each second at least; after this long without one it is gone."""

GatewayState = Literal["ok", "gone", "stopped"]


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """One gateway.

    Attributes:
        name: its name in the settings.
        state: ``gone`` without a sign of life, ``stopped`` where it ended in good order.
        since_ms: when it was last heard, ms since 1970 UTC; None while all is well.
    """

    name: str
    state: GatewayState
    since_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What the feed knows of itself.

    Attributes:
        database: whether it answers within a second.
        database_since_ms: since when it does not, ms since 1970 UTC.
        gateways: by name; empty before the database has answered once.
        behind_s: seconds between the receipt of a report and its way to the viewers, the worst of late; None while
            nothing is reported.
    """

    database: Literal["ok", "lost"]
    database_since_ms: float | None = None
    gateways: tuple[GatewayHealth, ...] = ()
    behind_s: float | None = None

    def lost(self, now_ms: float) -> Health:
        """The same once the database does not answer; keeps the moment since when."""
        if self.database == "lost":
            return self
        return replace(self, database="lost", database_since_ms=now_ms, behind_s=None)

    def message(self, cameras: int) -> dict[str, Any]:
        """The body of the message ``health``.

        Args:
            cameras: how many of the viewer's cameras were heard of late.
        """
        return {
            "database": self.database,
            "database_since": self.database_since_ms,
            "gateways": [
                {"name": g.name, "state": g.state, "since": g.since_ms} for g in self.gateways
            ],
            "behind_s": None if self.behind_s is None else round(self.behind_s, 1),
            "cameras": cameras,
        }


def gateway_health(rows: Sequence[Mapping[str, Any]], now_ms: float) -> tuple[GatewayHealth, ...]:
    """Words for the newest run of each gateway (``name``, ``ended``, ``silent_s``)."""
    found = []
    for row in rows:
        silent_s = float(row["silent_s"])
        since_ms = now_ms - silent_s * 1000
        if row["ended"]:
            found.append(GatewayHealth(row["name"], "stopped", since_ms))
        elif silent_s > GATEWAY_GONE_AFTER_S:
            found.append(GatewayHealth(row["name"], "gone", since_ms))
        else:
            found.append(GatewayHealth(row["name"], "ok"))
    return tuple(found)
