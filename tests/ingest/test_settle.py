"""What is believed, of all of a camera's fixes: the rule itself, and the rule whatever the order in which they came."""

import itertools
import random
from datetime import timedelta

import pytest

from sightline.ingest.merge import FLAG_DOUBTED, MergeRules
from sightline.ingest.settle import Seen, is_settled, judge
from sightline.ingest.settling import MOST_SPANS, Span, spans
from tests.ingest.camera_client import until
from tests.ingest.history.test_packing import hour_ago, pack
from tests.ingest.test_writer import TODAY, Desk, at, make_ready
from tests.ingest.walk import NORTH_M, fix, report, walk

RULES = MergeRules()
HOME, AWAY, FAR = 0.0, 40_000.0, 90_000.0
DAYS, DAY_S = 12, 86_400
"""So far back history has a place for fixes."""


def seen(at_s, north_m=HOME, **more):
    return Seen(round(at_s * 1e6), 51 + north_m * NORTH_M, 0.0, content=round(at_s * 10), **more)


def believed(*norths_m, before=None):
    """Which fixes a second apart are believed, as a text of + and −."""
    fixes = [seen(at, north_m) for at, north_m in enumerate(norths_m)]
    return "".join("+" if one else "-" for one in judge(before, fixes, RULES).believed)


class TestRule:
    def test_a_walk(self):
        assert believed(0, 1, 2, 3) == "++++"

    def test_a_ghost_between(self):
        assert believed(HOME, HOME, AWAY, HOME) == "++-+"
        assert believed(HOME, AWAY, AWAY, HOME) == "+--+"

    def test_a_ghost_at_the_end_waits(self):
        verdict = judge(None, [seen(0), seen(1, AWAY)], RULES)
        assert (verdict.believed, verdict.newest, verdict.open) == ([True, False], 0, 1)
        assert "40000 m in 1 s" in verdict.why[1]

    def test_three_that_agree_are_believed_all(self):
        assert believed(HOME, AWAY, AWAY, AWAY) == "++++"

    def test_three_that_do_not_agree_are_not(self):
        assert believed(HOME, AWAY, FAR, AWAY) == "+---"
        assert believed(HOME, AWAY, AWAY, FAR, AWAY, AWAY) == "+-----"

    def test_what_was_before_counts(self):
        assert believed(AWAY, HOME, before=seen(-1, HOME)) == "-+"

    def test_what_is_packed_is_believed_for_good(self):
        fixes = [seen(0), seen(1, AWAY, packed=True), seen(2, HOME)]
        assert judge(None, fixes, RULES).believed == [True, True, False]

    def test_when_enough_has_been_seen(self):
        fixes = [seen(0), seen(1, AWAY), seen(2)]
        verdict = judge(None, fixes, RULES)
        assert is_settled(fixes, verdict, all_of_them=False)
        assert not is_settled(fixes[:2], judge(None, fixes[:2], RULES), all_of_them=False)
        assert is_settled(fixes[:2], judge(None, fixes[:2], RULES), all_of_them=True)


def test_spans_leave_out_what_lies_between():
    minute = 60_000_000
    assert spans({7: [0, minute, 90 * minute], 3: [5]}) == [
        Span(3, 5, 5),
        Span(7, 0, minute),
        Span(7, 90 * minute, 90 * minute),
    ]


# --- on the real PostGIS


@pytest.fixture
async def desk(database):
    owner = await database.connect()
    await make_ready(owner, cameras=60)
    await owner.fetchval(
        "select fix_partitions_ensure($1, $2)", TODAY - timedelta(days=DAYS), TODAY
    )
    desk = Desk(database, owner)
    await desk.start()
    yield desk
    await desk.stop()


def story(chance):
    """Fixes of a camera that walks, with days in its dock, ghosts of all lengths, places carried to, 0,0, and two readings of an
    instant.
    """
    fixes, place, at_s, docked = [], HOME, -(DAYS - 1) * DAY_S, 0
    while len(fixes) < 24:
        at_s += chance.choice((1, 1, 1, 2, 30))
        if docked < 3 and chance.random() < 0.1:
            docked += 1
            at_s += chance.choice((1, 3)) * DAY_S
        odd = chance.random()
        if odd < 0.15:
            for _ in range(chance.randint(1, 4)):
                fixes.append(fix(at_s, north_m=AWAY + at_s))
                at_s += 1
        elif odd < 0.2:
            place = chance.choice((HOME, AWAY, FAR))
        elif odd < 0.25:
            fixes.append({**fix(at_s), "lat": 0, "lon": 0})
        elif odd < 0.3:
            fixes.append(fix(at_s, north_m=place + at_s, east_m=chance.choice((3, FAR))))
        fixes.append(fix(at_s, north_m=place + at_s, rsrp_dbm=-60 - at_s % 70))
    return fixes


