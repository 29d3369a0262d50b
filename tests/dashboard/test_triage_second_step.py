"""Doing what the forms of the triage page say, on the real database, as each role."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from plotly.utils import PlotlyJSONEncoder

from sightline.dashboard.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from sightline.dashboard.operations import deployments, incidents
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.decision.second_step import (
    do,
    open_acknowledgement,
    open_form,
    take,
    write_entry,
)
from sightline.dashboard.triage.layout import drawn, layout
from sightline.dashboard.triage.request import send as requests
from sightline.dashboard.triage.view import count, read_view
from tests.dashboard.triage_values import acting


async def request(force, what: str = "on the roof") -> int:
    async with acting(force, "fim") as act:
        return await requests.send(act, {"incident": str(force.incident), "what": what})


async def step(force, role: str, deployment: int, action: str, **values) -> None:
    async with acting(force, role) as act:
        await take(act, deployment, action, values)


async def state(force, deployment: int) -> str:
    return await force.owner.fetchval("select state from deployment where id = $1", deployment)


async def view(force, role: str, selected: int | None = None):
    async with acting(force, role) as act:
        return await read_view(act, selected, datetime.now(UTC))


async def test_from_request_to_cancelled_en_route(force):
    deployment = await request(force)
    await step(
        force, "negco", deployment, "recommend", recommendation="deploy", rationale="Height."
    )
    async with acting(force, "fim") as act:
        asked = await open_form(act, deployment, "dispatch")
    ticked = asked.inputs[0].value
    assert ticked == [str(force.negotiators["N1"]), str(force.negotiators["N2"])]
    await step(force, "fim", deployment, "dispatch", members=ticked, rationale="As recommended.")
    await step(force, "negco", deployment, "en_route", members=ticked[:1])
    async with acting(force, "fim") as act:
        asked = await open_form(act, deployment, "cancel")
    assert asked.confirm == "Cancel and turn 1 round"
    assert len(asked.told) == 2
    await step(force, "fim", deployment, "cancel", rationale="Came down by himself.")
    assert await state(force, deployment) == "cancelled_en_route"
    found = (await view(force, "fim", deployment)).opened
    assert [s.name for s in found.steps][-1] == "Cancelled en route"
    assert found.actions == ()
    assert "Came down by himself." in found.log[0].entry.text


async def test_on_scene_stand_down_and_return_by_the_coordinator(force):
    deployment = await request(force)
    one = str(force.negotiators["N1"])
    await step(force, "fim", deployment, "dispatch", members=[one], rationale="Now.")
    await step(force, "fim", deployment, "en_route", members=[one])
    await step(force, "negco", deployment, "on_scene", members=[one])
    await step(force, "fim", deployment, "stand_down", members=[one], rationale="Safe.")
    with pytest.raises(InvalidError, match="What happened"):
        await step(force, "coordinator", deployment, "return", outcome="not_resolved")
    await step(
        force, "coordinator", deployment, "return", outcome="resolved_by_negotiation",
        summary="Came down.", welfare_checked=["yes"], welfare="",
    )  # fmt: skip
    assert await state(force, deployment) == "returned"
    async with acting(force, "fim") as act:
        filed = (await deployments.get(act, deployment))["return"]
    assert filed["welfare_check"] is True
    assert filed["outcome"] == "resolved_by_negotiation"


async def test_an_arrival_is_said_on_setting_off_and_anew_by_those_who_may(force):
    deployment = await request(force)
    one = str(force.negotiators["N1"])
    await step(force, "fim", deployment, "dispatch", members=[one], rationale="Now.")
    with pytest.raises(InvalidError, match="'soon' is neither a time nor minutes"):
        await step(force, "fim", deployment, "en_route", members=[one], arrival="soon")
    assert await state(force, deployment) == "deployed"
    await step(force, "fim", deployment, "en_route", members=[one], arrival="25")

    async def expected():
        (member,) = (await view(force, "fim", deployment)).opened.deployment.members
        return member.arrival

    assert timedelta(minutes=24) < await expected() - datetime.now(UTC) <= timedelta(minutes=25)
    for role in ("fim", "negco"):
        offered = [a.code for a in (await view(force, role, deployment)).opened.actions]
        assert "arrival" in offered, role
    await step(force, "negco", deployment, "arrival", members=[one], arrival="40 min")
    assert await expected() - datetime.now(UTC) > timedelta(minutes=39)
    await step(force, "fim", deployment, "arrival", members=[one], arrival="")
    assert await expected() is None
    await step(force, "fim", deployment, "on_scene", members=[one])
    assert "arrival" not in [a.code for a in (await view(force, "fim", deployment)).opened.actions]


async def test_who_comes_second_hears_what_is_possible_now(force):
    deployment = await request(force)
    await step(force, "fim", deployment, "not_required", rationale="Came down.")
    with pytest.raises(ConflictError) as refused:
        await step(
            force, "fim", deployment, "dispatch",
            members=[str(force.negotiators["N1"])], rationale="Go.",
        )  # fmt: skip
    assert refused.value.possible == ["cancel", "reopen"]


async def test_a_negco_does_not_dispatch_even_with_the_form_in_hand(force):
    deployment = await request(force)
    with pytest.raises(ForbiddenError):
        await step(force, "negco", deployment, "dispatch", members=["1"], rationale="Go.")
    assert await state(force, deployment) == "requested"


async def test_command_is_offered_and_accepted(force):
    deployment = await request(force)
    await step(force, "fim", deployment, "hand_over", to="commander")
    opened = (await view(force, "commander", deployment)).opened
    assert [action.code for action in opened.actions] == ["hand_over_accept"]
    await step(force, "commander", deployment, "hand_over_accept")
    opened = (await view(force, "commander", deployment)).opened
    assert opened.deployment.commander.name == "Commander"
    assert "dispatch" in [action.code for action in opened.actions]


async def test_advice_is_written_and_understood_by_radio(force):
    deployment = await request(force)
    async with acting(force, "negco") as act:
        await write_entry(act, deployment, "advice", "Use his name.")
    (line, *_) = (await view(force, "fim", deployment)).opened.log
    assert (line.entry.kind, line.open) == ("advice", True)
    async with acting(force, "fim") as act:
        assert (await open_acknowledgement(act, deployment, line.entry.id)).text == "Use his name."
        await do(act, {"deployment": deployment, "entry": line.entry.id}, {"by": " PC 4417 "})
    answered = (await view(force, "negco", deployment)).opened.log[1]
    assert [entry.acknowledged_by for entry in answered.understood] == ["PC 4417"]


async def test_only_a_negco_writes_advice_and_a_supervisor_nothing(force):
    deployment = await request(force)
    async with acting(force, "fim") as act:
        with pytest.raises(ForbiddenError):
            await write_entry(act, deployment, "advice", "Use his name.")
    assert (await view(force, "negco", deployment)).opened.kinds == (
        "advice",
        "note",
        "observation",
    )
    await force.owner.execute(
        "insert into incident_camera (incident_id, camera_id) values ($1, $2)",
        force.incident, force.cameras["CAM-1"],
    )  # fmt: skip
    seen = (await view(force, "supervisor", deployment)).opened
    assert (seen.kinds, seen.actions, seen.sees_rota) == ((), (), False)


async def test_what_is_not_there_is_said_and_the_queue_stays(force):
    deployment = await request(force)
    found = await view(force, "fim", 999_999)
    assert found.missing
    assert [w.id for w in found.waiting] == [deployment]
    async with acting(force, "fim") as act:
        with pytest.raises(NotFoundError):
            await open_form(act, 999_999, "cancel")
        with pytest.raises(NotFoundError):
            await open_form(act, deployment, "explode")
        assert await count(act) == 1


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30, 1e30, 1.5, True, "7"])
async def test_a_number_from_the_address_that_no_request_can_have(force, number):
    deployment = await request(force)
    found = await view(force, "fim", number)
    assert found.missing
    assert [w.id for w in found.waiting] == [deployment]
    with pytest.raises(InvalidError) as refused:
        async with acting(force, "fim") as act:
            await requests.send(act, {"incident": "9" * 5000, "what": "x"})
    assert refused.value.field == "incident"


@pytest.mark.parametrize("address", ["0", "x", "9" * 30, "9" * 5000, "\u0661", "1.5", ""])
def test_an_address_that_names_no_request_opens_the_first(address):
    assert selected(address) is None
    assert selected("42") == 42


def selected(address):
    """What the page's frame takes from its address."""
    stores = {getattr(part, "id", None): part for part in layout(deployment=address).children}
    return stores[ids.SELECTED].data


