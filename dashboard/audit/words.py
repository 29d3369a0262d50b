"""What the audit's codes say, in words, for whoever reads it. Pure.

The audit keeps codes, so that a row means the same in ten years; a code that is not known here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sightline.dashboard.ages import LOCAL

ACTIONS = {
    "account.lock": "Locked an account",
    "admin.bridges": "Looked at the bridges",
    "admin.cameras": "Looked at the register of cameras",
    "admin.users": "Looked at the users",
    "alert.acknowledged": "Answered an alert: seen",
    "alert.cover_short": "Cover is short",
    "alert.ended": "Ended an alert",
    "alert.eyes_on": "Officer asked for eyes on",
    "alert.passed_on": "Alert passed to the next post",
    "alert.seen": "Answered an alert: seen",
    "alert.signal": "Signal of a stream lost, or about to be",
    "alert.watching": "Answered an alert: watching",
    "audit.read": "Read the audit",
    "audit.seal": "Sealed the audit",
    "audit.verify": "Verified the chain",
    "audit.watched_me": "Looked at who watched their camera",
    "bridge.add": "Added a bridge",
    "bridge.disable": "Disabled a bridge",
    "bridge.enable": "Enabled a bridge",
    "bridge.token": "Made a bridge's token",
    "camera.add": "Added a camera",
    "camera.add_load_test": "Added cameras for a load test",
    "camera.disable": "Disabled a camera",
    "camera.enable": "Enabled a camera",
    "camera.token": "Made a camera's token",
    "camera.view": "Looked at a camera",
    "cot.begin": "Began to show officers to a TAK program",
    "cot.end": "Ended showing officers to a TAK program",
    "cot.refuse": "Showed no officers to a TAK program",
    "coverage.forecast": "Asked for a forecast",
    "demo.make": "Made the demonstration",
    "deployment.advice_only": "Decided: advice only",
    "deployment.arrival": "Said when negotiators are expected",
    "deployment.cancel": "Cancelled negotiators",
    "deployment.dispatch": "Dispatched negotiators",
    "deployment.en_route": "Marked en route",
    "deployment.hand_over": "Offered command",
    "deployment.hand_over_accept": "Accepted command",
    "deployment.not_required": "Decided: not required",
    "deployment.on_scene": "Marked on scene",
    "deployment.recommend": "Recommended",
    "deployment.reopen": "Reopened to triage",
    "deployment.request": "Requested negotiators",
    "deployment.return": "Filed the return",
    "deployment.stand_down": "Stood negotiators down",
    "feed.open": "Opened the live feed",
    "incident.assign": "Named a person on an incident",
    "incident.camera": "Put a camera at an incident",
    "incident.change": "Changed an incident",
    "incident.close": "Closed an incident",
    "incident.create": "Opened an incident",
    "incident.link": "Linked a provisional incident",
    "incident.release": "Took a person off an incident",
    "incident.rvp": "Said where the RVP is",
    "incident.view": "Read a restricted incident",
    "incident.write": "Wrote an incident",
    "log.acknowledgement": "Log: acknowledged",
    "log.advice": "Log: wrote advice",
    "log.note": "Log: wrote a note",
    "log.observation": "Log: wrote an observation",
    "page.view": "Opened a page",
    "post.accept": "Accepted a post",
    "post.add": "Made a post",
    "post.leave": "Left a post",
    "post.offer": "Offered a post",
    "post.take": "Took a post",
    "post.withdraw": "Withdrew or declined the offer of a post",
    "retention.drop": "Deleted positions past their time",
    "replay.view": "Looked at what an area looked like",
    "rota.view": "Looked at the rota",
    "rota.write": "Changed the rota",
    "session.end": "Ended a session",
    "session.lapse": "A session ended",
    "session.sign_in": "Signed in",
    "session.sign_out": "Signed out",
    "snapshot.take": "Kept a picture of a stream",
    "snapshot.view": "Looked at a kept picture",
    "stream.end": "A stream ended",
    "stream.open": "Opened a stream",
    "stream.redeem": "Fetched a stream",
    "talk.end": "Ended talking through a camera",
    "talk.listen": "Heard again what was said through a camera",
    "talk.open": "Asked to talk through a camera",
    "talk.redeem": "Put a microphone on the line of a talk",
    "track.view": "Looked at a track",
    "user.add": "Added a user",
    "user.disable": "Disabled a user",
    "user.enable": "Enabled a user",
    "user.password": "Set a password",
    "user.token": "Made a user's token",
}
"""Code of an action → what was done."""

_REASONS = {"role": "the role may not", "token": "the token is not valid"}

_DETAIL_NAMES = {
    "by": "with",
    "camera": "camera",
    "cameras": "cameras",
    "code": "",
    "entry": "log entry",
    "fields": "fields",
    "limit": "at most",
    "members": "members",
    "method": "",
    "path": "",
    "seconds": "",
    "seed": "seed",
    "shifts": "shifts",
    "stream": "stream",
    "why": "",
}
"""Field of a detail → what stands before its value."""

_LEFT_OUT = frozenset({"code", "epoch_s"})
"""Codes beside which the same stands in words, and what only a program wants."""


def action_words(code: str) -> str:
    """What was done; the code itself where it is not known here."""
    return ACTIONS.get(code, code)


def reason_words(reason: str | None) -> str:
    """Why, as the user wrote it or as the database refused it."""
    if reason is None:
        return ""
    if reason.startswith("state "):
        return f"not possible in the state {reason.removeprefix('state ').replace('_', ' ')}"
    return _REASONS.get(reason, reason)


def detail_words(detail: Mapping[str, Any]) -> str:
    """The rest of a row: ``from requested to triage; members 3, 4``."""
    left = {
        name: detail[name]
        # a stream is a long number that matters least
        for name in sorted(detail, key=lambda name: name == "stream")
        if name not in _LEFT_OUT and not _says_nothing(detail[name])
    }
    if not left:
        return _value(detail.get("code") or "")
    said = []
    span = [f"{name} {_value(left.pop(name))}" for name in ("from", "to") if name in left]
    if span:
        said.append(" ".join(span))
    for name, value in left.items():
        words = f"{value} s" if name == "seconds" else _value(value)
        said.append(f"{_DETAIL_NAMES.get(name, name.replace('_', ' '))} {words}".strip())
    return "; ".join(said)


def _says_nothing(value: object) -> bool:
    """Nothing, or something with an inside of its own: the row as it is stored is at hand for that."""
    return value in (None, "", []) or isinstance(value, Mapping)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    return _moment(value) if isinstance(value, str) else str(value)


def _moment(text: str) -> str:
    """A time as people read it; any other text as it stands."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text.replace("_", " ")
    if moment.tzinfo is None:
        return text
    return date_time(moment)


def date_time(moment: datetime) -> str:
    """Local date and time to the second: ``21 Nov 2026 09:32:11``."""
    local = moment.astimezone(LOCAL)
    return f"{local.day} {local:%b %Y %H:%M:%S}"
