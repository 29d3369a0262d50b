"""How long a try to sign in must wait for those that failed before it. Pure.

Nobody is ever locked out: after some failures, tries are spaced out, by no more than `LONGEST_WAIT_S`.
"""

from __future__ import annotations

import math

WINDOW_S = 60 * 60
"""Failures older than this do not count."""

FREE_OWN_FAILURES = 5
"""Of one name, from one address or by one known browser, before its tries are spaced out."""

FREE_ADDRESS_FAILURES = 100
"""Of all names from one address by browsers that are not known, before the tries of newcomers there are spaced out.

More than a control room of 60 that signs in at one moment, since a try counts as failed until it has got in.
"""

FIRST_WAIT_S = 2
LONGEST_WAIT_S = 30


def wait_s(failures: int, last_s: float | None, free: int) -> int:
    """Whole seconds until the next try is taken; 0: now.

    Args:
        failures: how many count.
        last_s: seconds since the last of them, None if there is none.
        free: how many are borne without a wait; from then on it doubles with each.
    """
    if failures < free or last_s is None:
        return 0
    doublings = min(failures - free, 10)
    whole_s = min(LONGEST_WAIT_S, FIRST_WAIT_S << doublings)
    return max(0, math.ceil(whole_s - last_s))
