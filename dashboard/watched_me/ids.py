"""Ids of the page *Who watched me*."""

from __future__ import annotations

PAGE = "watched-me"
PERIOD = "watched-me-period"
FOUND = "watched-me-found"
STANDING = "watched-me-standing"
MOUNTED = "watched-me-mounted"