async def outcome(desk, camera_id):
    """What must not depend on the order of arrival."""
    rows = await desk.owner.fetch(
        "select fix_time, content_hash, lat, lon, rsrp_dbm from fix where camera_id = $1", camera_id
    )
    doubted = await desk.owner.fetch(
        "select reason, content_hash from fix_quarantine where camera_id = $1", camera_id
    )
    live = await desk.owner.fetchrow(
        "select fix_time, lat, lon, accuracy_m, flags from live where camera_id = $1", camera_id
    )
    return {tuple(row) for row in rows}, {tuple(row) for row in doubted}, tuple(live)


async def play(desk, chance, camera_id, fixes, *, again):
    """Send fixes split at random, some of them twice, some in the same flush."""
    todo = fixes + (chance.choices(fixes, k=chance.randrange(6)) if again else [])
    seq = stored = 0
    while todo:
        names = []
        for _ in range(chance.randint(1, 3)):
            size = chance.randint(1, 6)
            part, todo = todo[:size], todo[size:]
            if part:
                seq += 1
                names.append(desk.put(report(*part, seq=seq), 2_000, camera_id=camera_id))
        for name in names:
            ack = await desk.ack(name)
            stored += ack.stored
    return stored


@pytest.mark.parametrize("seed", range(6))
async def test_order_duplicates_and_splitting_change_nothing(desk, seed):
    chance = random.Random(seed)
    cameras = iter(range(1, 61))
    for _ in range(3):
        fixes = story(chance)
        shuffled = list(fixes)
        chance.shuffle(shuffled)
        first = next(cameras)
        await play(desk, chance, first, fixes, again=False)
        wanted = await outcome(desk, first)
        assert len(wanted[0]) + len(wanted[1]) == len({repr(sorted(f.items())) for f in fixes})
        for order in (list(reversed(fixes)), shuffled):
            camera_id = next(cameras)
            stored = await play(desk, chance, camera_id, order, again=True)
            assert await outcome(desk, camera_id) == wanted
            assert stored == len(wanted[0]) + len(wanted[1])
            if chance.random() < 0.3:
                await desk.start_again()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("days", [1, 3])
async def test_a_day_that_comes_late_does_not_move_the_camera_back(desk, packed, days):
    """A camera that was in its dock for days sends what it still had from before."""
    start_s = hour_ago(3)
    await desk.send(report(*walk(30, start_s=start_s), seq=1), start_s + 31)
    *_, newest = await outcome(desk, 1)
    if packed:
        keeper = await desk.database.connect("keeper")
        await pack(keeper)
        assert await desk.count("fix") == 0
    late = walk(5, start_s=start_s - days * DAY_S)
    await desk.send(report(*late, seq=2), start_s + 32)
    await desk.send(report({**late[2], "lat": 52}, seq=3), start_s + 33)
    assert await desk.count("fix_history") == 35
    assert await desk.count("fix_quarantine") == 1
    *_, live = await outcome(desk, 1)
    assert live == newest


async def test_what_is_doubted_and_believed_in_one_flush_is_stored_once(desk):
    await desk.send(report(fix(0), seq=1), 1)
    names = [
        desk.put(report(*(fix(at, north_m=AWAY) for at in times), seq=seq), 20)
        for seq, times in ((2, (10,)), (3, (9, 10, 11)))
    ]
    acks = [await desk.ack(name) for name in names]
    assert sum(ack.stored for ack in acks) == 3
    assert sum(ack.duplicate for ack in acks) == 1
    assert (await desk.count("fix"), await desk.count("fix_quarantine")) == (4, 0)


async def test_a_late_fix_parts_those_that_were_believed_because_they_agreed(desk):
    """Three suspects in a row were believed; what came late was between them, at the old place."""
    await desk.send(report(fix(0), seq=1), 1)
    away = [fix(at, north_m=AWAY) for at in (31, 32, 34)]
    assert not (await desk.send(report(*away, seq=2), 35)).rejected
    ack = await desk.send(report(fix(33), seq=3), 36)
    assert (ack.stored, ack.rejected) == (1, [])
    rows, doubted, live = await outcome(desk, 1)
    assert {row[0] for row in rows} == {at(0), at(33)}
    assert len(doubted) == 3
    assert (live[0], live[-1]) == (at(33), FLAG_DOUBTED)


HOUR_S = 3_600
TIED = [(0, HOME), (31, HOME), (31, AWAY), (32, AWAY), (34, AWAY), (33, HOME)]
"""Two places of one instant, of which the one further on is not three fixes before the last."""
GHOST_OF_DAYS_AGO = [(-57.5, HOME), (-55, 4_000_000), (-50, HOME), (0, HOME), (-1, HOME)]
"""In hours: so few fixes that there are not three within reach."""


@pytest.mark.parametrize(
    "fixes",
    [
        [fix(at_s, north_m=north_m) for at_s, north_m in TIED],
        [fix(hours * HOUR_S, north_m=north_m) for hours, north_m in GHOST_OF_DAYS_AGO],
    ],
    ids=["tied", "ghost of days ago"],
)
async def test_few_and_tied_fixes_are_judged_alike_in_any_order(desk, fixes):
    found = []
    in_time = sorted(fixes, key=lambda one: (one["time"], one["lat"]))
    for camera_id, order in enumerate((fixes, in_time, fixes[::-1]), 1):
        for seq, one in enumerate(order, 1):
            await desk.send(report(one, seq=seq), 60, camera_id=camera_id)
        found.append(await outcome(desk, camera_id))
    assert found[0] == found[1] == found[2]
    assert found[0][1]


