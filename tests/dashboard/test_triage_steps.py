"""How far a deployment has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sightline.dashboard.triage.incident.steps import State, steps

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
ALL = (
    "requested", "triage", "advice_only", "not_required", "deployed", "en_route", "on_scene",
    "stood_down", "returned", "cancelled", "cancelled_en_route",
)  # fmt: skip


def reached(*codes: str) -> list[State]:
    at = {code: NOW + timedelta(minutes=i) for i, code in enumerate(codes)}
    return [State(code, code, at.get(code)) for code in ALL]


def line(present: str, states) -> list[tuple[str, str]]:
    return [(step.name, step.standing) for step in steps(present, states)]


def test_on_the_way():
    assert line("deployed", reached("requested", "triage", "deployed")) == [
        ("requested", "done"), ("triage", "done"), ("deployed", "now"), ("en_route", "ahead"),
        ("on_scene", "ahead"), ("stood_down", "ahead"), ("returned", "ahead"),
    ]  # fmt: skip


def test_a_step_that_was_skipped_is_behind_without_a_time():
    found = steps("deployed", reached("requested", "deployed"))
    assert (found[1].standing, found[1].at) == ("done", None)


def test_an_end_off_the_way_closes_the_line():
    assert line("cancelled_en_route", reached("requested", "deployed", "en_route", "cancelled_en_route")) == [
        ("requested", "done"), ("deployed", "done"), ("en_route", "done"), ("cancelled_en_route", "now"),
    ]  # fmt: skip
    assert line("advice_only", reached("requested", "triage", "advice_only"))[-1] == (
        "advice_only",
        "now",
    )
