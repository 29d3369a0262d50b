"""When somebody says they will be there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations.arrival import arrival_time

LONDON = ZoneInfo("Europe/London")
WINTER = datetime(2026, 11, 28, 23, 50, 30, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 13, 0, tzinfo=UTC)


AUTUMN = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
"""Ten to two in summer time; at two, clocks go back to one."""


@pytest.mark.parametrize(
    ("text", "now", "meant"),
    [
        ("25", WINTER, WINTER + timedelta(minutes=25)),
        (" 25 min ", WINTER, WINTER + timedelta(minutes=25)),
        ("90 minutes", WINTER, WINTER + timedelta(minutes=90)),
        ("130m", WINTER, WINTER + timedelta(minutes=130)),
        ("0", WINTER, WINTER),
        ("23:55", WINTER, datetime(2026, 11, 28, 23, 55, tzinfo=UTC)),
        ("00:20", WINTER, datetime(2026, 11, 29, 0, 20, tzinfo=UTC)),
        ("0020", WINTER, datetime(2026, 11, 29, 0, 20, tzinfo=UTC)),
        ("7.05", WINTER, datetime(2026, 11, 29, 7, 5, tzinfo=UTC)),
        # said a little late, it is not tomorrow's
        ("23:48", WINTER, datetime(2026, 11, 28, 23, 48, tzinfo=UTC)),
        ("23:58", datetime(2026, 11, 29, 0, 2, tzinfo=UTC), datetime(2026, 11, 28, 23, 58, tzinfo=UTC)),
        # clocks of the force, also in the night in which they go back
        ("14:30", SUMMER, datetime(2026, 7, 1, 13, 30, tzinfo=UTC)),
        ("01:55", AUTUMN, datetime(2026, 10, 25, 0, 55, tzinfo=UTC)),
        ("01:10", AUTUMN, datetime(2026, 10, 25, 1, 10, tzinfo=UTC)),
        ("02:10", AUTUMN, datetime(2026, 10, 25, 2, 10, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_time_or_minutes(text: str, now: datetime, meant: datetime) -> None:
    assert arrival_time(text, now, LONDON) == meant


def test_nothing_said_is_nothing_known() -> None:
    assert arrival_time("  ", WINTER, LONDON) is None


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        *((text, "is neither a time nor minutes") for text in ("soon", "25:10", "12:60", "-5", "1e3", "12:3", "1:234", "٢٥", "130", "930", "99999")),
        *((text, "is over, or too far ahead") for text in ("23:40", "12:00", "721 min")),
    ],
)  # fmt: skip
def test_what_is_neither_is_refused_with_what_is_allowed(text: str, trouble: str) -> None:
    with pytest.raises(InvalidError) as said:
        arrival_time(text, WINTER, LONDON)
    assert f"{text!r} {trouble}" in str(said.value)
    assert "a time (02:40) or minutes (25), within 12 hours" in str(said.value)
