"""The parts of the door that are functions over values."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from starlette.requests import HTTPConnection

from sightline.dashboard.access.origin import (
    is_own_host,
    is_same_origin,
    is_this_machine,
    next_path,
)
from sightline.dashboard.access.pages import CallbackPages, Page, why_refused
from sightline.dashboard.access.pattern import places
from sightline.dashboard.access.security_headers import content_security_policy
from sightline.dashboard.errors import (
    ConflictError,
    DatabaseAwayError,
    InvalidError,
    NotFoundError,
    RelayRefusedError,
    problem,
    status_of,
    translated,
)
from sightline.dashboard.operations.fields import Fields


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("/api/me", "/api/me", {}),
        ("/api/me", "/api/me/", None),
        ("/api/me", "/api/mex", None),
        ("/a/{one}/b/{two}", "/a/1/b/2", {"one": "1", "two": "2"}),
        ("/a/{one}", "/a/1/2", None),
        ("/a/{one}", "/a/", None),
        ("/static/**", "/static/x/y.js", {}),
        ("/static/**", "/static", None),
        ("/static/**", "/static/", None),
        ("/a.b", "/axb", None),
    ],
)
def test_a_pattern_is_for_whole_segments(pattern: str, path: str, found: Any) -> None:
    assert places(pattern, path) == found


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/triage?deployment=3", "/triage?deployment=3"),
        ("/", "/"),
        (None, "/"),
        ("", "/"),
        ("triage", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?next=/x", "/"),
        ("/api/cameras", "/"),
    ],
)
def test_after_signing_in_one_stays_with_us(wanted: str | None, goes_to: str) -> None:
    assert next_path(wanted) == goes_to


def connection(host: str = "", client: str | None = None, **headers: str) -> HTTPConnection:
    raw = [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in {"host": host, **headers}.items()
    ]
    return HTTPConnection(
        {
            "type": "http",
            "headers": raw,
            "path": "/",
            "scheme": "http",
            "query_string": b"",
            "client": client and (client, 1),
        }
    )


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost:8050", True), ("127.0.0.1:8050", True), ("[::1]:8050", True), ("10.0.0.7:8050", True), ("map.force.example", True),
        ("evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_our_own_names(host: str, own: bool) -> None:
    assert is_own_host(connection(host), "127.0.0.1", "https://map.force.example") is own


def test_this_machine_is_not_a_proxy_on_it() -> None:
    assert is_this_machine(connection(client="127.0.0.1"))
    assert is_this_machine(connection(client="::1"))
    assert not is_this_machine(connection(client="10.0.0.1"))
    assert not is_this_machine(connection(client="127.0.0.1", x_forwarded_for="10.0.0.1"))
    assert not is_this_machine(connection(client="127.0.0.1", x_forwarded_proto="https"))
    assert not is_this_machine(connection())


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("http://map.test:8050", True),
        ("http://MAP.test:8050", True),
        ("https://map.test:8050", False),
        ("http://map.test", False),
        ("http://map.test:8051", False),
        ("http://map.test.evil.example:8050", False),
        ("https://map.force.example", True),
        ("https://map.force.example:443", True),
        ("http://map.force.example", False),
        ("null", False),
        ("", False),
        ("http://", False),
        ("http://map.test:x", False),
        ("file://map.test:8050", False),
    ],
)
def test_a_page_of_our_own_has_scheme_host_and_port(origin: str, ours: bool) -> None:
    asked = connection("map.test:8050", origin=origin)
    assert is_same_origin(asked, "https://map.force.example/") is ours


def test_the_standard_port_need_not_be_named() -> None:
    asked = connection("map.test:80", origin="http://map.test")
    assert is_same_origin(asked, None)


def test_the_policy_lets_in_only_the_scripts_that_are_named() -> None:
    policy = content_security_policy(["'sha256-abc'"])
    assert "script-src 'self' 'sha256-abc';" in policy
    assert "default-src 'self'" in policy


class TestCallbackPages:
    pages = (
        Page("/map", "Map", "map.view"),
        Page("/audit", "Audit", ("audit.read", "admin.manage")),
    )

    class App:
        def __init__(self) -> None:
            self.callback_map: dict[str, Any] = {"before.children": {}}

    @pytest.fixture
    def callbacks(self) -> CallbackPages:
        app, made = self.App(), CallbackPages()
        with made.of_every_page(app):
            app.callback_map["shell.children"] = {}
        with made.of(app, "/audit"):
            app.callback_map["..a.x...b.y.."] = {}
        return made

    @pytest.mark.parametrize(
        ("output", "capability", "let_in"),
        [
            ("..a.x...b.y..", "audit.read", True), ("..a.x...b.y..", "admin.manage", True), ("..a.x...b.y..", "map.view", False),
            ("shell.children", "map.view", True), ("before.children", "audit.read", False), ("new.children", "audit.read", False),
        ],
    )  # fmt: skip
    def test_by_capability(
        self, callbacks: CallbackPages, output: str, capability: str, let_in: bool
    ) -> None:
        why = why_refused({"output": output}, callbacks, self.pages, {capability: "all"})
        assert (why is None) is let_in

    @pytest.mark.parametrize("part", ["inputs", "state"])
    @pytest.mark.parametrize("value", ["/audit", "/audit/", "http://x/audit?y=1"])
    def test_going_there_is_refused(self, callbacks: CallbackPages, part: str, value: str) -> None:
        body = {
            "output": "shell.children",
            part: [{"id": "l", "property": "href" if ":" in value else "pathname", "value": value}],
        }
        assert "/audit" in str(why_refused(body, callbacks, self.pages, {"map.view": "all"}))
        assert why_refused(body, callbacks, self.pages, {"audit.read": "all"}) is None


class TestErrors:
    def test_a_problem_says_what_and_what_instead(self) -> None:
        assert problem(ConflictError("Not now.", "not_now", ["cancel"], ["cancelled"])) == {
            "type": "about:blank", "title": "Conflict", "status": 409, "code": "not_now", "detail": "Not now.",
            "possible": ["cancelled"], "actions": ["cancel"],
        }  # fmt: skip
        assert problem(InvalidError("Wrong.", "lat", "-90 to 90"))["allowed"] == "-90 to 90"
        assert status_of(NotFoundError("x")) == 404

    def test_every_error_has_a_status_of_its_own_or_its_parents(self) -> None:
        from sightline.dashboard import errors

        for kind in vars(errors).values():
            if isinstance(kind, type) and issubclass(kind, errors.DashboardError):
                if kind in (errors.DashboardError, errors.RefusalError, RelayRefusedError):
                    continue
                assert any(parent in errors.STATUS for parent in kind.__mro__), kind

    def test_a_broken_rule_of_the_database_is_named_by_its_field(self) -> None:
        error = asyncpg.ForeignKeyViolationError("…")
        error.constraint_name = "incident_grade_fkey"
        known = translated(error)
        assert isinstance(known, InvalidError)
        assert known.field == "grade"
        error.constraint_name = "something_else"
        assert translated(error) is None

    def test_a_lost_connection_is_the_database_away_and_a_mistake_of_ours_is_not(self) -> None:
        assert isinstance(
            translated(asyncpg.InterfaceError("connection is closed")), DatabaseAwayError
        )
        assert isinstance(translated(ConnectionRefusedError()), DatabaseAwayError)
        assert translated(asyncpg.InterfaceError("the server expects 2 arguments")) is None
        assert translated(asyncpg.UndefinedTableError("…")) is None


class TestConstraintNames:
    async def test_every_name_in_the_table_is_a_constraint_or_index_of_the_database(
        self, database: Any
    ) -> None:
        from sightline.dashboard import errors

        owner = await database.connect()
        names = {
            row[0]
            for row in await owner.fetch(
                "select conname::text from pg_constraint union select relname::text from pg_class where relkind in ('i', 'I')"
            )
        }
        assert {*errors._CONSTRAINTS, *errors._CONFLICTS} <= names


class Body(Fields):
    """A body of the tests."""

    number: int
    name: str = ""


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({}, "number", "number is missing."),
        ({"number": "x"}, "number", 'number is "x"; it must be a whole number'),
        ({"number": 1, "other": 2}, "other", "other is not a field of this call."),
        ({"number": 1, "name": "a\0"}, "name", "character that cannot be stored"),
        ({"number": 1, "name": "\udfff"}, "name", "character that cannot be stored"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(
    values: dict[str, Any], field: str | None, told: str
) -> None:
    with pytest.raises(InvalidError, match="^.*$") as wrong:
        Body.of(values)
    assert wrong.value.field == field
    assert told in str(wrong.value)
