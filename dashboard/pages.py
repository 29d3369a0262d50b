"""All pages, in the order of the header. A page is there for whoever has one of its capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sightline.dashboard.access.pages import may_see
from sightline.dashboard.admin.page import ADMIN
from sightline.dashboard.audit.page import AUDIT
from sightline.dashboard.coverage.page import COVERAGE
from sightline.dashboard.live_map.page import LIVE_MAP
from sightline.dashboard.page import AppPage
from sightline.dashboard.rota.page import ON_CALL
from sightline.dashboard.triage.page import TRIAGE
from sightline.dashboard.watched_me.page import WATCHED_ME

PAGES: tuple[AppPage, ...] = (LIVE_MAP, TRIAGE, ON_CALL, COVERAGE, WATCHED_ME, AUDIT, ADMIN)

HOMES: Final = {"negco": TRIAGE.path, "coordinator": ON_CALL.path}
"""Role → where it begins; others begin with the first page that they may see."""


def home_of(
    pages: tuple[AppPage, ...], role: str, capabilities: Mapping[str, str]
) -> AppPage | None:
    """The page that a role begins with, None where there is none for it."""
    mine = [page for page in pages if may_see(page, capabilities)]
    return next((page for page in mine if page.path == HOMES.get(role)), mine[0] if mine else None)
