"""What is done with a one-time token, by whoever shows it: a browser with its session, or a program with the token alone."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import asyncpg

from sightline.dashboard.access.acting import current_credentials
from sightline.dashboard.errors import NotSignedInError
from sightline.dashboard.services import Services
from sightline.sql import query
from sightline.sql.accounts import new_token, token_hash


async def redeemed(
    services: Services, query_name: str, id_: UUID, hashed: bytes
) -> asyncpg.Record | None:
    """What a named query gives for a token that is used up by it; None: it is not valid.

    Args:
        services: of this process.
        query_name: it takes the id and the token's hash, and audits what it refuses.
        id_: what the token is for.
        hashed: of the token.

    Raises:
        NotSignedInError: the session that shows it is over; that is in the audit, too.
    """
    if current_credentials.get().token is None:
        async with services.transaction() as connection:
            return await connection.fetchrow(query(query_name), id_, hashed)
    try:
        async with services.acting() as act:
            return await act.connection.fetchrow(query(query_name), id_, hashed)
    except NotSignedInError:
        # A session that is over is refused like any other, audit row included: with a token that opens nothing.
        async with services.transaction() as connection:
            await connection.fetchrow(query(query_name), id_, token_hash(new_token()))
        raise


async def left(
    services: Services, query_name: str, id_: UUID, token: str | None, reason: str
) -> Any:
    """What a named query gives that ends something for whoever holds its token or its session.

    Args:
        services: of this process.
        query_name: it takes the id, the token's hash and the reason.
        id_: what is to end.
        token: None: the session stands for it.
        reason: why.

    Raises:
        NotSignedInError: there is neither token nor session.
    """
    has_session = current_credentials.get().token is not None
    if token is None and not has_session:
        raise NotSignedInError
    arguments = (query(query_name), id_, token_hash(token or secrets.token_urlsafe(32)), reason)
    if not has_session:
        async with services.transaction() as connection:
            return await connection.fetchval(*arguments)
    async with services.acting() as act:
        return await act.connection.fetchval(*arguments)
