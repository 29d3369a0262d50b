"""`python -m sightline.dashboard.cli`, which ./sightline runs."""

import sys

from sightline.dashboard.cli import main

if __name__ == "__main__":
    sys.exit(main())
