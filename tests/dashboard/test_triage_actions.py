"""What can happen next to a deployment, and by whom: the same as the database says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sightline.dashboard.triage.decision.actions import (
    available,
    may,
    members_for,
    next_words,
    possible_words,
)
from sightline.dashboard.triage.deployment import Deployment, Person
from tests.dashboard.triage_values import deployment, member

# role → capabilities, as in the role matrix
FIM = {"deployment.decide": "all", "negotiators.request": "all"}
NEGCO = {
    "deployment.recommend": "all",
    "deployment.member_state": "all",
    "return.write": "all",
    "log.advise": "all",
}
COMMANDER = {"deployment.decide": "in_charge"}
COORDINATOR = {"return.write": "all"}
SUPERVISOR = {"negotiators.request": "all"}
OFFICER = {"deployment.member_state": "own"}

POSSIBLE = {
    "requested": ["advice_only", "cancel", "dispatch", "not_required", "recommend"],
    "triage": ["advice_only", "cancel", "dispatch", "not_required", "recommend"],
    "advice_only": ["cancel", "reopen"],
    "deployed": ["cancel", "dispatch", "en_route", "recommend"],
    "en_route": ["cancel", "dispatch", "en_route", "on_scene", "recommend"],
    "on_scene": ["dispatch", "en_route", "on_scene", "recommend", "stand_down"],
    "stood_down": ["return"],
    "returned": [],
}


def codes(of: Deployment, can, user_id: int = 9) -> list[str]:
    return [action.code for action in available(of, POSSIBLE[of.state], can, user_id)]


def primary(of: Deployment, can) -> str | None:
    found = available(of, POSSIBLE[of.state], can, 9)
    return next((action.code for action in found if action.tone == "primary"), None)


def test_a_negco_recommends_and_decides_nothing():
    assert codes(deployment(), NEGCO) == ["recommend"]
    assert primary(deployment(), NEGCO) == "recommend"


def test_the_fim_decides_and_cancel_stands_last_but_for_command():
    assert codes(deployment(), FIM) == [
        "dispatch", "advice_only", "not_required", "cancel", "hand_over",
    ]  # fmt: skip


def test_a_commander_decides_only_when_in_charge():
    assert codes(deployment(), COMMANDER) == []
    assert "dispatch" in codes(replace(deployment(), in_charge=True), COMMANDER)


def test_a_supervisor_only_reads():
    assert codes(deployment(), SUPERVISOR) == []


@pytest.mark.parametrize(
    ("advised", "expected"),
    [
        ("deploy", "dispatch"),
        ("advice_only", "advice_only"),
        ("not_required", "not_required"),
        (None, "dispatch"),
    ],
)
def test_what_was_recommended_is_the_expected_decision(advised, expected):
    assert primary(deployment("triage", advised=advised), FIM) == expected


def test_recommending_to_cancel_never_makes_cancelling_look_harmless():
    found = available(
        deployment("en_route", member(1, "en_route"), advised="cancel"),
        POSSIBLE["en_route"],
        FIM,
        9,
    )
    assert found[0].code == "cancel"
    assert found[0].tone == "danger"
    assert found[0].label == "Cancel, turn them round…"


def test_states_of_members_are_offered_while_somebody_is_in_a_state_for_it():
    out = deployment("en_route", member(1, "en_route"), member(2, "mobilising"))
    assert [m.negotiator_id for m in members_for("en_route", out)] == [2]
    assert [m.negotiator_id for m in members_for("on_scene", out)] == [1, 2]
    assert {"en_route", "on_scene"} <= set(codes(out, NEGCO))
    all_off = deployment("en_route", member(1, "en_route"))
    assert "en_route" not in codes(all_off, NEGCO)
    assert codes(all_off, OFFICER) == []


def test_the_return_is_the_negcos_or_the_coordinators():
    done = deployment("stood_down", member(1, "released"))
    assert codes(done, NEGCO) == ["return"]
    assert primary(done, COORDINATOR) == "return"
    assert codes(done, FIM) == []


def test_command_is_accepted_by_whom_it_is_offered_to():
    offered = replace(deployment(), handover_to=Person(5, "Insp Lake", "Commander"))
    assert codes(offered, COMMANDER, user_id=5)[0] == "hand_over_accept"
    assert "hand_over_accept" not in codes(offered, COMMANDER, user_id=6)
    assert "Command is offered to Insp Lake and not yet accepted" in next_words(offered)


def test_a_closed_deployment_is_not_handed_over():
    assert codes(deployment("returned"), FIM) == []


def test_next_words_say_who():
    assert next_words(deployment()).startswith(
        "Waiting for a NegCo to recommend. The FIM or the commander"
    )
    assert next_words(deployment("triage", advised="deploy")) == (
        "The FIM or the commander in charge decides on the recommendation."
    )
    out = deployment(
        "en_route", member(1, "en_route"), member(2, "mobilising"), member(3, "released")
    )
    assert next_words(out) == (
        "1 en route, 1 getting ready. The FIM or the commander in charge can still turn them round."
    )
    assert "welfare check" in next_words(deployment("stood_down"))


def test_what_is_possible_in_words():
    assert possible_words(["cancel", "reopen"]) == "Possible now: reopen or cancel."
    assert possible_words(["return"]) == "Possible now: file the return."
    assert possible_words([]) == "Nothing more can be done with it."
    assert possible_words(["advice_only", "cancel", "dispatch"]) == (
        "Possible now: dispatch, decide advice only or cancel."
    )


def test_who_may():
    assert may("cancel", deployment(), FIM)
    assert not may("cancel", deployment(), NEGCO)
    assert may("on_scene", deployment(), NEGCO)
    assert not may("on_scene", deployment(), OFFICER)
