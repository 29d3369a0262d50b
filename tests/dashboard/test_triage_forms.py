"""The second step of every action."""

from __future__ import annotations

import pytest

from sightline.dashboard.errors import InvalidError
from sightline.dashboard.triage.decision.forms import checked, form
from tests.dashboard.triage_values import deployment, member


def names(asked) -> list[str]:
    return [field.name for field in asked.inputs]


def test_cancelling_with_people_on_the_road_says_who_must_be_rung():
    asked = form(
        "cancel",
        deployment(
            "en_route", member(1, "en_route"), member(2, "mobilising"), member(3, "released")
        ),
    )
    assert asked.tone == "danger"
    assert asked.confirm == "Cancel and turn 1 round"
    assert [(t.name, t.standing, t.phone) for t in asked.told] == [
        ("DC 1", "en route", "07700 900000"),
        ("DC 2", "getting ready", "07700 900000"),
    ]
    assert "1 person is on the road" in asked.says


def test_cancelling_before_anybody_is_sent_or_off():
    assert form("cancel", deployment()).confirm == "Cancel the request"
    assert form("cancel", deployment()).told == ()
    assert form("cancel", deployment("deployed", member(1, "mobilising"))).confirm == "Cancel for 1"


def test_marking_is_for_those_in_a_state_for_it_and_all_are_ticked():
    out = deployment("en_route", member(1, "en_route"), member(2, "mobilising"))
    (members, _arrival, _remark) = form("en_route", out).inputs
    assert members.options == (("2", "DC 2, getting ready"),)
    assert members.value == ["2"]
    assert form("on_scene", out).inputs[0].value == ["1", "2"]


def test_an_arrival_is_said_anew_of_those_on_the_road_without_a_remark():
    out = deployment("en_route", member(1, "en_route"), member(2, "mobilising"))
    (members, arrival) = form("arrival", out).inputs
    assert members.options == (("1", "DC 1, en route"),)
    assert not arrival.wanted


def test_dispatch_ticks_who_is_next():
    asked = form(
        "dispatch", deployment(), candidates=[("4", "DC Ash"), ("5", "DC Birch")], preselected=["5"]
    )
    assert asked.inputs[0].value == ["5"]
    assert "rings nobody" in asked.says
    assert form("dispatch", deployment("deployed", member(1, "mobilising"))).confirm == "Send them"


def test_every_decision_wants_a_rationale():
    for action in ("recommend", "dispatch", "advice_only", "not_required", "reopen", "cancel"):
        (rationale,) = [f for f in form(action, deployment()).inputs if f.name == "rationale"]
        assert rationale.wanted, action


@pytest.mark.parametrize("typed", [None, "", "  ", "ok"])
def test_an_empty_rationale_is_refused_by_name(typed):
    with pytest.raises(InvalidError, match="Rationale: say in a few words") as refused:
        checked(form("cancel", deployment()), {"rationale": typed})
    assert refused.value.field == "rationale"


def test_values_are_tidied():
    asked = form("dispatch", deployment(), candidates=[("4", "DC Ash"), ("5", "DC Birch")])
    found = checked(asked, {"members": ["5", "4"], "rationale": " Height. ", "extra": 1})
    assert found == {"members": [5, 4], "rationale": "Height."}


def test_a_member_who_is_no_longer_an_option_is_left_to_the_database_to_refuse():
    out = deployment("deployed", member(1, "mobilising"))
    assert checked(form("en_route", out), {"members": ["1", "2"]})["members"] == [1, 2]
    with pytest.raises(InvalidError, match="are not members"):
        checked(form("en_route", out), {"members": ["1; drop"]})


def test_with_nobody_to_choose_from_the_database_says_why():
    assert checked(form("en_route", deployment("cancelled")), {})["members"] == []


def test_nobody_ticked_is_refused():
    out = deployment("deployed", member(1, "mobilising"))
    with pytest.raises(InvalidError, match="Members: tick at least one"):
        checked(form("en_route", out), {"members": []})


def test_the_return_wants_outcome_summary_and_the_welfare_check():
    asked = form("return", deployment("stood_down", member(1, "released")))
    assert asked.says == "Team: DC 1."
    complete = {
        "outcome": "resolved_by_negotiation",
        "summary": "Came down.",
        "welfare_checked": True,
    }
    assert checked(asked, complete)["lessons"] == ""
    for missing in complete:
        with pytest.raises(InvalidError):
            checked(asked, {**complete, missing: None})


@pytest.mark.parametrize("ticked", [None, False, [], ""])
def test_a_return_is_not_sent_before_everybody_was_asked_whatever_else_is_said(ticked):
    asked = form("return", deployment("stood_down", member(1, "released")))
    values = {"outcome": "not_resolved", "summary": "Came down.", "welfare": "PC 1 shaken"}
    with pytest.raises(InvalidError, match="asked each member.*: tick it once you have") as refused:
        checked(asked, {**values, "welfare_checked": ticked})
    assert refused.value.field == "welfare_checked"


def test_handing_over_names_who_has_command():
    asked = form("hand_over", deployment(), commanders=[("5", "Insp Lake")])
    assert names(asked) == ["to"]
    with pytest.raises(InvalidError, match="To: choose one"):
        checked(asked, {})
