"""What the demo's incidents are about: titles, logs, requests for negotiators. Invented.

Minutes count from the opening of an incident; people are the demo's users.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """An entry of a command log, `after_min` minutes into the incident, by a demo user."""

    after_min: float
    by: str
    kind: str
    text: str


@dataclass(frozen=True)
class Scenario:
    """What an incident is about. `{place}` in the title is where it is."""

    title: str
    type: str
    grade: str
    regime: str = "law_enforcement"
    talkgroup: str = "HALD-CTRL-1"
    log: tuple[Entry, ...] = ()
    request: dict[str, str] | None = None
    steps: tuple[Step, ...] = ()
    returned: dict[str, str | bool] | None = None


@dataclass(frozen=True)
class Step:
    """A step of a deployment, `after_min` minutes after the incident began, by a demo user."""

    after_min: float
    by: str
    action: str
    to: str
    rationale: str
    recommendation: str | None = None


OPEN_SCENARIOS = (
    Scenario(
        "Man on the wrong side of a bridge parapet, {place}",
        "Concern for safety",
        "immediate",
        regime="general",
        talkgroup="HALD-NEG-1",
        log=(
            Entry(0, "fim", "note", "Caller: man, about 40, over the railings, alone. Units sent."),
            Entry(4, "fim", "observation", "First unit there. Man is talking, keeps people away."),
        ),
        request={
            "what": "Man over the parapet, threatening to jump",
            "where": "Bridge, downstream side, middle span",
            "rvp": "Quay Street car park",
            "subject": "Male, about 40, calls himself Danny, red jacket",
            "threat": "To himself only",
            "vulnerabilities": "Says he has lost his job; has taken tablets",
            "language": "English",
            "rapport": "PC on scene has been talking to him for ten minutes",
            "hazards": "12 m drop, tide running out",
            "talkgroup": "HALD-NEG-1",
        },
    ),
    Scenario(
        "Man barricaded in a flat with a knife, {place}",
        "Domestic",
        "immediate",
        talkgroup="HALD-NEG-2",
        log=(
            Entry(0, "fim", "note", "Partner got out unharmed; says he has a kitchen knife."),
            Entry(
                7, "fim", "decision", "Contain and talk. Armed Response on standby, not deployed."
            ),
        ),
        request={
            "what": "Man barricaded alone in a second-floor flat with a knife",
            "where": "Second floor, end of the corridor",
            "rvp": "Car park behind the shops",
            "subject": "Male, 28, known to us",
            "threat": "Knife; has said he will hurt whoever comes in",
            "hostages": "None",
            "demands": "To speak to his daughter",
            "vulnerabilities": "Alcohol; depression",
            "language": "English",
            "hazards": "Gas supply on",
            "talkgroup": "HALD-NEG-2",
        },
        steps=(
            Step(
                14,
                "negco",
                "recommend",
                "triage",
                "Contained, talking, nobody else in danger.",
                "deploy",
            ),
        ),
    ),
    Scenario(
        "Crowd outside licensed premises, {place}",
        "Public order",
        "priority",
        log=(
            Entry(0, "fim", "note", "About sixty people, two groups, bottles thrown."),
            Entry(9, "fim", "observation", "Groups kept apart; good-natured on the whole."),
        ),
    ),
    Scenario(
        "Search for a missing person, {place}",
        "Missing person",
        "priority",
        regime="general",
        log=(
            Entry(0, "fim", "note", "Woman, 81, not seen since this morning. Dementia. Blue coat."),
            Entry(16, "fim", "decision", "Search by streets; dog unit asked to attend."),
        ),
    ),
)

_TEAM = "Danger has passed; the team is not needed any more."

PAST_SCENARIOS = (
    Scenario(
        "Woman on the roof of a car park, {place}",
        "Concern for safety",
        "immediate",
        regime="general",
        request={"what": "Woman on the roof, threatening to jump", "language": "English"},
        steps=(
            Step(9, "negco", "recommend", "triage", "Height, alone, little rapport yet.", "deploy"),
            Step(11, "fim", "dispatch", "deployed", "Life at risk; talking alone is not working."),
            Step(16, "negco", "en_route", "en_route", "Team has set off."),
            Step(23, "fim", "cancel", "cancelled_en_route", "Came down to the officer. " + _TEAM),
        ),
        log=(Entry(21, "negco", "advice", "Keep to her first name; ask about her sister."),),
    ),
    Scenario(
        "Man with a bottle in a bus shelter, {place}",
        "Disturbance",
        "priority",
        request={"what": "Man refuses to leave, will only talk to 'somebody in charge'"},
        steps=(
            Step(
                8,
                "negco",
                "recommend",
                "triage",
                "Officer has rapport; advice is enough.",
                "advice_only",
            ),
            Step(10, "fim", "advice_only", "advice_only", "NegCo advises the officer by radio."),
        ),
        log=(Entry(9, "negco", "advice", "One voice only. No deadlines. Offer a lift home."),),
    ),
    Scenario(
        "Man barricaded in a caravan, {place}",
        "Siege",
        "immediate",
        request={"what": "Man in a caravan with petrol", "hazards": "Petrol", "hostages": "None"},
        steps=(
            Step(5, "fim", "dispatch", "deployed", "Fire risk; triage goes on while they travel."),
            Step(8, "negco", "recommend", "deployed", "Agreed: two negotiators.", "deploy"),
            Step(12, "negco", "en_route", "en_route", "Team has set off."),
            Step(31, "negco", "on_scene", "on_scene", "Team at the RVP."),
            Step(58, "fim", "stand_down", "stood_down", "Came out by himself, arrested."),
            Step(140, "coordinator", "return", "returned", ""),
        ),
        returned={
            "welfare_check": "All asked the same evening; nothing to follow up.",
            "outcome": "resolved_by_negotiation",
            "summary": "Talked out after 27 minutes at the door.",
            "lessons": "RVP was too close to the caravan.",
        },
    ),
    Scenario(
        "Dispute between neighbours, {place}",
        "Disturbance",
        "standard",
        request={"what": "Man locked himself in the shed"},
        steps=(
            Step(6, "negco", "recommend", "triage", "No threat to anybody.", "not_required"),
            Step(8, "fim", "not_required", "not_required", "Agreed with NegCo."),
        ),
    ),
    Scenario(
        "Boy on a crane, {place}",
        "Concern for safety",
        "immediate",
        regime="general",
        request={"what": "Teenager on a crane after an argument at home", "language": "English"},
        steps=(
            Step(6, "fim", "dispatch", "deployed", "Height and dusk."),
            Step(10, "fim", "cancel", "cancelled", "Down before the team had left. " + _TEAM),
        ),
    ),
    Scenario("Fight in the street, {place}", "Public order", "immediate"),
    Scenario("Burglary in progress, {place}", "Burglary", "immediate"),
    Scenario("Collision with injuries, {place}", "Collision", "immediate"),
    Scenario("Shoplifter detained, {place}", "Theft", "priority"),
    Scenario("Domestic, both parties present, {place}", "Domestic", "immediate"),
    Scenario("Suspicious vehicle, {place}", "Suspicious", "standard"),
    Scenario("Youths on the roof of a school, {place}", "Anti-social behaviour", "standard"),
    Scenario("Concern for an elderly man, {place}", "Concern for safety", "priority"),
    Scenario("Alarm at a jeweller's, {place}", "Burglary", "priority"),
)
