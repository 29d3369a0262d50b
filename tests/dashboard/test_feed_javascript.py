"""The browser's reader of frames reads what the server writes."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

import numpy as np

from sightline.dashboard.feed.frames import binary_frame
from sightline.dashboard.live_state import COLUMNS

ASSETS = Path(__file__).parents[2] / "dashboard" / "assets"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or "node"
SCRIPT = """
const { readFrame } = await import(process.argv[1]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const bytes = Buffer.concat(chunks);
const frame = readFrame(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const columns = Object.values(frame.columns).map((column) => [...column]);
console.log(JSON.stringify({ ...frame, columns, removed: [...frame.removed] }));
"""


async def test_every_column_arrives_as_it_was_sent() -> None:
    random = np.random.default_rng(7)
    rows = np.frombuffer(random.bytes(COLUMNS.itemsize * 37), COLUMNS).copy()
    for name in ("fix_time_ms", "seen_time_ms", "recording_since_ms"):
        rows[name] = random.uniform(0, 2e12, 37)
    removed = np.array([1, 2**32 - 1], np.uint32)
    frame = binary_frame("delta", 2**52 + 7, 1.7e12 + 0.25, rows, removed)
    node = await asyncio.create_subprocess_exec(
        NODE, "--input-type=module", "-e", SCRIPT, str(ASSETS / "feed_frame.js"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await node.communicate(frame)
    read = json.loads(out)
    assert (read["kind"], read["seq"], read["serverTimeMs"]) == ("delta", 2**52 + 7, 1.7e12 + 0.25)
    assert read["removed"] == [1, 2**32 - 1]
    for name, column in zip(COLUMNS.names or (), read["columns"], strict=True):
        assert column == rows[name].tolist(), name
