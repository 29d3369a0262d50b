"""What can happen next to a deployment, and who can do it: the words and buttons of the decision panel.

The database decides (`deployment_rule`, `deployment_act`); this says beforehand what it would say, so
that a button is only offered where it will work. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sightline.dashboard.triage.deployment import TEAM_OUT, Deployment, Member

DECIDES = "the FIM or the commander in charge"

Capabilities = Mapping[str, str]
"""Capability → scope, as `sightline.dashboard.access.acting.User` has them."""


@dataclass(frozen=True)
class Action:
    """A step that the reader may take now.

    Attributes:
        code: of `deployment_rule`, or ``arrival``, ``hand_over``, ``hand_over_accept``.
        label: on the button; three dots where a second step follows.
        tone: ``primary`` for what is expected next, ``danger`` for what undoes, else ``plain``.
    """

    code: str
    label: str
    tone: str = "plain"


_LABELS = {
    "recommend": "Recommend…",
    "dispatch": "Dispatch…",
    "advice_only": "Advice only…",
    "not_required": "Not required…",
    "reopen": "Reopen…",
    "en_route": "Mark en route…",
    "on_scene": "Mark on scene…",
    "stand_down": "Stand down…",
    "cancel": "Cancel…",
    "return": "File return…",
    "arrival": "Arrival…",
    "hand_over": "Hand over command…",
    "hand_over_accept": "Accept command",
}

# What is expected next in a state, in order: the first that the reader may do is the primary button.
_EXPECTED = {
    "requested": ("recommend", "dispatch"),
    "triage": ("recommend", "dispatch"),
    "deployed": ("en_route",),
    "en_route": ("on_scene",),
    "on_scene": ("stand_down",),
    "stood_down": ("return",),
}

# A recommendation makes the decision that follows it the expected one.
_FOLLOWS = {
    "deploy": "dispatch",
    "advice_only": "advice_only",
    "not_required": "not_required",
    "cancel": "cancel",
}


def may(action: str, deployment: Deployment, can: Capabilities) -> bool:
    """Whether the reader's role allows an action (not whether the state does)."""
    if action == "recommend":
        return "deployment.recommend" in can
    if action == "return":
        return "return.write" in can
    decide = can.get("deployment.decide")
    if decide == "all" or (decide == "in_charge" and deployment.in_charge):
        return True
    return (
        action in {"en_route", "arrival", "on_scene"}
        and can.get("deployment.member_state") == "all"
    )


def available(
    deployment: Deployment,
    possible: Collection[str],
    can: Capabilities,
    user_id: int,
) -> list[Action]:
    """The reader's buttons, in the order in which they stand; the expected one first.

    Args:
        deployment: as it is now.
        possible: the actions that `deployment_rule` knows for its state.
        can: the reader's capabilities.
        user_id: the reader.
    """
    codes = [
        code
        for code in _LABELS
        if code in possible and may(code, deployment, can) and _concerns_anyone(code, deployment)
    ]
    primary = _primary(deployment, codes)
    codes.sort(key=lambda code: (code != primary, code == "cancel", list(_LABELS).index(code)))
    found = [Action(code, _label(code, deployment), _tone(code, primary)) for code in codes]
    if members_for("arrival", deployment) and may("arrival", deployment, can):
        found.append(Action("arrival", _LABELS["arrival"]))
    if deployment.handover_to and deployment.handover_to.user_id == user_id:
        found.insert(0, Action("hand_over_accept", _LABELS["hand_over_accept"], "primary"))
    if not _closed(deployment) and may("hand_over", deployment, can):
        found.append(Action("hand_over", _LABELS["hand_over"]))
    return found


def _concerns_anyone(code: str, deployment: Deployment) -> bool:
    """Whether a step for members finds a member in a state for it."""
    if code in {"en_route", "on_scene"}:
        return bool(members_for(code, deployment))
    return True


