"""The load: cameras that walk about, as messages of a bridge, ready to be sent."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

REFS = "bench:{:06d}"
_MIDDLE = (56.43, 1.08)
_STEP_DEGREES = 2e-5


class Walker:
    """One camera: where it is, and what its radio hears."""

    def __init__(self, number: int, seed: int) -> None:
        self.ref = REFS.format(number)
        self._random = random.Random(seed * 1_000_003 + number)
        self._lat = _MIDDLE[0] + self._random.gauss(0, 0.1)
        self._lon = _MIDDLE[1] + self._random.gauss(0, 0.2)
        self._heading = self._random.uniform(0, 360)
        self._cell = f"{self._random.randrange(3000):05X}"

    def fix(self, time_ms: int) -> dict[str, object]:
        """Full telemetry at a moment."""
        draw = self._random
        self._lat += draw.uniform(-_STEP_DEGREES, _STEP_DEGREES)
        self._lon += draw.uniform(-_STEP_DEGREES, _STEP_DEGREES)
        self._heading = (self._heading + draw.uniform(-20, 20)) % 360
        return {
            "time": time_ms,
            "lat": round(self._lat, 6),
            "lon": round(self._lon, 6),
            "accuracy_m": round(draw.uniform(3, 15), 1),
            "altitude_m": round(draw.uniform(0, 80), 1),
            "speed_mps": round(draw.random() * 3, 2),
            "heading_deg": round(self._heading, 1) % 360,
            "recording": draw.choice(("off", "buffering", "recording")),
            "battery_pct": draw.randrange(20, 101),
            "signal": {
                "bearer": draw.choice(("lte", "nr")),
                "operator": "234-30",
                "cell": self._cell,
                "rsrp_dbm": draw.randrange(-120, -70),
                "rsrq_db": draw.randrange(-20, -5),
                "sinr_db": draw.randrange(-5, 25),
                "uplink_kbps": draw.randrange(200, 12_000),
            },
        }


def reports(
    cameras: int, rounds: int, fixes: int, first_ms: int, *, seed: int = 1
) -> Iterator[bytes]:
    """Reports of all cameras in turn, `fixes` readings a second apart in each."""
    walkers = [Walker(number, seed) for number in range(cameras)]
    encode = msgspec.json.Encoder().encode
    for turn in range(rounds):
        start_ms = first_ms + turn * fixes * 1000
        for number, walker in enumerate(walkers):
            yield encode(
                {
                    "type": "report",
                    "camera": walker.ref,
                    "seq": turn * cameras + number,
                    "fixes": [walker.fix(start_ms + 1000 * second) for second in range(fixes)],
                }
            )
