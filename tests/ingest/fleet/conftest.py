"""The county, its ground and a small force: made once for all tests of this folder."""

from __future__ import annotations

import pytest

from sightline.ingest.fleet.county import County, build_county
from sightline.ingest.fleet.force import Force, build_force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.places import build_ground

SEED = 1
EPOCH_S = 1_795_000_000
"""2026-11-18 08:26:40 UTC."""


@pytest.fixture(scope="session")
def county() -> County:
    return build_county(SEED)


@pytest.fixture(scope="session")
def ground(county: County) -> Ground:
    return build_ground(county)


@pytest.fixture(scope="session")
def force(ground: Ground) -> Force:
    return build_force(ground, 400, SEED)
