"""`basemap import`: a real map under the cameras."""

from __future__ import annotations

import sys
import time
from argparse import Namespace

from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.cli.registers import with_connection
from sightline.ingest.basemap.errors import BasemapError
from sightline.ingest.basemap.reading import read_map
from sightline.ingest.basemap.storing import store_map


def import_(options: Namespace) -> int:
    """Read a file of a map into the database, in place of what was there."""
    began = time.monotonic()
    try:
        found = read_map(options.file, _said)
    except BasemapError as error:
        raise CommandError(str(error)) from error
    sys.stderr.write("  writing …\n")
    count = with_connection(
        options, lambda connection: store_map(connection, found, keep=options.keep)
    )
    where = "beside the map" if options.keep else "in place of the map"
    sys.stdout.write(
        f"{count:,} features of {found.scheme.name} {where} that was there, {time.monotonic() - began:.0f} s\n"
    )
    if found.left_out:
        sys.stdout.write(f"{found.left_out:,} had no usable geometry and were left out.\n")
    return 0


def _said(layer: str, drawn: int) -> None:
    sys.stderr.write(f"  read {layer}: {drawn:,} to be drawn\n")
