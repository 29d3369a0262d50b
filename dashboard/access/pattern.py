"""Paths with places in them, as the access rules write them. Pure."""

from __future__ import annotations

import re
from functools import cache

_PLACE = re.compile(r"\\{([a-z_]+)\\}")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression over a whole path.

    ``{name}`` stands for one segment, ``/**`` at the end for anything below.
    """
    deep = pattern.endswith("/**")
    text = re.escape(pattern.removesuffix("/**"))
    text = _PLACE.sub(lambda place: f"(?P<{place[1]}>[^/]+)", text)
    return re.compile(text + ("/.+" if deep else ""))


def places(pattern: str, path: str) -> dict[str, str] | None:
    """What stands in the places of the pattern, None if the path is not like it."""
    match = compiled(pattern).fullmatch(path)
    return match.groupdict() if match else None
