"""Who may call what: the one table of all paths. What is not in it is denied.

A rule names a method, a path and who: everybody, whoever is signed in, whoever shows a one-time token, or the roles
that have one of some capabilities (the role matrix, table ``role_capability``). In which scope a role has a capability
(own units, assigned incidents) is for the database to apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sightline.dashboard.access.pattern import places

SOCKET = "WEBSOCKET"
"""Stands for the method of a WebSocket."""


class Open(Enum):
    """Who may, where it does not hang on a capability."""

    EVERYBODY = "everybody"
    SIGNED_IN = "whoever is signed in"
    ONE_TIME = "whoever shows the one-time token, which the call itself redeems"


@dataclass(frozen=True)
class Rule:
    """One call and who may make it.

    Attributes:
        method: of HTTP (GET includes HEAD), or `SOCKET`.
        path: see `sightline.dashboard.access.pattern`.
        who: `Open`, or capabilities of which one is enough.
        action: its name in the audit when it is refused, for example ``stream.open``.
        names: the place in the path, or the field of the body, that names what it is about.
        body_limit: most bytes of a body.
    """

    method: str
    path: str
    who: Open | tuple[str, ...]
    action: str = "request"
    names: str | None = None
    body_limit: int = 256 * 1024


@dataclass(frozen=True)
class Found:
    """What the table says of a request.

    Attributes:
        rule: the rule that holds, None if there is none.
        places: what stands in the places of its path.
        other_methods: methods that the path knows, where the method is not among them.
    """

    rule: Rule | None
    places: dict[str, str]
    other_methods: tuple[str, ...] = ()


_E, _S, _T = Open.EVERYBODY, Open.SIGNED_IN, Open.ONE_TIME
_DECIDE = ("deployment.decide",)
_MEMBERS = ("deployment.decide", "deployment.member_state")
_LOG = ("log.write", "log.advise")

RULES: tuple[Rule, ...] = (
    # open to everybody: signing in, and yes or no
    Rule("GET", "/sign-in", _E),
    Rule("GET", "/sign-in/{file}", _E),
    Rule("POST", "/api/session", _E, body_limit=8 * 1024),
    Rule("POST", "/api/session/demo", _E, body_limit=8 * 1024),
    Rule("GET", "/healthz", _E),
    Rule("GET", "/readyz", _E),
    # the session itself
    Rule("DELETE", "/api/session", _S),
    Rule("GET", "/api/me", _S),
    Rule("GET", "/api/openapi.json", _S),
    # cameras
    Rule("GET", "/api/cameras", ("map.view",), "camera.find"),
    Rule("GET", "/api/cameras/{camera}", ("map.view",), "camera.view", "camera"),
    Rule("GET", "/api/cameras/{camera}/track", ("track.view",), "track.view", "camera"),
    Rule("POST", "/api/replay", ("track.view",), "replay.view"),
    Rule("GET", "/api/purposes", ("stream.open", "track.view"), "purpose.list"),
    Rule(SOCKET, "/api/feed", ("map.view",), "feed.open"),
    # streams
    Rule("GET", "/api/streams", ("stream.open",), "stream.list"),
    Rule("POST", "/api/streams", ("stream.open",), "stream.open", "camera"),
    Rule("DELETE", "/api/streams/{stream}", ("stream.open",), "stream.end", "stream"),
    Rule(SOCKET, "/api/streams/{stream}/frames", ("stream.open",), "stream.redeem", "stream"),
    Rule("POST", "/whep/{stream}", _T, body_limit=64 * 1024),
    Rule("DELETE", "/whep/{stream}", _T),
    Rule("POST", "/api/streams/{stream}/snapshot", ("stream.open",), "snapshot.take", "stream"),
    Rule("GET", "/api/snapshots/{snapshot}", ("incident.read",), "snapshot.view", "snapshot"),
    # talk-back
    Rule("POST", "/api/talk", ("talk.open",), "talk.open", "stream"),
    Rule("GET", "/api/talk/{talk}", ("talk.open",), "talk.open", "talk"),
    Rule("DELETE", "/api/talk/{talk}", ("talk.open",), "talk.end", "talk"),
    Rule("GET", "/api/talk/{talk}/turns/{turn}", ("incident.read",), "talk.listen", "talk"),
    Rule("GET", "/api/incidents/{incident}/talks", ("incident.read",), "incident.view", "incident"),
    Rule("POST", "/whip/{talk}", _T, body_limit=64 * 1024),
    Rule("DELETE", "/whip/{talk}", _T),
    # alerts
    Rule("GET", "/api/alerts", ("alert.answer",), "alert.list"),
    Rule("GET", "/api/alerts/past", ("alert.answer",), "alert.list"),
    Rule("POST", "/api/alerts/{alert}/ack", ("alert.answer",), "alert.answer", "alert"),
    # posts
    Rule("GET", "/api/posts", ("post.hold",), "post.list"),
    Rule("GET", "/api/posts/going-along", ("post.hold",), "post.list"),
    Rule("POST", "/api/posts/{post}/take", ("post.hold",), "post.take", "post"),
    Rule("POST", "/api/posts/{post}/offer", ("post.hold",), "post.offer", "post"),
    Rule("POST", "/api/posts/{post}/accept", ("post.hold",), "post.accept", "post"),
    Rule("POST", "/api/posts/{post}/withdraw", ("post.hold",), "post.withdraw", "post"),
    Rule("POST", "/api/posts/{post}/leave", ("post.hold",), "post.leave", "post"),
    # incidents and the command log
    Rule("GET", "/api/incidents", ("incident.read",), "incident.list"),
    Rule("POST", "/api/incidents", ("incident.write",), "incident.create"),
    Rule("PUT", "/api/incidents/by-log/{log_number}", ("incident.write",), "incident.put", "log_number"),
    Rule("GET", "/api/incidents/{incident}", ("incident.read",), "incident.view", "incident"),
    Rule("POST", "/api/incidents/{incident}/link", ("incident.write", "stream.open"), "incident.link", "incident"),
    Rule("POST", "/api/incidents/{incident}/close", ("incident.write",), "incident.close", "incident"),
    Rule("PUT", "/api/incidents/{incident}/people/{username}", ("incident.write",), "incident.assign", "incident"),
    Rule("DELETE", "/api/incidents/{incident}/people/{username}", ("incident.write",), "incident.release", "incident"),
    Rule("PUT", "/api/incidents/{incident}/cameras/{camera}", ("incident.write",), "incident.attend", "incident"),
    Rule("DELETE", "/api/incidents/{incident}/cameras/{camera}", ("incident.write",), "incident.leave", "incident"),
    Rule("PUT", "/api/incidents/{incident}/rvp", ("log.write", "negotiators.request"), "incident.rvp", "incident"),
    Rule("DELETE", "/api/incidents/{incident}/rvp", ("log.write", "negotiators.request"), "incident.rvp", "incident"),
    Rule("GET", "/api/incidents/{incident}/log", ("incident.read",), "incident.view", "incident"),
    Rule("POST", "/api/incidents/{incident}/log", _LOG, "log.write", "incident"),
    Rule("POST", "/api/incidents/{incident}/log/{entry}/ack", _LOG, "log.acknowledge", "incident"),
    # deployments
    Rule("GET", "/api/deployments", ("incident.read", "deployment.member_state"), "deployment.list"),
    Rule("POST", "/api/deployments", ("negotiators.request",), "deployment.request", "incident"),
    Rule("GET", "/api/deployments/{deployment}", ("incident.read", "deployment.member_state"), "deployment.view", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/recommend", ("deployment.recommend",), "deployment.recommend", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/decide", _DECIDE, "deployment.decide", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/dispatch", _DECIDE, "deployment.dispatch", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/en-route", _MEMBERS, "deployment.en_route", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/arrival", _MEMBERS, "deployment.arrival", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/on-scene", _MEMBERS, "deployment.on_scene", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/cancel", _DECIDE, "deployment.cancel", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/stand-down", _DECIDE, "deployment.stand_down", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/return", ("return.write",), "deployment.return", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/hand-over", _DECIDE, "deployment.hand_over", "deployment"),
    Rule("POST", "/api/deployments/{deployment}/hand-over/accept", _DECIDE, "deployment.hand_over_accept", "deployment"),
    # rota, coverage, audit, the machine
    Rule("GET", "/api/rota", ("rota.read",), "rota.view"),
    Rule("PUT", "/api/rota", ("rota.write",), "rota.write"),
    Rule("GET", "/api/rota/cover", ("rota.read",), "rota.view"),
    Rule("GET", "/api/places", ("map.view",), "place.find"),
    Rule("GET", "/api/areas", ("map.view",), "area.list"),
    Rule("GET", "/api/coverage/forecast", ("coverage.forecast",), "coverage.forecast"),
    Rule("GET", "/api/audit", ("audit.read",), "audit.read"),
    Rule("GET", "/api/audit/watched-me", ("audit.watched_me",), "audit.watched_me"),
    Rule("GET", "/metrics", ("admin.manage",), "metrics.view"),
    # what pages are made of; the data in them comes by the calls above or by callbacks, which are checked by page
    Rule("GET", "/tiles/**", _S),
    Rule("GET", "/static/**", _S),
    Rule("GET", "/_dash-component-suites/**", _S),
    Rule("GET", "/_dash-layout", _S),
    Rule("GET", "/_dash-dependencies", _S),
    Rule("GET", "/_favicon.ico", _S),
    Rule("POST", "/_dash-update-component", _S, body_limit=1024 * 1024),
)  # fmt: skip

CALLBACK_PATH = "/_dash-update-component"
"""Where Dash's callbacks come in; each is checked by the page that it belongs to."""


def find(rules: Iterable[Rule], method: str, path: str) -> Found:
    """The rule for a request."""
    wanted = "GET" if method == "HEAD" else method
    others: list[str] = []
    for rule in rules:
        found = places(rule.path, path)
        if found is None:
            continue
        if rule.method == wanted:
            return Found(rule, found)
        if rule.method != SOCKET:
            others.append(rule.method)
    return Found(None, {}, tuple(sorted(set(others))))
