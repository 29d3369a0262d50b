"""`test` and `bench`: the suite, which is one pytest run with lint, format, types and rules; and the benchmarks."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path

from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.settings import PREFIX

_WHOLE_SUITE = ("--numprocesses", "2", "--dist", "loadgroup", "--no-loadscope-reorder")
"""The whole suite runs in two workers; what goes beside what is said in `tests/conftest.py`."""


def test(options: Namespace) -> int:
    """Become pytest at the root of the checkout, with the arguments given."""
    return _become(["pytest", *(options.arguments or _WHOLE_SUITE)], needs="tests")


def bench(options: Namespace) -> int:
    """Become the benchmarks at the root of the checkout, with the arguments given."""
    return _become(["benchmarks", *options.arguments], needs="benchmarks")


def _become(module_and_arguments: list[str], *, needs: str) -> int:
    root = Path(__file__).resolve().parents[2]
    if not (root / needs).is_dir():
        raise CommandError(
            f"The {needs} are in the source repository, not in the installed package."
        )
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_")
    }  # they start from the defaults, never from the settings of whoever runs them
    os.chdir(root)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", *module_and_arguments], environment)
