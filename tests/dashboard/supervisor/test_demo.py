"""The demo, beside what its data directory holds: which cameras it waits for."""

from __future__ import annotations

import json

from sightline.dashboard.settings import load_settings
from sightline.dashboard.supervisor.data_directory import Demo
from sightline.dashboard.supervisor.demo import DemoSupervisor
from tests.conftest import Database


async def test_only_the_simulated_cameras_count_as_connected(database: Database) -> None:
    owner = await database.connect()
    gateway = await owner.fetchval("insert into gateway (name) values ('one') returning id")
    for ref in ("sim-1", "sim-2", "somebody-elses"):
        await owner.execute(
            "with c as (insert into camera (ref) values ($1) returning id)"
            " insert into camera_link (camera_id, epoch, gateway_id) select id, 1, $2 from c",
            ref, gateway,
        )  # fmt: skip
    (database.data_dir / "fleet").mkdir()
    tokens = {"cameras": {"sim-1": "x", "sim-2": "y"}}
    (database.data_dir / "fleet" / "tokens.json").write_text(json.dumps(tokens))
    said: list[str] = []
    settings = load_settings(data_dir=database.data_dir)
    await DemoSupervisor(settings, Demo(seed=1, cameras=2), said.append).settle()
    assert said == ["  2 of 2 cameras are connected"]
