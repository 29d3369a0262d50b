"""What the functions of the database answer: done, or a refusal with its code and sentence."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from sightline.dashboard.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusalError,
)

_BY_OUTCOME: dict[str, type[RefusalError]] = {
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "invalid": InvalidError,
}


def check(row: asyncpg.Record | None) -> asyncpg.Record:
    """The row, where its column ``outcome`` is ok.

    Raises:
        RefusalError: it is not; the kind by outcome, code and sentence as the database gives them.
    """
    assert row is not None  # the functions always answer with one row
    if row["outcome"] == "ok":
        return row
    raise _BY_OUTCOME[row["outcome"]](row["message"], code=row["code"])


def refusal(
    http: int,
    code: str,
    sentence: str,
    field: str | None = None,
    allowed: Sequence[str] | None = None,
) -> RefusalError:
    """The error for a gate's answer, which names an HTTP status."""
    match http:
        case 403:
            return ForbiddenError(sentence, code)
        case 404:
            return NotFoundError(sentence, code)
        case 409:
            return ConflictError(sentence, code)
        case _:
            return InvalidError(sentence, field, allowed, code)
