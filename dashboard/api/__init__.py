"""The HTTP API: one module per family, each a thin router over `sightline.dashboard.operations`.

Who may call what is decided before (`sightline.dashboard.access.rules`); in which scope, by the database.
"""

from __future__ import annotations

from fastapi import Depends, FastAPI

from sightline.dashboard.api import (
    alerts,
    areas,
    audit,
    cameras,
    coverage,
    deployments,
    incidents,
    machine,
    openapi,
    places,
    posts,
    problems,
    purposes,
    replay,
    rota,
    session,
    snapshots,
    streams,
    talk,
)
from sightline.dashboard.api.parameters import only_known
from sightline.dashboard.services import Services


def include_api(app: FastAPI, services: Services) -> None:
    """Add every route of the API, the sign-in page, and problem documents for errors, to an application."""
    app.state.services = services
    problems.install(app)
    for family in (
        session, cameras, streams, snapshots, talk, alerts, incidents, deployments, rota, coverage, places, areas, posts, purposes, replay, audit, machine, openapi,
    ):  # fmt: skip
        app.include_router(family.router, dependencies=[Depends(only_known)])
