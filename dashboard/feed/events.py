"""Who is told of an event of the database, and what is said. Pure but for the question who may see an incident."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from sightline.dashboard.feed.viewer import Viewer

Audience = Callable[[int, Collection[int]], Awaitable[frozenset[int]]]
"""(incident id, user ids) → the users among them who may see the incident."""

_SAID: Final[dict[str, tuple[str, ...]]] = {
    "incident": ("incident", "entry"),
    "incident_hidden": (),
    "deployment": ("deployment", "incident", "state"),
    "stream": ("stream", "camera", "incident"),
    "stream_ended": ("stream", "camera", "reason", "at"),
    "talk": ("talk", "stream", "camera", "incident", "state", "reason", "by"),
    "alert": ("alert",),
    "post": ("post",),
}
"""Event → the members that viewers are told; other events are not for browsers."""


async def viewers_of(
    event: dict[str, Any], viewers: Collection[Viewer], audience: Audience
) -> list[Viewer]:
    """The viewers who may know of an event.

    An incident that was hidden: those who may not see it any more; of them, if one user was released, that one. An incident's, a deployment's and a new stream's: those who may see the incident. The end of a stream: its viewer
    and those who see the camera. How a talk stands: its speaker and those who may see the incident. A post and an alert: those who answer alerts; an alert at an incident: those of them who
    may see the incident.
    """
    kind = event.get("event")
    if kind not in _SAID or not viewers:
        return []
    if kind in ("alert", "post"):
        viewers = [viewer for viewer in viewers if viewer.answers_alerts]
        if "incident" not in event or not viewers:
            return list(viewers)
    if kind == "stream_ended":
        return [
            viewer
            for viewer in viewers
            if str(viewer.session_id) == event.get("session")
            or (viewer.channel is not None and viewer.channel.sees(int(event["camera_id"])))
        ]
    if kind == "talk":
        own = [viewer for viewer in viewers if str(viewer.session_id) == event.get("session")]
        others = [viewer for viewer in viewers if viewer not in own]
        allowed = await audience(int(event["incident"]), {one.viewing.user_id for one in others})
        return [*own, *(one for one in others if one.viewing.user_id in allowed)]
    if kind == "incident_hidden" and "user" in event:
        viewers = [viewer for viewer in viewers if viewer.viewing.user_id == event["user"]]
    allowed = await audience(int(event["incident"]), {viewer.viewing.user_id for viewer in viewers})
    sees = kind != "incident_hidden"
    return [viewer for viewer in viewers if (viewer.viewing.user_id in allowed) is sees]


def said(event: dict[str, Any]) -> dict[str, Any]:
    """What viewers are told of an event."""
    kind = event["event"]
    if kind == "incident_hidden":
        return {
            "event": "incident"
        }  # that there is another list of incidents, and nothing of which
    return {"event": kind, **{name: event[name] for name in _SAID[kind] if name in event}}
