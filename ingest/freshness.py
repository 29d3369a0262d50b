"""How old what we know of a camera is, in the words of the screens. Pure.

The database's `sightline.is_stale` is the same rule for the stream gate; a test holds the two together.
"""

from __future__ import annotations

from typing import Final, Literal

Freshness = Literal["live", "ageing", "stale", "never"]

AGEING_AFTER_S: Final = 30.0
STALE_AFTER_S: Final = 120.0
AGEING_INTERVALS: Final = 2
STALE_INTERVALS: Final = 4

INTERVALS_S: Final[dict[int, int]] = {0: 60, 1: 60, 2: 5, 3: 1}
"""Expected seconds between reports by recording code (0 unknown, 1 off, 2 buffering, 3 recording), unless the force's
`report_interval` table says otherwise."""

GAP_INTERVALS: Final = 3
"""A camera of which nothing is heard for more than so many intervals is silent."""


def freshness(
    seen_age_s: float | None,
    interval_s: float,
    *,
    ageing_after_s: float = AGEING_AFTER_S,
    stale_after_s: float = STALE_AFTER_S,
) -> Freshness:
    """The word for an age.

    Args:
        seen_age_s: seconds since anything that proves the camera's state was received; None: never.
        interval_s: seconds expected between two reports in the camera's present state.
        ageing_after_s: least age that counts as ageing.
        stale_after_s: least age that counts as stale.
    """
    if seen_age_s is None:
        return "never"
    if seen_age_s > max(stale_after_s, STALE_INTERVALS * interval_s):
        return "stale"
    if seen_age_s > max(ageing_after_s, AGEING_INTERVALS * interval_s):
        return "ageing"
    return "live"
