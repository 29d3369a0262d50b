"""The door: every request and socket passes here first, and nothing passes that no rule lets in.

Pure ASGI, outermost. For each request: find its rule, bound its body, prove the session, check origin, CSRF token and
role; then note who asks and hand on. Refusals are audited; answers get their security headers and are counted.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable, Iterable, Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.dashboard.access import pages as page_table
from sightline.dashboard.access.acting import Actor, User, current_credentials
from sightline.dashboard.access.cookies import CSRF_HEADER, credentials_of
from sightline.dashboard.access.guarded_socket import GuardedSocket
from sightline.dashboard.access.incoming import CHANGING, Incoming, read_body, storable
from sightline.dashboard.access.origin import is_https, is_same_origin
from sightline.dashboard.access.pages import CallbackPages, Page
from sightline.dashboard.access.rules import CALLBACK_PATH, RULES, Open, Rule
from sightline.dashboard.access.security_headers import security_headers
from sightline.dashboard.access.turning_away import answer, refuse_socket, unknown
from sightline.dashboard.errors import DashboardError, ForbiddenError
from sightline.dashboard.services import Services
from sightline.sql import query


class AccessMiddleware:
    """See the module.

    Args:
        app: what stands behind the door.
        services: of this process.
        pages: all pages; their paths are let in for GET by capability.
        callbacks: which page each Dash callback belongs to.
        script_hashes: hashes of Dash's inline scripts for the Content-Security-Policy.
        rules: the table; another one only in tests.
    """

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        pages: Sequence[Page] = (),
        callbacks: CallbackPages | None = None,
        script_hashes: Callable[[], Sequence[str]] = tuple,
        rules: Iterable[Rule] = RULES,
    ) -> None:
        self._app = app
        self._services = services
        self._pages = pages
        self._callbacks = callbacks or CallbackPages()
        self._script_hashes = script_hashes
        of_pages = (Rule("GET", page.path, page.capabilities, "page.view") for page in pages)
        self._rules = (*rules, *of_pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the server's start and end."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        incoming = Incoming.of(connection, self._rules)
        before = current_credentials.set(credentials_of(connection))
        try:
            if scope["type"] == "websocket":
                await self._socket(incoming, receive, send)
            else:
                await self._http(incoming, receive, self._finished(incoming, send))
        finally:
            current_credentials.reset(before)

    async def _http(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        scope = incoming.connection.scope
        try:
            incoming, receive = await read_body(incoming, receive)
            user = await self._let_in(incoming)
        except DashboardError as error:
            await answer(incoming, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = user
        if scope["method"] == "HEAD":  # the server leaves the body out (RFC 9110, section 9.3.2)
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)

    async def _socket(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        scope = incoming.connection.scope
        try:
            user = await self._let_in(incoming)
        except DashboardError as error:
            await refuse_socket(scope, send, error)
            return
        if user is None:
            raise RuntimeError(f"the rule of the socket {incoming.path} must ask for a session")
        scope.setdefault("state", {})["user"] = user
        socket = GuardedSocket(receive, send)

        async def serve() -> None:
            await self._app(scope, socket.receive, socket.send)

        with self._services.sessions.holding(user.session_id, socket.end):
            application = asyncio.create_task(serve(), name=f"socket {incoming.path}")
            try:
                await socket.run(application)
            finally:
                application.cancel()

    async def _let_in(self, incoming: Incoming) -> User | None:
        """Who asks, None where nobody need be signed in.

        Raises:
            DashboardError: why not.
        """
        rule = incoming.rule
        if rule is not None and rule.who is Open.ONE_TIME:
            return None
        if rule is not None and rule.who is Open.EVERYBODY:
            if incoming.method in CHANGING and not self._same_origin(incoming):
                raise ForbiddenError("The request comes from another site.", "origin_not_allowed")
            return None
        async with self._services.acting() as act:
            if rule is None:
                raise unknown(incoming)
            await self._check_forgery(incoming, act)
            await self._check_role(incoming, act, rule)
            return act.user

    async def _check_forgery(self, incoming: Incoming, act: Actor) -> None:
        """Refuse what another site made the browser send. A machine's token is no cookie: no site can borrow it."""
        if act.user.kind == "machine" or incoming.method in ("GET", "HEAD"):
            return
        given = incoming.connection.headers.get(CSRF_HEADER)
        if not self._same_origin(incoming):
            error = ForbiddenError("The request comes from another site.", "origin_not_allowed")
        elif incoming.method not in CHANGING:  # a socket, which can send no header of ours
            return
        elif given is None:
            error = ForbiddenError(
                f"The header {CSRF_HEADER} is missing; POST /api/session gives it as csrf.",
                "csrf_missing",
            )
        elif not hmac.compare_digest(given.encode(), act.user.csrf.encode()):
            error = ForbiddenError(f"The header {CSRF_HEADER} is not this session's.", "csrf_wrong")
        else:
            return
        await _audit(incoming, act, error.code)
        raise error

    async def _check_role(self, incoming: Incoming, act: Actor, rule: Rule) -> None:
        capabilities = act.user.capabilities
        if isinstance(rule.who, tuple) and not any(name in capabilities for name in rule.who):
            await _audit(incoming, act, "role")
            page = page_table.page_at(self._pages, incoming.path)
            raise ForbiddenError(_not_for(act.user.role_name, page))
        if rule.path == CALLBACK_PATH:
            why = page_table.why_refused(incoming.json, self._callbacks, self._pages, capabilities)
            if why is not None:
                await _audit(incoming, act, why)
                raise ForbiddenError(f"The role {act.user.role_name} may not do this: {why}.")

    def _same_origin(self, incoming: Incoming) -> bool:
        public_url = self._services.settings.dashboard_public_url
        return is_same_origin(incoming.connection, public_url)

    def _finished(self, incoming: Incoming, send: Send) -> Send:
        """A `send` that gives the answer its headers and counts it."""
        https = is_https(incoming.connection, self._services.settings.dashboard_public_url)
        metrics = self._services.metrics
        began = time.perf_counter()

        async def finished(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                hashes = self._script_hashes()
                wanted = security_headers(incoming.path, https=https, script_hashes=hashes)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
                path = incoming.rule.path if incoming.rule else "(unknown)"
                metrics.requests.labels(incoming.method, path, str(message["status"])).inc()
                metrics.seconds.labels(incoming.method, path).observe(time.perf_counter() - began)
            await send(message)

        return finished


async def _audit(incoming: Incoming, act: Actor, reason: str) -> None:
    """Record a refusal, with what it was about as far as the request says."""
    detail = {"method": incoming.method, "path": storable(incoming.path, 500)}
    if said := incoming.said("reason"):
        detail["reason_given"] = said
    action = incoming.rule.action if incoming.rule else "request"
    await act.connection.fetchval(
        query("access.audit_refused_request"),
        action, *incoming.about(), incoming.said("purpose"), reason, json.dumps(detail),
    )  # fmt: skip


def _not_for(role_name: str, page: page_table.Page | None) -> str:
    """Why somebody is turned away, and from a page what to do."""
    if page is None:
        return f"The role {role_name} may not do this."
    return (
        f"The page {page.name} is not for the role {role_name}. Go on with a page of yours, or sign in"
        " with the account that the page is for; who is given which role, your administrator decides."
    )
