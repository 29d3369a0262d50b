"""`test`: the whole suite is one pytest run; lint, format, types and rules are tests of it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path

from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.settings import PREFIX


def test(options: Namespace) -> int:
    """Become pytest at the root of the checkout, with the arguments given."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "tests").is_dir():
        raise CommandError("The tests are in the source repository, not in the installed package.")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_")
    }  # tests start from the defaults, never from the settings of whoever runs them
    os.chdir(root)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *options.arguments], environment)
