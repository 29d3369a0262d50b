"""The pages of lists: audit, coverage, administration, who watched me."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sightline.dashboard.admin.view import LISTS, read_list
from sightline.dashboard.audit.chain import (
    Chain,
    chain_words,
    is_late,
    read_chain,
    verdict_words,
    verify_chain,
)
from sightline.dashboard.audit.view import PERIODS, read_actions, read_rows, wanted
from sightline.dashboard.audit.words import action_words, date_time, detail_words, reason_words
from sightline.dashboard.coverage.view import ask, observations
from sightline.dashboard.errors import ForbiddenError, InvalidError
from sightline.dashboard.operations import deployments
from sightline.dashboard.watched_me.view import read as read_watched
from sightline.sql.audit import AuditReport, seal, signing_key
from sightline.sql.audit_head import HeadFile
from tests.dashboard.triage_values import acting

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)


# audit


def test_filters_are_what_was_chosen_and_nothing_else():
    found = wanted(
        {"period": "24", "action": "stream.open", "outcome": "", "actor": " fim ", "object": None},
        NOW,
        77,
    )
    assert (found.action, found.actor, found.outcome, found.before) == (
        "stream.open",
        "fim",
        None,
        77,
    )
    assert found.start == NOW - timedelta(hours=24)
    assert wanted({"period": ""}, NOW).start is None
    assert set(PERIODS) >= {"1", "24", ""}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"incident": "seven"}, "incident"),
        ({"period": "5"}, "period"),
        ({"outcome": "maybe"}, "outcome"),
    ],
)
def test_a_wrong_filter_is_named(values, field):
    with pytest.raises(InvalidError) as refused:
        wanted(values, NOW)
    assert refused.value.field == field


async def test_rows_are_read_and_the_reading_is_a_row(force):
    async with acting(force, "auditor") as act:
        rows = await read_rows(act, wanted({"period": "1"}, datetime.now(UTC)))
        assert "audit.read" in await read_actions(act)
    assert rows[0]["action"] == "audit.read"
    assert rows[0]["actor"] == "auditor"
    assert len(await force.audit("audit.read")) >= 1


@pytest.mark.parametrize("incident", ["0", "x", "9" * 30, "9" * 5000, "\u0661"])
def test_the_number_of_an_incident_that_cannot_be(incident):
    with pytest.raises(InvalidError, match="not the number of an incident") as refused:
        wanted({"incident": incident}, NOW)
    assert refused.value.field == "incident"


async def test_nobody_else_reads_the_audit(force):
    for role in ("fim", "admin", "officer"):
        async with acting(force, role) as act:
            with pytest.raises(ForbiddenError):
                await read_rows(act, wanted({}, NOW))
            with pytest.raises(ForbiddenError):
                await read_chain(act, force.services.settings)
            with pytest.raises(ForbiddenError):
                await verify_chain(act, force.services.settings)


async def test_the_chain_holds_until_a_row_is_altered_behind_its_back(force):
    audit = await force.database.connect("audit")
    async with acting(force, "fim") as act:
        await act.connection.fetchval("select audit_append('access', 'test', 'x', '1')")
    sealed = await seal(
        audit, signing_key(force.database.data_dir), HeadFile(force.database.settings)
    )
    async with acting(force, "auditor") as act:
        found = await read_chain(act, force.services.settings)
        report = await verify_chain(act, force.services.settings)
    assert found.sealed == found.signed == sealed
    assert report.holds
    assert verdict_words(report).startswith(f"The chain holds: {sealed} rows")
    behind = await force.database.superuser()
    bad = await behind.fetchval("select min(entry_id) from audit_seal")
    await behind.execute("alter table audit_entry disable trigger all")
    await behind.execute("update audit_entry set reason = 'nothing to see' where id = $1", bad)
    async with acting(force, "auditor") as act:
        report = await verify_chain(act, force.services.settings)
    assert verdict_words(report) == (
        f"The chain does not hold at row {bad}: the row is not as it was when it was sealed."
        " The 0 rows before it hold."
    )
    assert [row["actor"] for row in await force.audit("audit.verify")] == ["auditor", "auditor"]


def test_how_far_the_audit_is_sealed_in_words():
    found = Chain(1200, 1200, NOW, 3, NOW - timedelta(seconds=90))
    assert (
        chain_words(found, NOW) == "1,200 rows sealed. 3 wait for their seal, the oldest for 1 min."
    )
    assert is_late(found, NOW)
    assert not is_late(Chain(5, 5, NOW, 0, None), NOW)
    assert chain_words(Chain(5, 5, NOW, 0, None), NOW) == "5 rows sealed."
    assert (
        verdict_words(AuditReport(0, 9, 0))
        == "Nothing is sealed yet. 9 newer rows wait for their seal."
    )


def test_one_row_waits_and_what_came_just_now_has_not_waited():
    one = Chain(1, 1, NOW, 1, NOW - timedelta(seconds=90))
    assert chain_words(one, NOW) == "1 row sealed. 1 waits for its seal, for 1 min."
    assert chain_words(Chain(5, 5, NOW, 1, NOW), NOW) == "5 rows sealed. 1 waits for its seal."
    assert (
        verdict_words(AuditReport(0, 1, 0))
        == "Nothing is sealed yet. 1 newer row waits for its seal."
    )


async def test_rows_are_in_words_and_what_is_stored_is_at_hand(force):
    async with acting(force, "fim") as act:
        made = (await deployments.request(act, force.incident, {"what": "on the roof"}))["id"]
        await deployments.decide(act, made, "not_required", "Came down.")
    async with acting(force, "auditor") as act:
        rows = await read_rows(act, wanted({"action": "deployment"}, datetime.now(UTC)))
    row = rows[0]
    assert (row["action"], row["done"]) == ("deployment.not_required", "Decided: not required")
    assert row["role"] == "FIM"
    assert row["detail"] == "from requested to not required"
    assert '"to": "not_required"' in row["stored"]


def test_times_and_details_of_rows_as_people_read_them():
    assert date_time(datetime(2026, 7, 21, 8, 32, 11, tzinfo=UTC)) == "21 Jul 2026 09:32:11"
    assert detail_words({"from": "triage", "to": "en_route", "members": [3, 4]}) == (
        "from triage to en route; members 3, 4"
    )
    assert detail_words({"by": "password"}) == "with password"
    assert (
        detail_words({"code": "stale", "why": "Nothing has been heard."})
        == "Nothing has been heard."
    )
    assert detail_words({"code": "csrf_wrong"}) == "csrf wrong"
    assert detail_words({"from": "2026-11-20T09:32:11Z", "limit": 200}) == (
        "from 20 Nov 2026 09:32:11; at most 200"
    )
    assert detail_words({}) == ""
    assert action_words("kettle.boil") == "kettle.boil"
    assert reason_words("state on_scene") == "not possible in the state on scene"
    assert reason_words("Kept my own words") == "Kept my own words"


def test_a_chain_that_was_cut_off_is_named_by_its_place():
    report = AuditReport(9, 0, 12, None, 10, "the chain ends at 9, but a head was signed at 12")
    assert verdict_words(report).startswith("The chain does not hold at place 10: the chain ends")


# coverage


async def test_the_forecast_of_a_typed_place_says_what_it_rests_on(force):
    async with acting(force, "planner") as act:
        answer = await ask(act, "TR 148 578")
    assert answer.reference == "TR 1485 5785"
    assert answer.forecast.headline == "Untested by this force"
    said = dict(observations(answer))
    assert said["Observations with a signal"] == "0"
    assert said["RSRP, median"] == "not known"
    assert said["Share poor, 95% confidence"] == "not known"


async def test_what_was_measured_there_is_counted(force):
    from sightline.ingest.forecast import cells_around

    cell = cells_around(51.0, 1.0)[0]
    for day in range(4):
        for number in range(8):
            await force.owner.execute(
                "insert into coverage_bin (camera_id, bin_start, cell, samples, rsrp_dbm)"
                " values ($1, now() - make_interval(days => $2, mins => 5 * $3), $4, 5, -95)",
                force.cameras[f"CAM-{1 + number % 4}"], day, number, cell,
            )  # fmt: skip
    async with acting(force, "fim") as act:
        answer = await ask(act, "51.0, 1.0")
    said = dict(observations(answer))
    assert said["Observations with a signal"] == "32"
    assert said["Cameras"] == "4"
    assert said["RSRP, median"] == "−95 dBm"
    assert said["Uplink, median"] == "not known"
    assert answer.forecast.verdict == "clear"


async def test_no_place_and_no_right(force):
    async with acting(force, "planner") as act:
        with pytest.raises(InvalidError, match="is not a grid reference"):
            await ask(act, "the pub")
    async with acting(force, "officer") as act:
        with pytest.raises(ForbiddenError):
            await ask(act, "TR 148 578")


# administration


@pytest.mark.parametrize("which", LISTS)
async def test_the_administrator_sees_each_list_and_nobody_else_does(force, which):
    async with acting(force, "admin") as act:
        rows = await read_list(act, which)
    assert len(rows) == {"users": 9, "cameras": 4, "bridges": 0}[which]
    assert len(await force.audit(f"admin.{which}")) == 1
    async with acting(force, "fim") as act:
        with pytest.raises(ForbiddenError):
            await read_list(act, which)


async def test_a_list_that_is_not_there_is_refused(force):
    async with acting(force, "admin") as act:
        with pytest.raises(InvalidError):
            await read_list(act, "secrets")


# who watched me


async def test_an_officer_sees_who_watched_and_why(force):
    await force.hears_relay()
    async with acting(force, "fim") as act:
        await act.connection.fetchrow(
            "select * from stream_open('CAM-4', 'scene_advice', 'to advise the scene', $1, $2)",
            force.incident, b"x" * 32,
        )  # fmt: skip
    async with acting(force, "officer") as act:
        (seen,) = await read_watched(act, datetime.now(UTC) + timedelta(minutes=1), 31)
    assert (seen.by, seen.why, seen.camera, seen.what) == (
        "FIM Fim", "Advice to the scene", "CAM-4", "Live picture",
    )  # fmt: skip
    async with acting(force, "fim") as act:
        with pytest.raises(ForbiddenError):
            await read_watched(act, NOW, 1)
