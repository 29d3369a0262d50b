"""What TAK programs are shown, without sockets and database: who is in the picture, and each event made once."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from sightline.ingest.cot.picture import Caption, Picture, Where
from tests.ingest.cot_client import moment

HERE = Where(1_795_730_194_000, 51.2724, 0.5223, 4.8, None, None, None, None, 3)


@pytest.fixture
def picture() -> Picture:
    made = Picture("a-f-G-U-C")
    made.put_captions({1: Caption("C1", "MK1"), 2: Caption("C2", "MK2")})
    made.put_places([(1, HERE), (2, HERE), (3, HERE)])
    return made


def stale_s(event: bytes) -> float:
    read = ET.fromstring(event)
    return (moment(read.get("stale")) - moment(read.get("time"))).total_seconds()


def test_who_is_in_use_has_a_position_and_is_not_hidden_is_shown(picture: Picture) -> None:
    assert picture.shown() == [1, 2]  # 3 is in nobody's use
    assert picture.put_hidden(frozenset({2})) == ({2}, frozenset())
    assert picture.shown() == [1]
    assert picture.put_hidden(frozenset({1})) == ({1}, {2})
    assert picture.shown() == [2]
    picture.put_captions({1: Caption("C1", "MK1")})
    assert picture.shown() == []


def test_an_event_is_made_once_until_it_changes(picture: Picture) -> None:
    first = picture.event(1)
    assert picture.event(1) is first
    assert picture.put_places([(1, HERE)]) == set()
    assert picture.event(1) is first
    assert picture.put_places([(1, HERE._replace(lat=51.3))]) == {1}
    assert b'lat="51.3000000"' in picture.event(1)
    assert picture.put_captions({1: Caption("C1", "MK9"), 2: Caption("C2", "MK2")}) == {1}
    assert b'callsign="MK9"' in picture.event(1)


@pytest.mark.parametrize(("recording", "seconds"), [(3, 120), (2, 120), (1, 240), (0, 240)])
def test_stale_follows_the_interval_that_is_expected(
    picture: Picture, recording: int, seconds: float
) -> None:
    picture.put_places([(1, HERE._replace(recording=recording))])
    assert stale_s(picture.event(1)) == seconds


def test_stale_follows_the_force_s_settings(picture: Picture) -> None:
    picture.stale_after_s, picture.intervals_s = 60, {3: 20}
    assert stale_s(picture.event(1)) == 80
    picture.stale_after_s = 300
    assert stale_s(picture.event(2)) == 300


def test_when_the_database_is_lost_nothing_is_known(picture: Picture) -> None:
    picture.put_hidden(frozenset({1}))
    picture.clear()
    assert picture.shown() == []
    assert picture.put_places([(1, HERE)]) == {1}
    assert not picture.shows(1)
