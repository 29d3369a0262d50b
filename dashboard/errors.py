"""What the dashboard answers when it cannot do as asked, and the one table from error to HTTP status.

    DashboardError
    ├── RefusalError            asked for something that is not given; its audit row is kept
    │   ├── NotSignedInError    401
    │   ├── WrongCredentialsError 401
    │   ├── ForbiddenError      403
    │   ├── NotFoundError       404
    │   │   └── MethodNotAllowedError 405
    │   ├── ConflictError       409, with what is possible
    │   ├── TooLargeError       413
    │   ├── InvalidError        422, with the field and what is allowed
    │   └── TooManyError        429, with when to try again
    ├── DatabaseAwayError       503
    ├── MapServerAwayError      503
    ├── RelayAwayError          503
    └── RelayRefusedError       as the relay says: 404, 409, 410, 422, 503 or 504

The text of an error is one sentence for a person; `code` is for programs. `problem` makes the RFC 9457 document.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import asyncpg


class DashboardError(Exception):
    """Base of all errors that are answered with a problem document.

    Attributes:
        code: stable name for programs, in snake_case.
    """

    code = "failed"

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code

    def members(self) -> dict[str, Any]:
        """What the problem document says beside status, code and sentence."""
        return {}


class RefusalError(DashboardError):
    """Asked for something that is not given. What was written in the transaction until then, is kept."""

    code = "refused"


class NotSignedInError(RefusalError):
    """Nobody is signed in, or the sign-in has ended."""

    code = "not_signed_in"

    def __init__(
        self, sentence: str = "Sign in first: there is no session, or it has ended."
    ) -> None:
        super().__init__(sentence)


class WrongCredentialsError(RefusalError):
    """User name and password do not belong together. Says no more than that."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("User name or password is wrong.")


class ForbiddenError(RefusalError):
    """The role, or what the user is assigned to, does not allow it."""

    code = "role_not_permitted"


class NotFoundError(RefusalError):
    """There is no such thing, or it is not the user's to see: the answer is the same."""

    code = "not_found"


class MethodNotAllowedError(NotFoundError):
    """The path is known, the method is not.

    Attributes:
        allowed: the methods that are.
    """

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not possible here; possible: {', '.join(allowed)}.")
        self.allowed = allowed


