"""Signing in and out: password check, limits on tries, sessions.

Guessing is slowed where it comes from, and nobody can lock others out (`sightline.dashboard.access.tries` has the
numbers). A browser with which a name got in before has a cookie that says so: for that name only its own failures count.
Any other browser shares its wait with those that fail for the same name at the same address; and once an address has
failed for many names, with all that try there a name that never got in from it. A name that does not exist takes as long
as one that does.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sightline.dashboard.access import tries
from sightline.dashboard.access.acting import Credentials, User, signed_in
from sightline.dashboard.errors import (
    NotFoundError,
    TooManyError,
    WrongCredentialsError,
)
from sightline.dashboard.services import Services
from sightline.sql import query
from sightline.sql.accounts import hash_password, new_token, token_hash, token_made

_hasher = PasswordHasher()


@dataclass(frozen=True)
class Session:
    """A session just begun.

    Attributes:
        token: the secret for the cookie, or the bearer token of a machine.
        csrf: what its state-changing calls send along.
        expires: when it ends at the latest.
        user: who is signed in.
        browser: the cookie by which the browser is known the next time; None where no password was given.
    """

    token: str
    csrf: str
    expires: datetime
    user: User
    browser: str | None = None


async def sign_in(
    services: Services,
    username: str,
    password: str,
    address: str | None,
    browser: str | None = None,
) -> Session:
    """Check a password and begin a session of the browser.

    Args:
        services: of this process.
        username: as given.
        password: as given.
        address: from where.
        browser: the cookie by which it may be known, if it has one.

    Raises:
        TooManyError: it is too soon after failures from there; nothing is checked.
        WrongCredentialsError: no such user, wrong password, or the account is disabled.
        DatabaseAwayError: the database does not answer.
    """
    async with services.signing_in:
        return await _sign_in(services, username, password, address, browser)


async def _sign_in(
    services: Services, username: str, password: str, address: str | None, browser: str | None
) -> Session:
    place = address or "unknown"
    shown = None if browser is None else token_hash(browser)
    async with services.transaction() as connection:
        await connection.execute(query("access.one_try_at_a_time"), place)
        attempts = await connection.fetchrow(
            query("access.attempts"), username, place, shown, tries.WINDOW_S
        )
        _check_attempts(attempts)
        account = await connection.fetchrow(query("access.account"), username)
        # Counted before it is known to fail, so that tries at the same time count as well.
        known = shown if attempts["known_browser"] else None
        attempt = await connection.fetchval(query("access.record_attempt"), username, place, known)
    async with services.hashing:
        right = await _is_password(account["password_hash"] if account else None, password)
    if not right:
        last = attempts["own_failures"] + 1 >= tries.FREE_OWN_FAILURES
        async with services.transaction() as connection:
            await connection.fetchrow(
                query("access.audit_sign_in_refused"),
                account and account["username"],
                username[:64],
                address or "",
                "wrong user name or password" + ("; further tries must wait" if last else ""),
            )
        raise WrongCredentialsError
    assert account is not None  # no hash, no match
    # What others put into a browser is not kept: only a cookie that somebody got in with.
    kept = browser if browser is not None and attempts["ours"] else new_token()
    async with services.transaction() as connection:
        await connection.execute(query("access.attempt_succeeded"), attempt, token_hash(kept))
        session = await begin(connection, account["id"], address, by="password")
    return replace(session, browser=kept)


def _check_attempts(attempts: asyncpg.Record) -> None:
    wait_s = tries.wait_s(attempts["own_failures"], attempts["own_age_s"], tries.FREE_OWN_FAILURES)
    if not (attempts["known_browser"] or attempts["known_here"]):
        crowd_s = tries.wait_s(
            attempts["crowd_failures"], attempts["crowd_age_s"], tries.FREE_ADDRESS_FAILURES
        )
        wait_s = max(wait_s, crowd_s)
    if wait_s > 0:
        raise TooManyError(f"Too many wrong tries from here; try again in {wait_s} s.", wait_s)


@cache
def _no_password() -> str:
    """The hash of a password that nobody knows."""
    return hash_password(secrets.token_urlsafe(32))


async def _is_password(known_hash: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; takes as long where there is no hash."""
    return await asyncio.to_thread(_verify, known_hash, password)


def _verify(known_hash: str | None, password: str) -> bool:
    try:
        _hasher.verify(known_hash or _no_password(), password)
    except (VerificationError, InvalidHashError):
        return False
    return known_hash is not None


async def begin(
    connection: asyncpg.Connection,
    user_id: int,
    address: str | None,
    *,
    by: str,
    kind: str = "browser",
    hours: float | None = None,
) -> Session:
    """Begin a session; audited. For the password's check, the demo's roles, and the tokens of machines.

    Args:
        connection: in a transaction.
        user_id: whose.
        address: from where.
        by: how the user proved who they are, for the audit.
        kind: ``browser``, or ``machine`` for a bearer token.
        hours: how long it lasts at most; None: the force's setting.

    Raises:
        NotFoundError: there is no such account, or it is disabled.
    """
    token, csrf = new_token(), secrets.token_urlsafe(24)
    row = await connection.fetchrow(
        query("access.open_session"), user_id, token_hash(token), csrf, address, kind, hours
    )
    user = await signed_in(connection, Credentials(token, address, kind)) if row else None
    if user is None:
        raise NotFoundError("There is no such account.", "user_unknown")
    await connection.fetchval(query("access.audit_sign_in"), by)
    return Session(token, csrf, row["expires_time"], user)


async def machine_token(
    connection: asyncpg.Connection, username: str, *, days: int = 365
) -> Session:
    """A bearer token for a program that works as a user, shown once; audited. For the command line.

    Args:
        connection: of the owner or of the dashboard.
        username: as whom.
        days: how long it is good for; it ends sooner when role, password or account change.

    Raises:
        NotFoundError: there is no such user, or the account is disabled.
    """
    async with connection.transaction():
        account = await connection.fetchrow(query("access.account"), username)
        if account is None:
            raise NotFoundError("There is no such user.", "user_unknown")
        await token_made(connection, username)  # before there is a user who acts
        return await begin(
            connection, account["id"], None, by="token", kind="machine", hours=24 * days
        )


async def demo_sign_in(services: Services, role: str, address: str | None) -> Session:
    """Begin a session as the demo user of a role; there is such a thing only in a demonstration.

    Raises:
        NotFoundError: this is no demonstration, or there is no such role.
    """
    async with services.transaction() as connection:
        if not await is_demo(services, connection):
            raise NotFoundError("There is nothing here.")
        account = await connection.fetchrow(query("access.demo_user"), role)
        if account is None:
            raise NotFoundError("The demonstration has no user of this role.", "role_unknown")
        return await begin(connection, account["id"], address, by="demo")


async def is_demo(services: Services, connection: asyncpg.Connection) -> bool:
    """Whether this is a demonstration: both the process and the database must say so."""
    row = await connection.fetchrow(query("access.demo"))
    return services.settings.demo and bool(row["demo"])


async def sign_out(services: Services) -> None:
    """End the session of the request being served.

    Raises:
        NotSignedInError: there is none.
    """
    async with services.acting() as act:
        await act.connection.fetchrow(query("access.sign_out"))