async def test_telephone_numbers_are_for_whoever_rings_people(force):
    await force.owner.execute("update negotiator set phone = '07700 900123'")
    await force.owner.execute(
        "insert into incident_camera (incident_id, camera_id) values ($1, $2)",
        force.incident, force.cameras["CAM-1"],
    )  # fmt: skip
    deployment = await request(force)
    one = str(force.negotiators["N1"])
    await step(force, "fim", deployment, "dispatch", members=[one], rationale="Now.")
    for role, shown in (
        ("fim", True),
        ("negco", True),
        ("coordinator", True),
        ("supervisor", False),
    ):
        page = json.dumps(drawn(await view(force, role, deployment)), cls=PlotlyJSONEncoder)
        assert ("900123" in page) == shown, role
        assert "Nora One" in page
        assert "no number" not in page


async def test_a_request_for_a_new_incident_makes_it_at_the_typed_place(force):
    async with acting(force, "fim") as act:
        made = await requests.send(
            act,
            {
                "incident": "new", "new_title": "Woman on a crane", "new_grade": "priority",
                "new_place": "TR 148 578", "talkgroup": "INC-3", "what": "  ", "threat": "Height",
            },
        )  # fmt: skip
        document = await deployments.get(act, made)
        incident = await incidents.get(act, document["incident"])
    assert document["request"] == {"threat": "Height", "talkgroup": "INC-3"}
    assert (incident["title"], incident["grade"], incident["talkgroup"]) == (
        "Woman on a crane", "priority", "INC-3",
    )  # fmt: skip
    assert round(incident["lat"], 2) == 51.28


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "incident"),
        ({"incident": "new", "new_grade": "priority"}, "new_title"),
        ({"incident": "new", "new_title": "x", "new_grade": "priority", "new_place": "there"}, "new_place"),
    ],
)  # fmt: skip
async def test_what_a_request_lacks_is_named(force, values, field):
    async with acting(force, "fim") as act:
        with pytest.raises(InvalidError) as refused:
            await requests.send(act, values)
    assert refused.value.field == field


async def test_a_request_from_an_officers_card_knows_where_and_whom(force):
    async with acting(force, "fim") as act:
        begun = await requests.begin(act, str(force.incident), "CAM-1")
    assert begun.chosen == str(force.incident)
    assert begun.values["where"].endswith("with PC Jane Doe 4417")
    assert begun.options[-1] == ("new", "A new incident")
    async with acting(force, "supervisor") as act:
        assert (await requests.begin(act, None, None)).options == ()
    async with acting(force, "negco") as act:
        with pytest.raises(ForbiddenError):
            await requests.begin(act, None, None)


async def test_a_negco_off_call_and_a_coordinator_read_why_there_are_no_cameras(force):
    deployment = await request(force)
    assert (await view(force, "negco", deployment)).opened.hidden is None
    await force.owner.execute(
        "delete from rota_shift where negotiator_id = $1", force.negotiators["N4"]
    )
    seen = (await view(force, "negco", deployment)).opened
    assert (seen.cameras, seen.hidden) == ((), "You see cameras while you are on call.")
    seen = (await view(force, "coordinator", deployment)).opened
    assert seen.hidden == "Your role does not see cameras."