def members_for(code: str, deployment: Deployment) -> list[Member]:
    """The members whom a step can be about."""
    states = {
        "en_route": {"mobilising"},
        "arrival": {"en_route"},
        "on_scene": {"mobilising", "en_route"},
        "cancel": {"mobilising", "en_route"},
        "stand_down": {"mobilising", "en_route", "on_scene"},
    }.get(code, set())
    return [member for member in deployment.members if member.state in states]


def _primary(deployment: Deployment, codes: list[str]) -> str | None:
    advised = deployment.recommendation and _FOLLOWS.get(deployment.recommendation.code)
    open_for_it = deployment.state in {"requested", "triage"} or advised == "cancel"
    if advised in codes and open_for_it:
        return advised
    return next((code for code in _EXPECTED.get(deployment.state, ()) if code in codes), None)


def _tone(code: str, primary: str | None) -> str:
    if code == "cancel":
        return "danger"
    return "primary" if code == primary else "plain"


def _label(code: str, deployment: Deployment) -> str:
    if code == "dispatch" and deployment.state in TEAM_OUT:
        return "Send more…"
    if code == "cancel" and deployment.set_off:
        return "Cancel, turn them round…"
    if code == "recommend" and deployment.recommendation:
        return "Recommend anew…"
    return _LABELS[code]


def _closed(deployment: Deployment) -> bool:
    return deployment.state in {"stood_down", "returned", "cancelled", "cancelled_en_route"}


def next_words(deployment: Deployment) -> str:
    """What can happen next and by whom, in one or two sentences."""
    words = _next_by_state(deployment)
    if deployment.handover_to:
        holder = deployment.commander.name if deployment.commander else "The FIM"
        words += (
            f" Command is offered to {deployment.handover_to.name} and not yet accepted;"
            f" {holder} keeps it until then."
        )
    return words


_NEXT = {
    "requested": "Waiting for a NegCo to recommend. {Decides} may dispatch at once while triage goes on.",
    "triage": "A NegCo recommends, then {decides} decides.",
    "advice_only": "Settled without sending anybody. {Decides} may reopen it.",
    "not_required": "Settled without sending anybody. {Decides} may reopen it.",
    "deployed": "The team is getting ready. A member, a NegCo, or {decides} marks who is en route;"
    " cancelling now stops them before they leave.",
    "en_route": "{team} {Decides} can still turn them round.",
    "on_scene": "{team} {Decides} stands them down.",
    "stood_down": "A return is due, with a welfare check of the team: NegCo or coordinator.",
    "returned": "Closed: the return is filed.",
    "cancelled": "Closed: cancelled before anybody set off.",
    "cancelled_en_route": "Closed: cancelled with the team already on the road.",
}


def _next_by_state(deployment: Deployment) -> str:
    if deployment.state == "triage" and deployment.recommendation:
        return f"{_capital(DECIDES)} decides on the recommendation."
    return _NEXT[deployment.state].format(
        decides=DECIDES, Decides=_capital(DECIDES), team=_team_words(deployment)
    )


def _team_words(deployment: Deployment) -> str:
    """How the team stands: ``2 en route, 1 getting ready.``"""
    names = {"on_scene": "on scene", "en_route": "en route", "mobilising": "getting ready"}
    states = [member.state for member in deployment.team]
    said = [f"{states.count(state)} {name}" for state, name in names.items() if state in states]
    return ", ".join(said) + "." if said else "Nobody is out."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


_ACTION_WORDS = {
    "recommend": "recommend",
    "dispatch": "dispatch",
    "advice_only": "decide advice only",
    "not_required": "decide not required",
    "reopen": "reopen",
    "en_route": "mark en route",
    "on_scene": "mark on scene",
    "stand_down": "stand down",
    "cancel": "cancel",
    "return": "file the return",
}


def possible_words(possible: Collection[str]) -> str:
    """What is possible now, for a step that came too late: ``Possible now: dispatch or cancel.``"""
    said = [words for code, words in _ACTION_WORDS.items() if code in possible]
    if not said:
        return "Nothing more can be done with it."
    if len(said) > 1:
        said = [", ".join(said[:-1]), said[-1]]
    return f"Possible now: {' or '.join(said)}."
