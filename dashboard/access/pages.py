"""Pages by role, and which page each Dash callback belongs to. Denied unless told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from sightline.dashboard.access.pattern import places

EVERY_PAGE = "every page"
"""What belongs to the shell around the pages: the header, going from page to page."""


@dataclass(frozen=True)
class Page:
    """One page and who may see it.

    Attributes:
        path: for example ``/triage``, or with a place in it, ``/incidents/{incident}``.
        name: as the header shows it.
        capability: the role must have it; of several, one is enough.
    """

    path: str
    name: str
    capability: str | tuple[str, ...]

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capabilities of which one is enough."""
        return (self.capability,) if isinstance(self.capability, str) else self.capability


def page_at(pages: Iterable[Page], path: str) -> Page | None:
    """The page of a path, with or without a slash at its end."""
    wanted = path.rstrip("/") or "/"
    return next((page for page in pages if places(page.path, wanted) is not None), None)


def may_see(page: Page, capabilities: Mapping[str, str]) -> bool:
    """Whether somebody with these capabilities may see the page."""
    return any(capability in capabilities for capability in page.capabilities)


class HasCallbacks(Protocol):
    """What is needed of a Dash application."""

    callback_map: dict[str, Any]


class CallbackPages:
    """Which page each callback belongs to, learnt while the pages register their callbacks."""

    def __init__(self) -> None:
        self._page_of: dict[str, str] = {}

    @contextmanager
    def of(self, app: HasCallbacks, path: str) -> Iterator[None]:
        """Callbacks that are registered inside belong to the page at `path`."""
        before = set(app.callback_map)
        yield
        for key in set(app.callback_map) - before:
            self._page_of[key] = path

    @contextmanager
    def of_every_page(self, app: HasCallbacks) -> Iterator[None]:
        """Callbacks that are registered inside belong to the shell: whoever is signed in may call them."""
        with self.of(app, EVERY_PAGE):
            yield

    def page_of(self, output: str) -> str | None:
        """The path of the page that a callback (by its output) belongs to, `EVERY_PAGE`, or None: unknown."""
        return self._page_of.get(output)


def why_refused(
    body: Any, callbacks: CallbackPages, pages: Iterable[Page], capabilities: Mapping[str, str]
) -> str | None:
    """Why a callback's request is refused to somebody with these capabilities, None where it is not.

    Args:
        body: the parsed JSON that Dash sends.
        callbacks: which callback belongs to which page.
        pages: all pages.
        capabilities: of who asks.
    """
    output = body.get("output") if isinstance(body, dict) else None
    if not isinstance(output, str):
        return "the request names no callback"
    where = callbacks.page_of(output)
    if where is None:
        return f"the callback {output[:120]!r} belongs to no page"
    if where != EVERY_PAGE:
        page = page_at(pages, where)
        if page is None or not may_see(page, capabilities):
            return f"the page {where} is not for this role"
        return None
    for path in _paths(body):
        page = page_at(pages, path)
        if page is not None and not may_see(page, capabilities):
            return f"the page {path[:120]} is not for this role"
    return None


def _paths(body: dict[str, Any]) -> Iterator[str]:
    """The paths that a request of the shell asks for."""
    for part in ("inputs", "state"):
        for given in body.get(part) or ():
            if isinstance(given, dict) and given.get("property") in ("pathname", "href"):
                value = given.get("value")
                if isinstance(value, str):
                    yield urlsplit(value).path
