"""How figures of the benchmarks are shown, and when a benchmark ends well."""

import json

import pytest

from benchmarks.measure import Goal, Measure, show


@pytest.mark.parametrize(
    ("value", "goal", "holds"),
    [
        (5.0, Goal(5), True),
        (4.99, Goal(5), False),
        (12.0, Goal(12, at_least=False), True),
        (12.1, Goal(12, at_least=False), False),
        (1.0, None, None),
        (None, Goal(5), False),
        (None, None, None),
    ],
)
def test_a_goal_holds_or_does_not(value, goal, holds):
    measure = Measure("ingest", "a ratio", value, "ratio", goal)
    assert measure.holds is holds
    said = json.loads(measure.as_json())
    assert said.keys() == {"bench", "measure", "value", "unit", "goal", "holds"}
    assert (said["value"], said["holds"]) == (value, holds)


def test_what_could_not_be_measured_says_so_and_does_not_end_well(capsys):
    well = Measure("ingest", "one", 6.0, "ratio", Goal(5))
    unknown = Measure("ingest", "other", None, "ratio", Goal(5))
    assert show([well], as_json=False)
    assert not show([well, unknown], as_json=False)
    assert "not measured" in capsys.readouterr().out.splitlines()[-1]
