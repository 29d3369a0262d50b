"""What the fleet keeps in the data directory, beside the database.

fleet/ground.npz      streets, places and radio of the county (see `ground`)
fleet/demo.json       what the force was made from, and who stays at which open incident
fleet/tokens.json     tokens of the simulated cameras (mode 600; the database has only hashes)
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sightline.ingest.fleet.behaviour import Posting
from sightline.ingest.fleet.errors import DemoIncompleteError
from sightline.ingest.fleet.ground import Ground


@dataclass(frozen=True)
class FleetPlan:
    """What a force is made from.

    Attributes:
        epoch_s: when its history ends and its live work begins, seconds since 1970 UTC.
        postings: officers (by number) who stay at an open incident.
    """

    seed: int
    cameras: int
    epoch_s: int
    postings: dict[int, Posting]


class FleetFiles:
    """The fleet's directory below a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / "fleet"
        self._ground = self.directory / "ground.npz"
        self._plan = self.directory / "demo.json"
        self._tokens = self.directory / "tokens.json"

    def write(self, ground: Ground, plan: FleetPlan, tokens: dict[str, str]) -> None:
        """Keep everything that the live fleet needs."""
        self.directory.mkdir(parents=True, exist_ok=True)
        ground.save(self._ground)
        _write_private(self._tokens, json.dumps({"cameras": tokens}))
        content = {
            "seed": plan.seed,
            "cameras": plan.cameras,
            "epoch_s": plan.epoch_s,
            "postings": {str(number): p.site for number, p in plan.postings.items()},
        }
        _write_private(self._plan, json.dumps(content))

    def cameras(self) -> list[str]:
        """Ids of the simulated cameras; none where there is no force."""
        try:
            return list(json.loads(self._tokens.read_text())["cameras"])
        except FileNotFoundError:
            return []

    def read(self) -> tuple[Ground, FleetPlan, dict[str, str]]:
        """What `write` kept.

        Raises:
            DemoIncompleteError: it is not there.
        """
        try:
            content = json.loads(self._plan.read_text())
            tokens: dict[str, str] = json.loads(self._tokens.read_text())["cameras"]
            ground = Ground.load(self._ground)
        except FileNotFoundError as error:
            raise DemoIncompleteError(
                f"There is no simulated force in {self.directory}: {error.filename} is missing"
                " (./sightline demo makes one)."
            ) from error
        postings = {int(number): Posting(site) for number, site in content["postings"].items()}
        plan = FleetPlan(content["seed"], content["cameras"], content["epoch_s"], postings)
        return ground, plan, tokens


def _write_private(file: Path, text: str) -> None:
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    unfinished.replace(file)
