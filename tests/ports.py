"""Ports for what the tests start. The system's own ephemeral ports are no good: any connection may have them a moment later."""

from __future__ import annotations

import itertools
import os
import random
import socket

_FIRST, _EACH = 9_000, 2_700
"""Below the private clusters' (20,000) and the ephemeral ones (32,768); a share for each worker of a parallel run."""
_WORKERS = 4


def _own() -> range:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    return range(_FIRST + number * _EACH, _FIRST + (number + 1) * _EACH)


_next = itertools.cycle(random.sample(_own(), _EACH))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody has, and that nobody else will be given."""
    for port in itertools.islice(_next, _EACH):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free of {_own()}")
