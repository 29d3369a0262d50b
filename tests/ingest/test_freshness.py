"""How old is too old."""

import pytest

from sightline.ingest.freshness import INTERVALS_S, freshness


@pytest.mark.parametrize(
    ("age_s", "interval_s", "word"),
    [
        (None, 1, "never"),
        (0, 1, "live"),
        (30, 1, "live"),
        (30.1, 1, "ageing"),
        (120, 1, "ageing"),
        (120.1, 1, "stale"),
        (100, 60, "live"),
        (120.1, 60, "ageing"),
        (240, 60, "ageing"),
        (240.1, 60, "stale"),
        (1_700, 900, "live"),
        (-3, 1, "live"),
    ],
)
def test_relative_to_the_expected_interval(age_s, interval_s, word):
    assert freshness(age_s, interval_s) == word


async def test_the_database_says_the_same(database):
    owner = await database.connect()
    intervals = dict(await owner.fetch("select recording, interval_s from report_interval"))
    assert intervals == INTERVALS_S
    for recording, interval_s in INTERVALS_S.items():
        for age_s in (0, 29, 31, 119, 121, 239, 241, 10_000):
            stale = await owner.fetchval(
                "select is_stale(clock_timestamp() - make_interval(secs => $1), $2)",
                age_s,
                recording,
            )
            assert stale is (freshness(age_s, interval_s) == "stale"), (age_s, recording)
    assert await owner.fetchval("select is_stale(null, 3::smallint)")