async def places(desk):
    """In how many places fixes are."""
    tables = ("fix_history", "fix_archive", "fix_quarantine")
    return sum([await desk.count(table) for table in tables])


async def stored_of(desk, *messages):
    """How many fixes messages stored, each given as its fix and the time of arrival."""
    acks = [
        await desk.send(report(one, seq=seq), at_s) for seq, (one, at_s) in enumerate(messages, 1)
    ]
    assert all(ack.stored + ack.duplicate == 1 for ack in acks)
    return sum(ack.stored for ack in acks)


class TestInOnePlaceOnly:
    async def test_what_is_packed_and_looks_impossible_when_it_comes_again(self, desk):
        start_s = hour_ago(4)
        fixes = [fix(start_s + s, north_m=HOME if s < 5 else AWAY) for s in range(10)]
        assert (await desk.send(report(*fixes), start_s + 20)).stored == 10
        await pack(await desk.database.connect("keeper"))
        await desk.start_again()
        again = await desk.send(report(*fixes[1:3], seq=2), start_s + 30)
        assert (again.stored, again.duplicate) == (0, 2)
        assert await places(desk) == 10

    async def test_what_came_too_early_at_no_place(self, desk):
        zero = {**fix(60), "lat": 0, "lon": 0}
        assert await stored_of(desk, (zero, 0), (zero, 61)) == 1
        assert [
            row["reason"] for row in await desk.owner.fetch("select reason from fix_quarantine")
        ] == ["zero_position"]

    async def test_what_came_too_early_and_is_believed_in_the_end(self, desk):
        early, *more = (fix(at_s, north_m=AWAY) for at_s in (60, 61, 62))
        sent = [(fix(0), 0), (early, 1), (early, 62), *((one, 63) for one in more)]
        assert await stored_of(desk, *sent) == await desk.count("fix") == await places(desk) == 4

    async def test_a_suspect_that_is_too_old_when_it_comes_again(self, desk):
        old = [fix(s, north_m=m, recording="off") for s, m in ((-86_310, HOME), (-86_300, AWAY))]
        assert await stored_of(desk, (old[0], 0), (old[1], 1), (old[1], 300)) == 2
        assert await places(desk) == 2


def backlog(count):
    """Fixes a quarter of an hour apart, every fourth a ghost."""
    return [
        fix(-900 * back, north_m=900_000 if back % 4 == 2 else back) for back in range(count, 0, -1)
    ]


async def nothing_is_left(desk):
    """Wait until everything is judged."""

    async def is_judged():
        return not await desk.count("settle_rest")

    await until(is_judged, within_s=30)


async def test_a_long_sparse_backlog_is_judged_in_portions(desk):
    """Each fix must be judged by itself: others do not wait for all of that."""
    fixes = backlog(3 * MOST_SPANS)
    for seq, one in enumerate(fixes, 1):
        desk.put(report(one, seq=seq), 1, camera_id=1)
    await desk.send(report(fix(0), seq=1), 1, camera_id=1)
    await nothing_is_left(desk)
    wanted = await outcome(desk, 1)
    assert wanted[1]

    await desk.send(report(fix(0), seq=1), 1, camera_id=2)
    flushes = desk.writer.counts.flushes
    await desk.send(report(*fixes, seq=2), 2, camera_id=2)
    assert await desk.count("settle_rest") >= MOST_SPANS
    await nothing_is_left(desk)
    assert desk.writer.counts.flushes - flushes >= 3
    assert await outcome(desk, 2) == wanted


async def test_what_was_left_to_be_judged_is_judged_after_a_restart(desk):
    fixes = backlog(2 * MOST_SPANS)
    await desk.send(report(fix(0), seq=1), 1)
    name = desk.put(report(*fixes, seq=2), 2)
    await desk.ack(name)
    await desk.start_again()
    await nothing_is_left(desk)
    assert await desk.count("fix_quarantine") == len(fixes) // 4


@pytest.mark.parametrize("carried", [False, True])
async def test_the_signal_is_that_of_what_is_believed_whatever_came_first(desk, carried):
    ghosts = (10, 11, 12) if carried else (10,)
    fixes = [
        fix(0, rsrp_dbm=-90),
        *(fix(at_s, north_m=AWAY, rsrp_dbm=-50 - at_s) for at_s in ghosts),
    ]
    for camera_id, order in enumerate(itertools.permutations(fixes), 1):
        for seq, one in enumerate(order, 1):
            await desk.send(report(one, seq=seq), 13, camera_id=camera_id)
    rows = await desk.owner.fetch(
        "select distinct fix_time, lat, signal_time, rsrp_dbm from live where fix_time is not null"
    )
    newest = fixes[-1] if carried else fixes[0]
    time = at(12) if carried else at(0)
    assert [tuple(row) for row in rows] == [
        (time, newest["lat"], time, newest["signal"]["rsrp_dbm"])
    ]
