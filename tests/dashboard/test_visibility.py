"""Who sees which cameras."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.dashboard.live_map.visibility import (
    NO_ID,
    Attachment,
    CameraFacts,
    Viewing,
    visibility_class,
    visible,
    visible_mask,
)
from tests.conftest import Database
from tests.force import Force

FIM = Viewing(1, "all")
NAMED_FIM = Viewing(2, "all")
COMMANDER = Viewing(3, "assigned")
SERGEANT = Viewing(4, "own_units", unit_ids=frozenset({7}))
OFFICER = Viewing(5, "own", officer_id=44)
NEGCO = Viewing(6, "on_call", on_call=True)
OFF_CALL = Viewing(6, "on_call", on_call=False)
PLANNER = Viewing(8, None)
EVERYBODY = [FIM, NAMED_FIM, COMMANDER, SERGEANT, OFFICER, NEGCO, OFF_CALL, PLANNER]

KIDNAP = Attachment(1, 100, restricted=True, user_ids=frozenset({2}))
BRIDGE = Attachment(1, 101, restricted=False, user_ids=frozenset({3}))


@pytest.mark.parametrize(
    ("camera", "seen_by"),
    [
        (CameraFacts(None, None), {FIM, NAMED_FIM, NEGCO}),
        (CameraFacts(7, 44), {FIM, NAMED_FIM, NEGCO, SERGEANT, OFFICER}),
        (CameraFacts(8, 45), {FIM, NAMED_FIM, NEGCO}),
        (CameraFacts(None, None, (BRIDGE,)), {FIM, NAMED_FIM, NEGCO, COMMANDER}),
        (CameraFacts(7, 44, (KIDNAP,)), {NAMED_FIM}),
        (CameraFacts(7, 44, (KIDNAP, BRIDGE)), {NAMED_FIM}),
    ],
)
def test_each_role_sees_its_own(camera: CameraFacts, seen_by: set[Viewing]) -> None:
    assert {user for user in EVERYBODY if visible(user, camera)} == seen_by


ids = st.integers(1, 4)
attachments = st.builds(
    lambda incident, restricted, users: (incident, restricted, frozenset(users)),
    ids, st.booleans(), st.sets(ids),
)  # fmt: skip
viewings = st.builds(
    Viewing,
    user_id=ids,
    scope=st.sampled_from(["all", "on_call", "assigned", "own_units", "own", None, "coverage"]),
    on_call=st.booleans(),
    unit_ids=st.frozensets(ids),
    officer_id=st.none() | ids,
)


@given(
    users=st.lists(viewings, min_size=2, max_size=6),
    incidents=st.dictionaries(ids, st.tuples(st.booleans(), st.frozensets(ids)), max_size=4),
    cameras=st.lists(
        st.tuples(st.none() | ids, st.none() | ids, st.sets(ids, max_size=2)), max_size=6
    ),
)
def test_a_class_sees_what_each_of_its_users_sees(users, incidents, cameras) -> None:  # type: ignore[no-untyped-def]
    attached = {
        place: tuple(
            Attachment(place, incident, *incidents[incident])
            for incident in sorted(at)
            if incident in incidents
        )
        for place, (_, _, at) in enumerate(cameras)
    }
    everything = [a for found in attached.values() for a in found]
    units = np.array([NO_ID if unit is None else unit for unit, _, _ in cameras], np.int64)
    officers = np.array([NO_ID if one is None else one for _, one, _ in cameras], np.int64)
    for user in users:
        mask = visible_mask(visibility_class(user, everything), units, officers, attached)
        wanted = [
            visible(user, CameraFacts(unit, officer, attached[place]))
            for place, (unit, officer, _) in enumerate(cameras)
        ]
        assert mask.tolist() == wanted


def test_nobody_is_asked_to_prove_a_unit_that_does_not_exist() -> None:
    mask = visible_mask(
        visibility_class(Viewing(4, "own_units", unit_ids=frozenset()), []),
        np.array([NO_ID, 7]), np.array([NO_ID, 44]), {},
    )  # fmt: skip
    assert not mask.any()


async def test_the_database_says_the_same(database: Database) -> None:
    """`camera_visible` for one camera at a restricted and one at an open incident, asked as every role."""
    force = await Force.create(database)
    hidden, plain, free = [await force.camera(f"C{n}") for n in range(3)]
    secret, bridge = await force.incident("Kidnap", restricted=True), await force.incident()
    await force.at_incident(hidden, secret)
    await force.at_incident(plain, bridge)
    people = {
        role: await force.user(role) for role in ("fim", "commander", "supervisor", "planner")
    }
    people["named"] = await force.user("fim", "named")
    await force.assign(people["named"], secret)
    await force.assign(people["commander"], bridge, "commander")
    rows = await force.owner.fetch("select * from feed_visibility()")
    found = [
        Attachment(r["camera_id"], r["incident_id"], r["restricted"], frozenset(r["user_ids"]))
        for r in rows
    ]
    scopes = {"fim": "all", "named": "all", "commander": "assigned", "supervisor": "own_units"}
    seen = {}
    for name, person in people.items():
        user = Viewing(person.user_id, scopes.get(name))
        async with force.acting(person) as connection:
            for camera in (hidden, plain, free):
                facts = CameraFacts(None, None, tuple(a for a in found if a.camera_id == camera))
                said = await connection.fetchval("select camera_visible($1)", camera)
                assert visible(user, facts) == said, (name, camera)
                seen[name, camera] = said
    assert seen["named", hidden]
    assert not seen["fim", hidden]
    assert seen["commander", plain]
    assert not seen["commander", free]
