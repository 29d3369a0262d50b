"""Acting as the user who sent the request: one transaction, in which the database knows who acts.

`acting` proves the session, makes its holder the actor of a transaction and gives an `Actor`; row-level security, the
audit and every function of the database then speak of that user. The middleware notes for each request, in a context
variable, what it came with (`Credentials`), so that pages, callbacks, API routes and sockets need not pass it along.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.transaction import Transaction

from sightline.dashboard.errors import (
    DatabaseAwayError,
    ForbiddenError,
    NotSignedInError,
    RefusalError,
    translated,
)
from sightline.sql import AWAY, query
from sightline.sql.accounts import token_hash

log = logging.getLogger(__name__)

BEGIN_WITHIN_S = 2.5
"""A database that does not begin a transaction within this is away (a person is told within 3 s)."""


@dataclass(frozen=True)
class Credentials:
    """What a request came with.

    Attributes:
        token: the value of the session cookie, or a machine's bearer token; None: neither.
        address: the peer's IP address, None if unknown.
        kind: ``browser`` for a cookie, ``machine`` for a bearer token.
    """

    token: str | None = None
    address: str | None = None
    kind: str = "browser"


DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises; the last also when a server's farewell comes between two calls."""

current_credentials: ContextVar[Credentials] = ContextVar("current_credentials")
"""Of the request being served; set by the middleware for every HTTP request and socket."""


@dataclass(frozen=True)
class User:
    """Who is signed in.

    Attributes:
        id: key of the account.
        username: name to sign in with.
        display_name: name to show.
        role: code of the role.
        role_name: the force's word for it.
        post: the post held (Oscar 1), if any.
        officer_id: the officer that this account is, if any.
        unit_ids: the units that are a supervisor's own.
        capabilities: capability → scope (``all``, ``assigned``, …); what is not there is denied.
        session_id: of this sign-in.
        kind: ``browser`` or ``machine``.
        csrf: what state-changing calls of this session send as X-CSRF-Token.
        expires_time: when the sign-in ends at the latest.
    """

    id: int
    username: str
    display_name: str
    role: str
    role_name: str
    post: str | None
    officer_id: int | None
    unit_ids: tuple[int, ...]
    capabilities: dict[str, str]
    session_id: UUID
    kind: str
    csrf: str
    expires_time: datetime

    @property
    def label(self) -> str:
        """Role, and post or name, as the header shows it."""
        return f"{self.role_name} {self.post or self.display_name}"

    def may(self, capability: str) -> str | None:
        """The scope in which the user has a capability, None: not at all."""
        return self.capabilities.get(capability)


@dataclass(frozen=True)
class Actor:
    """A user within a transaction.

    Attributes:
        user: who acts.
        connection: in a transaction that begins with the user as actor.
    """

    user: User
    connection: asyncpg.Connection

    def may(self, capability: str) -> str | None:
        """The scope in which the user has a capability, None: not at all."""
        return self.user.may(capability)

    async def require(self, capability: str, action: str, object_type: str, object_id: str) -> None:
        """Refuse, and audit the refusal, unless the user has the capability.

        Raises:
            ForbiddenError: the role does not have it.
        """
        if self.may(capability) is None:
            await self.connection.fetchval(
                query("access.audit_refusal"), action, object_type, object_id, "role"
            )
            raise ForbiddenError(f"The role {self.user.role_name} may not do this.")


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in which nobody acts yet; errors of the driver leave it as the product's.

    Leaving it commits. A `RefusalError` commits too, so that the audit of the refusal stays, and is raised on;
    whatever else is raised, rolls back.

    Raises:
        DatabaseAwayError: the database does not answer within `BEGIN_WITHIN_S`, or is lost in between.
    """
    connection, current = await _begin(pool)
    try:
        try:
            yield connection
        except RefusalError:
            await current.commit()
            raise
        except asyncio.CancelledError:
            connection.terminate()  # whoever gave up does not wait for a database that may be silent
            raise
        except BaseException:
            if not connection.is_closed():
                await current.rollback()
            raise
        else:
            await current.commit()
    except AWAY as error:
        known = translated(error)
        if isinstance(known, DatabaseAwayError):
            log.warning("the database was lost: %s: %s", type(error).__name__, error)
            connection.terminate()
        if known is None:
            raise
        raise known from error
    finally:
        await _give_back(pool, connection)


async def _begin(pool: asyncpg.Pool) -> tuple[asyncpg.Connection, Transaction]:
    """A connection with a transaction begun. A connection that died in the pool is dropped for another.

    Raises:
        DatabaseAwayError: no connection that works can be had within `BEGIN_WITHIN_S`.
    """
    try:
        async with asyncio.timeout(BEGIN_WITHIN_S):
            while True:
                connection = await pool.acquire()
                begun = connection.transaction()
                try:
                    await begun.start()
                except DRIVER as error:
                    log.info("a connection of the pool was dead: %s", error)
                    connection.terminate()
                    await pool.release(connection)
                except BaseException:  # waited too long, or given up by the caller
                    connection.terminate()
                    await pool.release(connection)
                    raise
                else:
                    return connection, begun
    except AWAY as error:
        log.warning("no connection to the database: %s: %s", type(error).__name__, error)
        raise DatabaseAwayError from error


async def _give_back(pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
    """Release a connection; one that cannot be reset is dropped, since what it did is done or undone already."""
    try:
        await pool.release(connection, timeout=BEGIN_WITHIN_S)
    except AWAY as error:
        log.warning("a connection of the pool was lost: %s", error)


@asynccontextmanager
async def acting(
    pool: asyncpg.Pool, credentials: Credentials | None = None
) -> AsyncIterator[Actor]:
    """A transaction in which the holder of the session acts; commits and rolls back like `transaction`.

    Args:
        pool: as the role ``dashboard``.
        credentials: whose; by default those of the request being served.

    Raises:
        NotSignedInError: no session, or it has ended.
        DatabaseAwayError: the database does not answer.
    """
    given = credentials or current_credentials.get()
    if given.token is None:
        raise NotSignedInError
    async with transaction(pool) as connection:
        async with asyncio.timeout(BEGIN_WITHIN_S):
            user = await signed_in(connection, given)
        if user is None:
            raise NotSignedInError
        yield Actor(user, connection)


async def signed_in(connection: asyncpg.Connection, credentials: Credentials) -> User | None:
    """Make the session's holder the actor of this transaction; None where nobody is signed in."""
    if credentials.token is None:
        return None
    row = await connection.fetchrow(
        query("access.begin_act"), token_hash(credentials.token), credentials.address
    )
    if row is None or row["kind"] != credentials.kind:
        return None
    values: dict[str, Any] = dict(row)
    values["unit_ids"] = tuple(values["unit_ids"])
    values["capabilities"] = json.loads(values["capabilities"])
    return User(**values)
