"""One-line trajectories, so that a test reads as a sentence, and a database of one dict."""

from datetime import UTC, datetime

import msgspec

from sightline.ingest import batch, protocol
from sightline.ingest.batch import Received

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


class DictDatabase:
    """What the real one does with a plan, in a dict: unique rows, and counts of what was new."""

    def __init__(self):
        self.states = {}
        self.history, self.archive, self.quarantine = {}, {}, {}
        self.memory = batch.AckMemory()
        self.rules = batch.MergeRules()

    def flush(self, *received):
        """Plan, store, acknowledge; checks on the way that fresh rows are new indeed."""
        plan = batch.plan(received, self.states, self.memory, self.rules)
        stored = set()
        for row in plan.fresh:
            assert row.key not in self.history, "a fresh row was stored already"
            self.history[row.key] = row.kept
        for row in plan.checked:
            if row.key not in self.history:
                stored.add(row.key)
                self.history[row.key] = row.kept
        for row in plan.archived:
            if row.key not in self.archive:
                stored.add(row.key)
                self.archive[row.key] = row.kept
        doubts = {row.key for row in plan.doubted} - self.quarantine.keys()
        self.quarantine.update((row.key, row.doubted) for row in plan.doubted)
        self.states.update(plan.states)
        settled = batch.settle(plan, self.memory, fixes=stored, doubts=doubts, all_fresh=True)
        return [ack for _, ack in settled]

    def receive(self, message, at_s=0.0, *, camera_id=1, epoch=1):
        """One message in a flush of its own; its acknowledgement, if it has one."""
        at_us = round(T0_US + at_s * SECOND)
        acks = self.flush(Received(camera_id, epoch, at_us, message))
        return acks[0] if acks else None

    def live(self, camera_id=1):
        return self.states[camera_id]
