"""`python -m sightline.dashboard.libraries`: install the JavaScript libraries (set-up's step)."""

import sys

from sightline.dashboard.libraries import LibrariesError, install

if __name__ == "__main__":
    try:
        install()
    except LibrariesError as error:
        sys.exit(str(error))
