"""One-line trajectories, so that a test reads as a sentence, and a database of one dict."""

from datetime import UTC, datetime

import msgspec
import numpy as np

from sightline.ingest import answers, batch, planning, protocol
from sightline.ingest.ack_memory import AckMemory
from sightline.ingest.columns import NO_ID, named
from sightline.ingest.dictionary import SignalNames
from sightline.ingest.live_columns import LiveColumns, unheard
from sightline.ingest.merge import MergeRules
from sightline.ingest.planning import FixKey
from sightline.ingest.received import Received, acknowledgement
from sightline.ingest.rows import rows_of

SECOND = 1_000_000
T0 = datetime.now(UTC).replace(hour=14, minute=2, second=11, microsecond=0)
"""Eleven seconds past two minutes past two today; of today, so that history has a place for it."""
T0_US = round(T0.timestamp()) * SECOND
HOUR = 3600 * SECOND
NORTH_M = 1 / 111_195  # degrees of latitude a metre


def fix(at_s=0.0, north_m=0.0, east_m=0.0, **more):
    """A fix `at_s` seconds after T0, so many metres from 51° N 0° E; `rsrp_dbm` and the like go to its signal."""
    signal = {
        name: more.pop(name)
        for name in ("rsrp_dbm", "rsrq_db", "sinr_db", "uplink_kbps", "cell", "operator", "bearer")
        if name in more
    }
    return {
        "time": round((T0_US + at_s * SECOND) / 1000),
        "lat": 51.0 + north_m * NORTH_M,
        "lon": east_m * NORTH_M * 1.589,
        "accuracy_m": 5,
        "recording": "recording",
        **({"signal": signal} if signal else {}),
        **more,
    }


def walk(seconds, *, mps=1.0, start_s=0, **more):
    """A fix a second, straight north."""
    return [fix(start_s + s, north_m=mps * (start_s + s), **more) for s in range(seconds)]


def report(*fixes, seq=1):
    """A report as the protocol decodes it."""
    return protocol.decode(msgspec.json.encode({"type": "report", "seq": seq, "fixes": fixes}))


def status(recording, *, at_s=None, seq=1, **more):
    """A status as the protocol decodes it."""
    time = {} if at_s is None else {"time": round((T0_US + at_s * SECOND) / 1000)}
    message = {"type": "status", "seq": seq, "recording": recording, **time, **more}
    return protocol.decode(msgspec.json.encode(message))


def plain(*fixes, seq=1):
    """A report as the gateway takes it in: not taken apart into values where it needs no looking at."""
    return protocol.receive(msgspec.json.encode({"type": "report", "seq": seq, "fixes": fixes}))


class LocalNames(SignalNames):
    """Numbers networks and cells by itself."""

    def __init__(self):
        super().__init__({})

    def learn_here(self, pairs):
        for pair in sorted(self.new(pairs), key=repr):
            operator, cell = pair
            number = len(self._rows)
            self._cell_names[number] = cell
            if cell is not None:
                self._cell_numbers[cell] = number
            self._keep(pair, NO_ID if operator is None else 1, NO_ID if cell is None else number)


class DictDatabase:
    """What the real one does with a plan, in a dict: unique rows, and counts of what was new."""

    def __init__(self):
        self.columns = LiveColumns()
        self.names = LocalNames()
        self.history, self.archive, self.quarantine = {}, {}, {}
        self.memory = AckMemory()
        self.rules = MergeRules()

    def plan(self, *received, memory=None):
        """What these messages come to."""
        for camera_id in self.columns.missing(one.camera_id for one in received):
            self.columns.put(np.array([camera_id]), unheard(1))
        laid_out = batch.lay_out(received)
        self.names.learn_here(laid_out.pairs)
        if laid_out.made is not None:
            named(laid_out.made, *self.names.columns(laid_out.made.names))
        memory = self.memory if memory is None else memory
        return planning.plan(laid_out, self.columns, memory, self.rules, self.names.cell_name)

    def flush(self, *received):
        """Plan, store, acknowledge; checks on the way that fresh rows are new indeed."""
        plan = self.plan(*received)
        rows = rows_of(plan, self.columns, self.names)
        stored = answers.Stored(doubts={row.key for row in plan.doubted} - self.quarantine.keys())
        for key, row in table(rows.fresh):
            assert key not in self.history, "a fresh row was stored already"
            self.history[key] = row
        for kept, columns in ((self.history, rows.checked), (self.archive, rows.archived)):
            for key, row in table(columns):
                if key not in kept:
                    stored.fixes.add(key)
                    kept[key] = row
        self.quarantine.update((row.key, row.doubted) for row in plan.doubted)
        self.columns.put(rows.cameras, rows.after)
        for camera_id, state in plan.states.items():
            self.columns.put_suspects(camera_id, state.suspects)
        return [acknowledgement(one) for one in answers.settle(plan, self.memory, stored)]

    def receive(self, message, at_s=0.0, *, camera_id=1, epoch=1):
        """One message in a flush of its own; its acknowledgement, if it has one."""
        at_us = round(T0_US + at_s * SECOND)
        acks = self.flush(Received(camera_id, epoch, at_us, message))
        return acks[0] if acks else None

    def live(self, camera_id=1):
        return self.columns.state(camera_id, self.names.cell_name)


def table(columns):
    """Key and row of each fix."""
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        row = dict(zip(columns, values, strict=True))
        yield FixKey(row["camera_id"], row["fix_time"], row["content_hash"]), row