class ConflictError(RefusalError):
    """Not possible in the present state.

    Attributes:
        possible: codes of the actions that are possible instead, None where that says nothing.
        states: the states that they lead to.
    """

    code = "conflict"

    def __init__(
        self,
        sentence: str,
        code: str | None = None,
        possible: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> None:
        super().__init__(sentence, code)
        self.possible = possible
        self.states = states

    def members(self) -> dict[str, Any]:
        found = {} if self.states is None else {"possible": list(self.states)}
        return found if self.possible is None else {**found, "actions": list(self.possible)}


class TooLargeError(RefusalError):
    """The body is larger than the call takes."""

    code = "too_large"


class InvalidError(RefusalError):
    """A field is wrong.

    Attributes:
        field: its name, dotted for nested ones.
        allowed: what it may be: words, or a list of values.
    """

    code = "invalid"

    def __init__(
        self,
        sentence: str,
        field: str | None = None,
        allowed: str | Sequence[str] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(sentence, code)
        self.field = field
        self.allowed = allowed

    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = {} if self.field is None else {"field": self.field}
        if self.allowed is not None:
            found["allowed"] = self.allowed if isinstance(self.allowed, str) else list(self.allowed)
        return found


class TooManyError(RefusalError):
    """Too often in too short a time.

    Attributes:
        retry_after_s: seconds after which another try is taken.
    """

    code = "too_many_attempts"

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s

    def members(self) -> dict[str, Any]:
        return {"retry_after_s": self.retry_after_s}


class DatabaseAwayError(DashboardError):
    """The database does not answer."""

    code = "database_away"

    def __init__(self) -> None:
        super().__init__(
            "The database does not answer, so this was not done or cannot be confirmed."
            " Sightline goes on by itself as soon as it answers; then look again."
        )


class MapServerAwayError(DashboardError):
    """The force's tile server does not answer, or not with tiles."""

    code = "map_server_away"


class RelayAwayError(DashboardError):
    """The media relay does not answer."""

    code = "relay_away"


class RelayRefusedError(DashboardError):
    """The media relay cannot do it, and says why.

    Attributes:
        status: the HTTP status it answered with.
    """

    code = "relay_refused"

    def __init__(self, sentence: str, code: str, status: HTTPStatus) -> None:
        super().__init__(sentence, code)
        self.status = status


STATUS: dict[type[DashboardError], HTTPStatus] = {
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    WrongCredentialsError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    DatabaseAwayError: HTTPStatus.SERVICE_UNAVAILABLE,
    MapServerAwayError: HTTPStatus.SERVICE_UNAVAILABLE,
    RelayAwayError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The HTTP status of each error; a relay's refusal has its own."""


def status_of(error: DashboardError) -> HTTPStatus:
    """The HTTP status that an error is answered with."""
    if isinstance(error, RelayRefusedError):
        return error.status
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(error: DashboardError) -> dict[str, Any]:
    """The RFC 9457 problem document of an error."""
    status = status_of(error)
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "code": error.code,
        "detail": str(error),
        **error.members(),
    }


_CONSTRAINTS: dict[str, tuple[str, str, str]] = {
    # constraint → code, field, sentence
    "incident_title_check": ("invalid", "title", "title is empty; say in a few words what it is."),
    "incident_check": ("invalid", "lat", "lat and lon are given together or not at all."),
    "incident_lat_check": ("invalid", "lat", "lat must be from -90 to 90."),
    "incident_lon_check": ("invalid", "lon", "lon must be from -180 to 180."),
    "incident_grade_fkey": ("invalid", "grade", "grade is not one of the force's grades."),
    "incident_regime_check": ("invalid", "regime", "regime must be law_enforcement or general."),
    "incident_retention_category_fkey": (
        "invalid",
        "retention_category",
        "retention_category is not one of the force's categories.",
    ),
    "incident_log_text_check": ("invalid", "text", "text is empty."),
    "deployment_return_welfare": (
        "invalid",
        "welfare_check",
        "A return comes with a welfare check of the team: what it found, or true where all were asked.",
    ),
}

_CONFLICTS: dict[str, tuple[str, str]] = {
    # constraint → code, sentence
    "incident_log_number_key": ("log_number_taken", "Another incident has this log number."),
    "incident_one_commander": (
        "commander_named",
        "The incident has a commander; command changes hands by handing over.",
    ),
    "rota_one_shift_at_a_time": (
        "shift_overlaps",
        "The negotiator is on call in part of this time already.",
    ),
    "deployment_member_once": ("member_busy", "A member is already in a live deployment."),
    "post_one_holder": ("post_held", "The post is held by somebody else."),
}


_NOT_STORABLE = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    UnicodeEncodeError,
)
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)


def translated(error: BaseException) -> DashboardError | None:
    """The product's error for one of the database driver's, None where it has no such meaning.

    A constraint of the database is named by the field it guards; a lost or silent database is `DatabaseAwayError`.
    """
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        name = error.constraint_name or ""
        if name in _CONFLICTS:
            code, sentence = _CONFLICTS[name]
            return ConflictError(sentence, code)
        if name in _CONSTRAINTS:
            code, field, sentence = _CONSTRAINTS[name]
            return InvalidError(sentence, field, code=code)
        return None
    if isinstance(error, _NOT_STORABLE):
        return InvalidError("A text has a character that cannot be stored.", code="not_storable")
    if isinstance(error, _AWAY):
        return DatabaseAwayError()
    # The driver has one class for a closed connection and for its caller's mistakes.
    if isinstance(error, asyncpg.InterfaceError) and "clos" in str(error):
        return DatabaseAwayError()
    return None
