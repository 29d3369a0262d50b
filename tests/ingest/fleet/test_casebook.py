"""The invented incidents: where they are, who is there, and that their stories hold."""

from __future__ import annotations

import numpy as np

from sightline.ingest.fleet.casebook import (
    MINUTE_S,
    POSTED_TO_EACH,
    open_incidents,
    open_sites,
    past_incidents,
    postings,
)
from sightline.ingest.fleet.force import Force, build_force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.history import Attendance, history
from sightline.ingest.fleet.scenarios import OPEN_SCENARIOS, PAST_SCENARIOS
from tests.ingest.fleet.conftest import EPOCH_S


def test_open_incidents_have_officers_who_arrived_after_it_began(ground: Ground, force: Force):
    sites = open_sites(ground, force)
    assert len(set(sites)) == len(OPEN_SCENARIOS)
    assert ground.places[sites[0]].kind == "bridge"
    posted = postings(ground, force, sites)
    assert len(posted) == POSTED_TO_EACH * len(sites)
    for incident in open_incidents(ground, force, sites, posted, EPOCH_S):
        assert incident.opened_s < EPOCH_S
        assert incident.closed_s is None
        assert len(incident.cameras) == POSTED_TO_EACH
        for number, since, until in incident.cameras:
            assert incident.opened_s < since <= EPOCH_S
            assert until is None
            division = ground.places[incident.site].division
            assert force.officers[number].division == division


def test_several_cameras_can_stream_from_them(ground: Ground, force: Force):
    for site in open_sites(ground, force):
        x, y = ground.xy(site)
        at = np.ones(50)
        for operator in range(2):
            heard = ground.radio.hear(operator, x * at, y * at, 1e9 + 10 * np.arange(50), at)
            assert heard.service.all()
            assert np.median(heard.uplink_kbps) > 2_500


def test_a_tiny_force_has_no_open_incidents(ground: Ground):
    force = build_force(ground, 4, 1)
    assert open_sites(ground, force) == []
    assert postings(ground, force, []) == {}


def test_past_incidents_are_what_officers_attended(ground: Ground, force: Force):
    attendances = [a for group in history(ground, force, EPOCH_S, {}) for a in group.attendances]
    incidents = past_incidents(attendances, EPOCH_S)
    assert 10 <= len(incidents) <= len(PAST_SCENARIOS)
    assert len({i.log_number for i in incidents}) == len(incidents)
    for incident in incidents:
        assert EPOCH_S - 8 * 86_400 < incident.opened_s < incident.closed_s < EPOCH_S
        for number, start, end in incident.cameras:
            assert any(
                (a.officer, a.site, a.start_s) == (number, incident.site, start) and a.end_s == end
                for a in attendances
            )
    assert sum(len(i.cameras) > 1 for i in incidents) >= len(incidents) // 2


def test_attendances_at_one_place_and_time_are_one_incident():
    together = [
        Attendance(1, 9, 1_000.0, 2_000.0, recorded=True),
        Attendance(2, 9, 1_500.0, 2_500.0, recorded=False),
        Attendance(3, 8, 1_500.0, 2_500.0, recorded=True),
    ]
    incidents = past_incidents(together, 80_000)
    assert [len(i.cameras) for i in incidents] == [2]
    assert incidents[0].opened_s == 1_000 - 6 * MINUTE_S


def test_stories_are_told_in_order():
    for scenario in (*OPEN_SCENARIOS, *PAST_SCENARIOS):
        assert "{place}" in scenario.title
        steps = [step.after_min for step in scenario.steps]
        assert steps == sorted(steps)
        assert not scenario.steps or scenario.request is not None
        assert (scenario.returned is None) == all(s.action != "return" for s in scenario.steps)
