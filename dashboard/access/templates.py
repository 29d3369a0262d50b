"""The two plain HTML pages of the door: sign-in, and a refusal. No Dash, no data of the force but its name."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from importlib import resources
from string import Template

from starlette.responses import FileResponse, HTMLResponse

from sightline.dashboard.errors import DashboardError, NotFoundError

FILES: Mapping[str, tuple[str, str]] = {
    "sign-in.css": ("access/web", "text/css"),
    "sign-in.js": ("access/web", "text/javascript"),
    "theme_boot.js": ("assets", "text/javascript"),
    "mark.svg": ("assets", "image/svg+xml"),
}
"""Files that everybody may have: where each stands in this package, and its media type."""


@cache
def _template(name: str) -> Template:
    return Template((resources.files(__package__) / "web" / name).read_text(encoding="utf-8"))


def sign_in_page(
    force_name: str | None, demo_roles: Sequence[tuple[str, str]], next_path: str
) -> HTMLResponse:
    """The sign-in page.

    Args:
        force_name: as the database has it, None while the database is away.
        demo_roles: code and name of each role that is one click away; empty where this is no demonstration.
        next_path: where to go after signing in; a path of our own.
    """
    buttons = "".join(
        f'<li><button type="submit" name="role" value="{html.escape(code)}">{html.escape(name)}</button></li>'
        for code, name in demo_roles
    )
    page = _template("sign-in.html").substitute(
        force=html.escape(force_name or "Sightline"),
        next=html.escape(next_path),
        away_hidden="hidden" if force_name is not None else "",
        demo_hidden="" if demo_roles else "hidden",
        demo_buttons=buttons,
    )
    return HTMLResponse(page)


_TITLES = {
    HTTPStatus.FORBIDDEN: "Not for your role",
    HTTPStatus.NOT_FOUND: "Nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "Nothing here",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer",
}


def refusal_page(error: DashboardError, status: int, headers: Mapping[str, str]) -> HTMLResponse:
    """A page that says what was refused, and what to do. One for a lost database looks again by itself."""
    waits = status == HTTPStatus.SERVICE_UNAVAILABLE
    page = _template("refusal.html").substitute(
        title=html.escape(_TITLES.get(HTTPStatus(status), "This is not possible")),
        sentence=html.escape(str(error)),
        refresh='<meta http-equiv="refresh" content="3">' if waits else "",
        again="<p>This page looks again every 3 seconds.</p>" if waits else "",
    )
    return HTMLResponse(page, status, dict(headers))


def public_file(name: str) -> FileResponse:
    """One of `FILES`.

    Raises:
        NotFoundError: it is none of them.
    """
    if name not in FILES:
        raise NotFoundError(f"There is nothing at /sign-in/{name[:80]}.")
    folder, media_type = FILES[name]
    path = resources.files("sightline.dashboard") / folder / name
    return FileResponse(str(path), media_type=media_type)
