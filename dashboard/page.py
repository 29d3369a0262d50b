"""What a page is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dash import Dash
from dash.development.base_component import Component

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.access.pages import Page
from sightline.dashboard.services import Services


@dataclass(frozen=True)
class AppPage(Page):
    """A page with what it is made of.

    Attributes:
        layout: gives the page's frame for the places of its path and the parameters of its address; holds no data, so
            that it stands even when the database does not answer.
        register: adds the page's callbacks to the application.
        count: what the header shows beside the name, None where it has nothing to count.
        keeps_address: the page itself puts what it shows into its address, and is not drawn anew when that changes.
        module: name of its JavaScript module in ``assets/``, whose exports its clientside callbacks name.
        styles: paths of its stylesheets.
    """

    layout: Callable[..., Component]
    register: Callable[[Dash, Services], None]
    count: Callable[[Actor], Awaitable[int]] | None = None
    keeps_address: bool = False
    module: str | None = None
    styles: tuple[str, ...] = ()
