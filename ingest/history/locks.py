"""What keeps those who pack history and those who store late fixes of it apart. Pure."""

from __future__ import annotations

from typing import Final

LOCKS: Final = 64
"""Cameras share locks by their number; so few fit into the database's table of locks whatever one flush holds."""

LEAST_AGE_S: Final = 900.0
"""History younger than this is never packed."""
