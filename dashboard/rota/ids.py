"""Ids of the on-call page."""

from __future__ import annotations

PAGE = "rota"
MOUNTED = "rota-mounted"
NEWS = "rota-news"
SAFETY_NET = "rota-safety-net"
STANDING = "rota-standing"
NOW = "rota-now"
GAPS = "rota-gaps"
WEEK = "rota-week"
