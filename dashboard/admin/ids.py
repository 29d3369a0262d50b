"""Ids of the administrator's page."""

from __future__ import annotations

PAGE = "admin"
MOUNTED = "admin-mounted"
STANDING = "admin-standing"
PARTS = "admin-parts"
WHICH = "admin-which"
ROWS = "admin-rows"
COUNT = "admin-count"
TICK = "admin-tick"
