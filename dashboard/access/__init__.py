"""Sign-in, sessions, and the door that every request passes.

`middleware` is the door, `rules` its table, `pages` the pages by role; `acting` is what everything behind it uses.
"""

from __future__ import annotations

from sightline.dashboard.access.pages import CallbackPages, Page

__all__ = ["CallbackPages", "Page"]
