"""How far a deployment has come: the steps behind it, the one it is in, and those ahead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

_MAIN = ("requested", "triage", "deployed", "en_route", "on_scene", "stood_down", "returned")


@dataclass(frozen=True)
class State:
    """A state and when the deployment first reached it, None if never."""

    code: str
    name: str
    at: datetime | None


@dataclass(frozen=True)
class Step:
    """One step as shown; `standing` says whether it is behind, present or ahead."""

    name: str
    at: datetime | None
    standing: Literal["done", "now", "ahead"]


def steps(present: str, states: Sequence[State]) -> list[Step]:
    """The steps of a deployment in its present state.

    A state off the main way (advice only, cancelled) ends the line; what was skipped is left out
    there, and shown as done without a time on the main way.

    Args:
        present: code of the state it is in.
        states: all states, in order.
    """
    known = {state.code: state for state in states}
    if present in _MAIN:
        here = _MAIN.index(present)
        return [
            Step(
                known[code].name,
                known[code].at,
                "now" if i == here else "done" if i < here else "ahead",
            )
            for i, code in enumerate(_MAIN)
        ]
    behind = [known[code] for code in _MAIN if known[code].at is not None]
    return [
        *(Step(state.name, state.at, "done") for state in behind),
        Step(known[present].name, known[present].at, "now"),
    ]
