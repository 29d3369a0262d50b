"""What a browser kept of a form, as it comes back. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST = 20_000
"""Characters of one field that are drawn again."""


def texts(draft: object) -> dict[str, str]:
    """Name of a field → what was written; whatever else a browser sends is left out."""
    if not isinstance(draft, Mapping):
        return {}
    return {str(name): text[:LONGEST] for name, text in draft.items() if isinstance(text, str)}
