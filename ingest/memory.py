"""How this process deals with memory that it frees and needs again a moment later."""

from __future__ import annotations

import ctypes
import logging
from typing import Final

log = logging.getLogger(__name__)

_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_THRESHOLD: Final = -3
"""Parameters of mallopt(3)."""

_MIB: Final = 1 << 20


def keep_freed_memory() -> None:
    """Let glibc keep what large arrays leave, instead of giving it back to the system and asking for it anew.

    Every flush makes and frees arrays of some megabytes. Given back each time, their pages are zeroed and mapped again
    by the kernel each time, which took a tenth of the gateway's processor time. Another C library is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        log.debug("this C library has no mallopt")
        return
    for parameter, size in (
        (_MMAP_THRESHOLD, 32 * _MIB),
        (_TRIM_THRESHOLD, 256 * _MIB),
        (_TOP_PAD, 16 * _MIB),
    ):
        if mallopt(parameter, size) != 1:
            log.debug("mallopt does not take parameter %d", parameter)
