"""Ids of the coverage page."""

from __future__ import annotations

PAGE = "coverage"
MOUNTED = "coverage-mounted"
STANDING = "coverage-standing"
PLACE = "coverage-place"
ASK = "coverage-ask"
ASKED = "coverage-asked"
ANSWER = "coverage-answer"
