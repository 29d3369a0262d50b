"""The second step of every action: what its form asks, what it says before it is done. Pure.

Nothing that others must act on happens on one press: a button opens its form beside the incident, and
the form's own button, which names what it does, does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.dashboard.triage.decision.actions import members_for
from sightline.dashboard.triage.deployment import Deployment, Member

SHORTEST_RATIONALE = 3
"""Characters below which a rationale says nothing."""

NDM = ("Information", "Threat and risk", "Powers and policy", "Options", "Action")
"""Headings of the National Decision Model, offered to the rationale and never demanded."""

RETURN_OUTCOMES = {
    "resolved_by_negotiation": "Resolved by negotiation",
    "resolved_by_other_means": "Resolved by other means",
    "resolved_before_arrival": "Resolved before we arrived",
    "not_resolved": "Not resolved when we left",
}
"""How a deployment ended, in its return."""


@dataclass(frozen=True)
class Input:
    """One field of a form.

    Attributes:
        name: under which its value comes back.
        kind: text, long, choice, several or tick.
        label: what is asked.
        options: value → label, for choice and several.
        value: what stands there at first.
        hint: a line below the label.
        wanted: whether the form cannot be sent without it.
    """

    name: str
    kind: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    value: Any = None
    hint: str = ""
    wanted: bool = False


@dataclass(frozen=True)
class Told:
    """Somebody who has to hear of it, and how."""

    name: str
    standing: str
    phone: str


@dataclass(frozen=True)
class Form:
    """The second step of an action.

    Attributes:
        action: its code.
        heading: what is about to be done.
        says: what it means, before it is done.
        told: who has to be rung.
        inputs: its fields.
        confirm: on the button that does it.
        tone: ``primary`` or ``danger``.
        deployment: to which it belongs.
        change: number of the deployment's newest step when the form was opened; 0: none.
    """

    action: str
    heading: str
    says: str
    inputs: tuple[Input, ...]
    confirm: str
    tone: str = "primary"
    told: tuple[Told, ...] = ()
    deployment: int = 0
    change: int = 0


_RATIONALE = Input(
    "rationale",
    "long",
    "Rationale",
    hint="Why, in your own words; headings if they help.",
    wanted=True,
)
_REMARK = Input("rationale", "long", "Remark")
_ARRIVAL = Input(
    "arrival", "text", "Expected at the scene",
    hint="A time (02:40) or minutes (25), as they say it. Leave it empty where nobody knows.",
)  # fmt: skip

_STANDING = {"mobilising": "getting ready", "en_route": "en route", "on_scene": "on scene"}


def form(
    action: str,
    deployment: Deployment,
    *,
    recommendations: Mapping[str, str] | None = None,
    candidates: Sequence[tuple[str, str]] = (),
    preselected: Sequence[str] = (),
    commanders: Sequence[tuple[str, str]] = (),
) -> Form:
    """The form of an action.

    Args:
        action: its code.
        deployment: as it is now.
        recommendations: the force's, code → name; for ``recommend``.
        candidates: who could be sent, id → name with what speaks for and against; for ``dispatch``.
        preselected: ids of who is next; for ``dispatch``.
        commanders: to whom command can be handed, user name → name; for ``hand_over``.

    Raises:
        NotFoundError: there is no such action.
    """
    match action:
        case "recommend":
            return _recommend(deployment, recommendations or {})
        case "dispatch":
            return _dispatch(deployment, candidates, preselected)
        case "cancel":
            return _cancel(deployment)
        case "en_route" | "arrival" | "on_scene" | "stand_down":
            return _member_states(action, deployment)
        case "hand_over":
            return _hand_over(deployment, commanders)
        case "hand_over_accept":
            return Form(
                action, "Accept command", "You become the one named commander at once.", (),
                "Accept command",
            )  # fmt: skip
        case "return":
            return _return(deployment)
        case _:
            return _decide(action)


def _recommend(deployment: Deployment, recommendations: Mapping[str, str]) -> Form:
    return Form(
        "recommend",
        "Recommend",
        "The FIM and the commander in charge see it at once; they decide.",
        (
            Input(
                "recommendation", "choice", "Recommendation", tuple(recommendations.items()),
                wanted=True,
            ),
            _RATIONALE,
        ),
        "Recommend" if not deployment.recommendation else "Recommend anew",
    )  # fmt: skip


def _dispatch(
    deployment: Deployment,
    candidates: Sequence[tuple[str, str]],
    preselected: Sequence[str],
) -> Form:
    more = bool(deployment.team)
    return Form(
        "dispatch",
        "Send more negotiators" if more else "Dispatch negotiators",
        "Sightline records it and shows it to everybody on this incident; it rings nobody."
        " Ring each of them.",
        (
            Input(
                "members", "several", "Team", tuple(candidates), list(preselected),
                hint="Who is next on call is ticked.", wanted=True,
            ),
            _RATIONALE,
        ),
        "Send them" if more else "Dispatch",
    )  # fmt: skip


def _cancel(deployment: Deployment) -> Form:
    team = members_for("cancel", deployment)
    off = [member for member in team if member.state == "en_route"]
    if off:
        says = (
            f"{_people(len(off))} on the road. Sightline shows it at once on every screen of this"
            " incident, but rings nobody: ring those named below."
        )
        confirm = f"Cancel and turn {len(off)} round"
    elif team:
        says = "Nobody has set off yet. Sightline rings nobody: ring those named below."
        confirm = f"Cancel for {len(team)}"
    else:
        says = "Nobody has been sent. The requester sees it at once on this incident."
        confirm = "Cancel the request"
    return Form(
        "cancel",
        "Cancel",
        says,
        (_RATIONALE,),
        confirm,
        "danger",
        tuple(Told(m.name, _STANDING[m.state], m.phone or "") for m in team),
    )


def _people(number: int) -> str:
    return "1 person is" if number == 1 else f"{number} people are"


def _member_states(action: str, deployment: Deployment) -> Form:
    about = members_for(action, deployment)
    heading, says, confirm = {
        "en_route": ("Mark en route", "Whoever is ticked has set off.", "Mark en route"),
        "arrival": ("When they arrive", "Whoever is ticked has said it anew.", "Say so"),
        "on_scene": ("Mark on scene", "Whoever is ticked has arrived.", "Mark on scene"),
        "stand_down": (
            "Stand down",
            "Whoever is ticked is released. When nobody is left, a return becomes due.",
            "Stand down",
        ),
    }[action]
    return Form(
        action,
        heading,
        says,
        (
            Input(
                "members", "several", "Members", tuple(_option(m) for m in about),
                [str(m.negotiator_id) for m in about], wanted=True,
            ),
            *([_ARRIVAL] if action in ("en_route", "arrival") else []),
            *([_REMARK] if action != "arrival" else []),
        ),
        confirm,
    )  # fmt: skip


def _option(member: Member) -> tuple[str, str]:
    return str(member.negotiator_id), f"{member.name}, {_STANDING[member.state]}"


def _hand_over(deployment: Deployment, commanders: Sequence[tuple[str, str]]) -> Form:
    now = f" {deployment.commander.name} is in command now." if deployment.commander else ""
    return Form(
        "hand_over",
        "Hand over command",
        f"It changes hands when the other accepts.{now}",
        (Input("to", "choice", "To", tuple(commanders), wanted=True),),
        "Offer command",
    )


def _return(deployment: Deployment) -> Form:
    team = ", ".join(member.name for member in deployment.members if member.state == "released")
    return Form(
        "return",
        "Deployment return",
        f"Team: {team}." if team else "",
        (
            Input("outcome", "choice", "Outcome", tuple(RETURN_OUTCOMES.items()), wanted=True),
            Input(
                "summary", "long", "What happened, and what worked",
                hint="With any injury or harm; none is worth saying.", wanted=True,
            ),
            Input("lessons", "long", "Lessons: people, kit, signal"),
            Input(
                "welfare_checked", "tick", "I have asked each member of the team how they are",
                wanted=True,
            ),
            Input("welfare", "text", "Welfare: anything to follow up, and by whom"),
        ),
        "File the return",
    )  # fmt: skip


def _decide(action: str) -> Form:
    words = {
        "advice_only": (
            "Advice only",
            "Nobody is sent; the NegCo's advice in the log goes to the scene. It can be reopened.",
            "Decide: advice only",
        ),
        "not_required": (
            "Not required",
            "Nobody is sent. It can be reopened.",
            "Decide: not required",
        ),
        "reopen": ("Reopen", "It goes back to triage.", "Reopen"),
    }.get(action)
    if words is None:
        raise NotFoundError(f"There is no step {action!r}.")
    heading, says, confirm = words
    return Form(action, heading, says, (_RATIONALE,), confirm)


def checked(asked: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, tidied.

    Raises:
        InvalidError: something that the form cannot do without is missing; names the field.
    """
    found: dict[str, Any] = {}
    for field in asked.inputs:
        value = values.get(field.name)
        if field.kind in {"text", "long"}:
            value = (value or "").strip()
            if field.wanted and len(value) < SHORTEST_RATIONALE:
                raise InvalidError(f"{field.label}: say in a few words.", field.name)
        elif field.kind == "several":
            value = _numbers(field, value or ())
            # With nobody to choose from, the database says why, in the state of that moment.
            if field.wanted and field.options and not value:
                raise InvalidError(f"{field.label}: tick at least one.", field.name)
        elif field.wanted and not value:
            raise InvalidError(f"{field.label}: {_missing(field)}", field.name)
        found[field.name] = value
    return found


def _missing(field: Input) -> str:
    return "tick it once you have; it is needed." if field.kind == "tick" else "choose one."


def _numbers(field: Input, value: Iterable[Any]) -> list[int]:
    """The ticked options, which are keys. One that is no longer an option stays: the database refuses it."""
    ticked = [str(code) for code in value]
    if not all(code.isdecimal() for code in ticked):
        raise InvalidError(f"{field.label}: {ticked!r} are not members.", field.name)
    return [int(code) for code in ticked]
