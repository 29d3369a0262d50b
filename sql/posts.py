"""Posts of the control room (Oscar 1): which there are, and in which order alerts come to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from sightline.sql.accounts import audit
from sightline.sql.errors import AccountError
from sightline.sql.named import query

LONGEST_NAME: Final = 60
_MOST_TURN: Final = 1000
_CODE: Final = "[a-z0-9][a-z0-9_-]{0,31}"
_CODE_ALLOWED: Final = "1 to 32 of a-z 0-9 _ -, beginning with a letter or digit"


@dataclass(frozen=True)
class NewPost:
    """A post that was made; alerts come to it in its turn, or not at all without one."""

    post: str
    name: str
    role: str
    turn: int | None


async def add_post(
    connection: asyncpg.Connection,
    code: str,
    role: str,
    *,
    name: str | None = None,
    turn: int | None = None,
    actor: str = "system:cli",
) -> NewPost:
    """Make a post.

    Args:
        connection: of the owner.
        code: as commands and the API name it.
        role: who may hold it.
        name: as people call it; the code where it has none.
        turn: alerts come to the post with the lowest first; None: not to this one.
        actor: for the audit.

    Raises:
        AccountError: there is one of this code, a value is not allowed, or people of this role hold no posts.
    """
    said = code if name is None else name
    if not re.fullmatch(_CODE, code):
        raise AccountError(f"post {code[:64]!r}: {_CODE_ALLOWED}.")
    if not (said.strip() and said.isprintable() and len(said) <= LONGEST_NAME):
        raise AccountError(
            f"name {said[:64]!r}: 1 to {LONGEST_NAME} characters that can be printed."
        )
    if turn is not None and not 1 <= turn <= _MOST_TURN:
        raise AccountError(f"turn {turn}: a number from 1 to {_MOST_TURN}.")
    holding = [row["role"] for row in await connection.fetch(query("posts.roles"))]
    if role not in holding:
        raise AccountError(f"role {role[:64]!r}: posts are held by {', '.join(holding)}.")
    async with connection.transaction():
        try:
            await connection.execute(query("posts.add"), code, said, role, turn)
        except asyncpg.UniqueViolationError:
            raise AccountError(f"post {code!r} exists already.") from None
        await audit(connection, "post.add", "post", code, actor)
    return NewPost(code, said, role, turn)


async def list_posts(connection: asyncpg.Connection) -> Sequence[asyncpg.Record]:
    """Code, name, role, turn, and who holds it; in the order in which alerts come."""
    rows: list[asyncpg.Record] = await connection.fetch(query("posts.list"))
    return rows
