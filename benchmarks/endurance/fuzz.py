"""Senseless messages: through the pure protocol, and through a gateway's sockets into the database.

`BENCH_FUZZ_MESSAGES` says how many (a million takes a quarter of an hour), `BENCH_FUZZ_SEED` which.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from benchmarks.endurance import protocol_fuzz
from benchmarks.endurance.stored import cameras_not_at_their_newest, stored
from benchmarks.endurance.talk import Account, Talker
from benchmarks.installation import Gateway, Installation, gateway, installation
from benchmarks.measure import Goal, Measure
from benchmarks.processes import memory_mb
from sightline.sql import accounts, connect
from sightline.sql.settings import DatabaseSettings

MESSAGES: Final = int(os.environ.get("BENCH_FUZZ_MESSAGES", "60000"))
SEED: Final = int(os.environ.get("BENCH_FUZZ_SEED", "1"))
_THROUGH_SOCKETS: Final = 0.15
_CAMERAS: Final = 6
_BRIDGED: Final = 4
_AT_ONCE: Final = 5_000
_NOTHING: Final = Goal(0, at_least=False)
_GROWTH_MB: Final = 40.0


def measures() -> Iterator[Measure]:
    """Crashes, wrong rows, unanswered messages and growth: none."""
    yield from _pure(int(MESSAGES * (1 - _THROUGH_SOCKETS)))
    yield from _sockets(int(MESSAGES * _THROUGH_SOCKETS))


def _measure(words: str, value: float, unit: str, goal: Goal | None = None) -> Measure:
    return Measure("endurance", words, value, unit, goal)


def _pure(count: int) -> Iterator[Measure]:
    now_ms = int(time.time() * 1000)
    workers = min(2, os.cpu_count() or 1)
    rounds = max(2 * workers, count // _AT_ONCE)
    total = protocol_fuzz.Outcome()
    memory: dict[int, list[float]] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_round, count // rounds, SEED * 1_000_003 + number, now_ms)
            for number in range(rounds)
        ]
        for job in jobs:
            outcome, pid, used_mb = job.result()
            memory.setdefault(pid, []).append(used_mb)
            for name in (
                "messages",
                "refused",
                "fixes",
                "unsure",
                "crashes",
                "differing",
                "misread",
            ):
                setattr(total, name, getattr(total, name) + getattr(outcome, name))
            total.wrong += outcome.wrong
    _tell(total.wrong)
    growth_mb = max(used[-1] - used[0] for used in memory.values())
    yield _measure("fuzz: messages through the pure protocol", total.messages, "messages")
    yield _measure("fuzz: … refused as no message", total.refused, "messages")
    yield _measure("fuzz: … fixes taken and compared with another reading", total.fixes, "fixes")
    yield _measure("fuzz: … where the documentation leaves room", total.unsure, "messages")
    yield _measure("fuzz: crashes", total.crashes, "messages", _NOTHING)
    yield _measure("fuzz: quick and thorough way differ", total.differing, "messages", _NOTHING)
    yield _measure(
        "fuzz: read otherwise than the documentation says", total.misread, "messages", _NOTHING
    )
    yield _measure(
        "fuzz: growth after the first messages", growth_mb, "MB", Goal(10, at_least=False)
    )


def _round(count: int, seed: int, now_ms: int) -> tuple[protocol_fuzz.Outcome, int, float]:
    outcome = protocol_fuzz.run(count, seed, now_ms)
    return outcome, os.getpid(), memory_mb(os.getpid())


@dataclass
class Talked:
    """What conversations with a gateway came to."""

    accounts: list[Account]
    growth_mb: float
    lost: int
    foreign: int
    twice: int
    astray: int


def _sockets(count: int) -> Iterator[Measure]:
    with installation() as place, gateway(place, gateway_errors_a_minute="100000") as running:
        talked = asyncio.run(_talk(place, running, count))
    _tell([wrong for account in talked.accounts for wrong in account.wrong])
    sent = sum(account.sent for account in talked.accounts)
    wrong = sum(len(account.wrong) for account in talked.accounts)
    fixes = sum(len(those) for account in talked.accounts for those in account.expected.values())
    yield _measure("fuzz: messages through sockets into the database", sent, "messages")
    yield _measure("fuzz: … different fixes in them", fixes, "fixes")
    yield _measure("fuzz: not answered, or not as they had to be", wrong, "findings", _NOTHING)
    yield _measure("fuzz: fixes that are not stored", talked.lost, "fixes", _NOTHING)
    yield _measure("fuzz: rows that nobody sent", talked.foreign, "rows", _NOTHING)
    yield _measure("fuzz: stored twice", talked.twice, "rows", _NOTHING)
    yield _measure(
        "fuzz: live place is not the newest believed", talked.astray, "cameras", _NOTHING
    )
    yield _measure(
        "fuzz: growth of the gateway, second half of the messages",
        talked.growth_mb,
        "MB",
        Goal(_GROWTH_MB, at_least=False),
    )


async def _talk(place: Installation, running: Gateway, count: int) -> Talked:
    tokens, bridge = await register(place.settings)
    each = count // (_CAMERAS + 1) // 2
    now_ms = int(time.time() * 1000)
    done: list[Account] = []
    used_mb = []
    for half in range(2):
        talkers = [
            Talker(
                running.url, token, [ref], SEED * 1000 + half * 100 + number, now_ms, bridge=False
            )
            for number, (ref, token) in enumerate(tokens.items())
            if number < _CAMERAS
        ]
        bridged = list(tokens)[_CAMERAS:]
        talkers.append(
            Talker(running.url, bridge, bridged, SEED * 1000 + half * 100 + 99, now_ms, bridge=True)
        )
        done += await asyncio.gather(*(talker.talk(each) for talker in talkers))
        used_mb.append(memory_mb(running.pid))
    expected: dict[str, set[object]] = {}
    for account in done:
        for ref, fixes in account.expected.items():
            expected.setdefault(ref, set()).update(fixes)
    found = await stored(place.settings)
    lost = sum(len(fixes - found[ref].keys()) for ref, fixes in expected.items())
    foreign = sum(len(rows.keys() - expected.get(ref, set())) for ref, rows in found.items())
    twice = sum(times - 1 for rows in found.values() for times in rows.values())
    astray = await cameras_not_at_their_newest(place.settings)
    return Talked(done, used_mb[1] - used_mb[0], lost, foreign, twice, len(astray))


async def register(
    settings: DatabaseSettings, cameras: int = _CAMERAS + _BRIDGED
) -> tuple[dict[str, str], str]:
    """Cameras with their tokens, and the token of a bridge."""
    connection = await connect(settings, "owner")
    try:
        tokens = {}
        for number in range(cameras):
            made = await accounts.add_camera(connection, f"CAM-{number}")
            tokens[f"CAM-{number}"] = made.token
        return tokens, (await accounts.add_bridge(connection, "endurance")).token
    finally:
        await connection.close()


def _tell(findings: list[str]) -> None:
    for finding in findings[:20]:
        sys.stderr.write(f"found: {finding}\n")
