"""What a frontline officer is asked when negotiators are wanted: the fields of a request, in order.

All are free text and all are optional: who asks is standing at the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 2000
"""Characters that one field takes."""


@dataclass(frozen=True)
class Field:
    """One question of the form.

    Attributes:
        code: name in the request.
        label: as it stands on the incident.
        question: as it stands on the form.
        wide: takes a whole row of the incident's screen.
        lines: height of its input.
    """

    code: str
    label: str
    question: str
    wide: bool = False
    lines: int = 1


FIELDS = (
    Field("what", "What is happening", "What is happening?", wide=True, lines=2),
    Field("where", "Where exactly", "Where exactly? Floor, side, landmark"),
    Field("rvp", "RVP", "Rendezvous point and safe approach"),
    Field("subject", "Subject", "Who is the subject? Name, age, appearance"),
    Field("threat", "Threat", "Threat: weapon, height, fire, water", lines=2),
    Field("hostages", "Hostages and others", "Hostages, children, anybody else inside"),
    Field("demands", "Demands, deadlines", "Demands and deadlines"),
    Field("vulnerabilities", "Vulnerabilities", "Known vulnerabilities: health, drink, drugs, loss"),
    Field("language", "Language", "Language, interpreter, hearing"),
    Field("rapport", "Rapport so far", "Who is talking to them, and how is it going?", lines=2),
    Field("hazards", "Hazards", "Hazards for officers"),
    Field("commander", "Commander", "Who is in command at the scene?"),
    Field("talkgroup", "Talkgroup", "Talkgroup"),
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One field of a request as it was answered."""

    field: Field
    said: str


def answers(
    request: Mapping[str, object], known: Mapping[str, str] | None = None
) -> tuple[list[Answer], list[Field]]:
    """What was said, in order (fields that the form does not know come last), and what was not.

    Args:
        request: code → what was said.
        known: code → what is known without the request and shown elsewhere: it is neither repeated nor
            missing.
    """
    elsewhere = {code: text for code, text in (known or {}).items() if text}
    codes = {field.code for field in FIELDS}
    fields = [
        *FIELDS,
        *(
            Field(code, code.replace("_", " ").capitalize(), "")
            for code in sorted(request)
            if code not in codes
        ),
    ]
    texts = [(field, _text(request.get(field.code))) for field in fields]
    said = [
        Answer(field, text)
        for field, text in texts
        if text is not None and text != elsewhere.get(field.code)
    ]
    unsaid = [field for field, text in texts if text is None and field.code not in elsewhere]
    return said, unsaid


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


def filled(values: Mapping[str, str | None]) -> dict[str, str]:
    """A request from what was typed: only what was said, without blanks around it."""
    return {code: text for code, value in values.items() if (text := _text(value))}
