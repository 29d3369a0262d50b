"""Signing in and out, over HTTP: cookies, limits, what is told and what is recorded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sightline.dashboard.access import tries
from sightline.dashboard.access.sign_in import begin, machine_token
from sightline.dashboard.access.tries import (
    FREE_ADDRESS_FAILURES,
    FREE_OWN_FAILURES,
    LONGEST_WAIT_S,
)

PASSWORD = "correct horse battery"


async def sign_in(
    client: httpx.AsyncClient, username: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    body = {"username": username, "password": password}
    return await client.post("/api/session", json=body, headers=headers)


async def later(force: Any, seconds: float) -> None:
    """Let time pass for the tries so far."""
    await force.owner.execute(
        "update login_attempt set at = at - make_interval(secs => $1)", float(seconds)
    )


async def guesses(force: Any, username: str, number: int, address: str = "10.1.2.3") -> None:
    """Wrong tries by a browser that is not known, just now."""
    await force.owner.executemany(
        "insert into login_attempt (username, address, succeeded) values ($1, $2, false)",
        [(username, address)] * number,
    )


async def test_a_sign_in_gives_both_cookies_and_the_csrf_token(force: Any) -> None:
    client = force.client()
    answer = await sign_in(client, "fim")
    assert answer.status_code == 201, answer.text
    assert answer.json()["role"] == "fim"
    browser, csrf, session = sorted(answer.headers.get_list("set-cookie"))
    assert session.startswith("sightline_session=")
    for flag in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert flag in session
    assert "Secure" not in session  # by http
    assert browser.startswith("sightline_browser=")
    for flag in ("HttpOnly", "SameSite=lax", "Path=/api/session", "Max-Age=2678400"):
        assert flag in browser
    assert csrf.startswith(f"sightline_csrf={answer.json()['csrf']};")
    assert "HttpOnly" not in csrf
    me = (await client.get("/api/me")).json()
    assert (me["username"], me["csrf"]) == ("fim", answer.json()["csrf"])
    assert me["capabilities"]["stream.open"] == "all"
    (row,) = await force.audit("session.sign_in")
    assert (row["actor"], row["actor_role"], row["address"], row["outcome"]) == (
        "fim", "fim", "10.1.2.3", "allowed",
    )  # fmt: skip


async def test_by_https_the_cookies_are_secure_and_the_browser_stays_with_https(force: Any) -> None:
    answer = await sign_in(force.client(base="https://sightline.test"), "fim")
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("username", ["fim", "nobody-of-this-name"])
async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    force: Any, username: str
) -> None:
    answer = await sign_in(force.client(), username, "wrong")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["code"] == "wrong_credentials"
    assert document["detail"] == "User name or password is wrong."
    assert "set-cookie" not in answer.headers
    (row,) = await force.audit("session.sign_in")
    assert (row["outcome"], row["object_id"], row["address"]) == ("refused", username, "10.1.2.3")
    assert row["actor"] == ("fim" if username == "fim" else "nobody")


async def test_an_unknown_name_costs_as_much_as_a_known_one(
    force: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    from sightline.dashboard.access import sign_in as module

    real = module._verify
    monkeypatch.setattr(module, "_verify", lambda h, p: verified.append(h) or real(h, p))
    await sign_in(force.client(), "nobody-of-this-name", "wrong")
    assert verified == [None]  # and `_verify` then takes the time for a hash that nobody knows


async def test_a_disabled_account_does_not_get_in(force: Any) -> None:
    await force.owner.execute("update app_user set disabled_time = now() where username = 'fim'")
    assert (await sign_in(force.client(), "fim")).status_code == 401


@pytest.fixture
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait is as long as the longest, so that it lasts until the test looks."""
    monkeypatch.setattr(tries, "FIRST_WAIT_S", LONGEST_WAIT_S)


@pytest.mark.usefixtures("slow_machine")
async def test_too_many_failures_are_held_back_where_they_come_from_and_nowhere_else(
    force: Any,
) -> None:
    attacker = force.client(address="10.9.9.9")
    for _ in range(FREE_OWN_FAILURES):
        assert (await sign_in(attacker, "fim", "wrong")).status_code == 401
    answer = await sign_in(attacker, "fim")  # even with the right password
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= LONGEST_WAIT_S
    assert f"try again in {answer.headers['retry-after']} s." in answer.json()["detail"]
    assert answer.json()["code"] == "too_many_attempts"
    assert (await sign_in(attacker, "negco")).status_code == 201
    assert (await sign_in(force.client(), "fim")).status_code == 201


@pytest.mark.usefixtures("slow_machine")
async def test_failures_at_the_same_time_count_as_well(force: Any) -> None:
    wrong = [sign_in(force.client(), "fim", "wrong") for _ in range(3 * FREE_OWN_FAILURES)]
    statuses = [answer.status_code for answer in await asyncio.gather(*wrong)]
    assert statuses.count(401) == FREE_OWN_FAILURES
    assert (await sign_in(force.client(), "fim")).status_code == 429


async def test_a_success_takes_former_failures_away(force: Any) -> None:
    client = force.client()
    for _ in range(2):
        for _ in range(FREE_OWN_FAILURES - 1):
            await sign_in(client, "fim", "wrong")
        assert (await sign_in(client, "fim")).status_code == 201


async def test_a_crowded_address_holds_back_only_those_who_never_got_in_from_there(
    force: Any,
) -> None:
    assert (await sign_in(force.client(), "negco")).status_code == 201
    await force.owner.executemany(
        "insert into login_attempt (username, address, succeeded) values ($1, '10.1.2.3', false)",
        [(f"guess-{number}",) for number in range(FREE_ADDRESS_FAILURES)],
    )
    assert (await sign_in(force.client(), "fim")).status_code == 429
    assert (await sign_in(force.client(), "negco")).status_code == 201
    assert (await sign_in(force.client(address="10.7.7.7"), "fim")).status_code == 201


async def test_right_passwords_crowd_nobody_out(
    force: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "FREE_ADDRESS_FAILURES", 3)
    for username in ("fim", "negco", "commander", "supervisor", "fim"):
        assert (await sign_in(force.client(), username)).status_code == 201
    assert (await sign_in(force.client(), "auditor")).status_code == 201
    assert await force.owner.fetchval("select bool_and(succeeded) from login_attempt")


async def test_a_control_room_of_sixty_gets_in_at_shift_change(force: Any) -> None:
    await force.owner.execute(
        "insert into app_user (username, display_name, role, password_hash)"
        " select 'oscar-' || n, 'Oscar ' || n, role, password_hash"
        " from app_user, generate_series(1, 60) n where username = 'fim'"
    )
    shift = [sign_in(force.client(), f"oscar-{number}") for number in range(1, 61)]
    statuses = [answer.status_code for answer in await asyncio.gather(*shift)]
    assert statuses == [201] * 60


async def test_the_wait_is_short_and_counts_down(force: Any) -> None:
    await guesses(force, "fim", 50)
    newcomer = force.client()
    waits = []
    for passed_s in (0, 10, 10, 9):
        await later(force, passed_s)
        answer = await sign_in(newcomer, "fim")
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
    assert waits[0] == LONGEST_WAIT_S
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == 1
    await later(force, 1)  # what was refused did not prolong it
    assert (await sign_in(newcomer, "fim")).status_code == 201


async def test_a_browser_that_is_known_does_not_wait_for_the_failures_of_others(force: Any) -> None:
    desk, colleague = force.client(), force.client()
    assert (await sign_in(desk, "fim")).status_code == 201
    assert (await sign_in(desk, "negco")).status_code == 201  # a desk is shared over a shift change
    await guesses(force, "fim", 20)
    await guesses(force, "negco", 20)
    await guesses(force, "somebody", FREE_ADDRESS_FAILURES)
    assert (await sign_in(colleague, "fim")).status_code == 429
    for username in ("fim", "negco", "fim"):
        assert (await sign_in(desk, username)).status_code == 201
        await desk.delete("/api/session", headers={"X-CSRF-Token": desk.cookies["sightline_csrf"]})
    # it is known only for those who got in with it
    await guesses(force, "auditor", 20)
    assert (await sign_in(desk, "auditor")).status_code == 429


@pytest.mark.usefixtures("slow_machine")
async def test_a_browser_that_is_known_waits_for_its_own_failures_and_no_one_else_does(
    force: Any,
) -> None:
    desk, other = force.client(), force.client()
    assert (await sign_in(desk, "fim")).status_code == 201
    for _ in range(FREE_OWN_FAILURES):
        assert (await sign_in(desk, "fim", "wrong")).status_code == 401
    assert (await sign_in(desk, "fim")).status_code == 429
    assert (await sign_in(other, "fim")).status_code == 201
    await later(force, LONGEST_WAIT_S)
    assert (await sign_in(desk, "fim")).status_code == 201


async def test_a_made_up_cookie_makes_no_browser_known(force: Any) -> None:
    client = force.client()
    client.cookies.set("sightline_browser", "of-my-own", domain="sightline.test")
    await guesses(force, "fim", 20)
    assert (await sign_in(client, "fim")).status_code == 429
    answer = await sign_in(client, "negco")
    assert answer.status_code == 201
    assert "of-my-own" not in answer.headers["set-cookie"]


async def test_what_a_browser_remembers_is_not_what_the_database_holds(force: Any) -> None:
    client = force.client()
    cookie = (await sign_in(client, "fim")).cookies["sightline_browser"]
    held = await force.owner.fetchval("select browser from login_attempt")
    assert len(held) == 32
    assert cookie.encode() not in held
    again = (await sign_in(client, "fim")).cookies["sightline_browser"]
    assert again == cookie


def tries_within(seconds: int, free: int) -> int:
    """How many tries somebody gets who uses every moment that is open."""
    at: list[float] = []
    now = 0.0
    while now < seconds:
        recent = [then for then in at if now - then < tries.WINDOW_S]
        wait = tries.wait_s(len(recent), now - recent[-1] if recent else None, free)
        now += wait
        if wait == 0:
            at.append(now)
            now += 0.05  # what a password's hash takes
    return len(at)


def test_guessing_is_slowed() -> None:
    assert tries_within(60, FREE_OWN_FAILURES) <= 10
    assert tries_within(3600, FREE_OWN_FAILURES) <= 130
    assert tries_within(24 * 3600, FREE_OWN_FAILURES) <= 2_900
    assert tries_within(24 * 3600, FREE_ADDRESS_FAILURES) <= 3_000
    waits = [tries.wait_s(failures, 0.0, FREE_OWN_FAILURES) for failures in range(12)]
    assert waits == [0, 0, 0, 0, 0, 2, 4, 8, 16, 30, 30, 30]


async def test_signing_out_ends_the_session_and_says_so(force: Any) -> None:
    client = await force.as_("fim")
    answer = await client.delete("/api/session")
    assert answer.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert (await client.get("/api/me")).status_code == 401
    (row,) = await force.audit("session.sign_out")
    assert row["actor"] == "fim"


async def test_signing_in_anew_ends_the_session_before(force: Any) -> None:
    client = force.client()
    await sign_in(client, "fim")
    former = dict(client.cookies)
    await sign_in(client, "negco")
    assert (await client.get("/api/me")).json()["username"] == "negco"
    other = force.client()
    other.cookies.update(former)
    assert (await other.get("/api/me")).status_code == 401


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update app_user set role = 'planner' where username = 'fim'", "role changed"),
        ("update app_user set disabled_time = now() where username = 'fim'", "account disabled"),
        ("update app_user set password_hash = 'x' where username = 'fim'", "password changed"),
    ],
)
async def test_a_changed_account_loses_its_sessions_at_once(
    force: Any, change: str, reason: str
) -> None:
    client = await force.as_("fim")
    assert (await client.get("/api/me")).status_code == 200
    await force.owner.execute(change)
    assert (await client.get("/api/me")).status_code == 401
    assert await force.owner.fetchval("select end_reason from session") == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("last_seen_time = now() - interval '61 minutes'", "not used"),
        ("expires_time = now() - interval '1 second'", "past its time"),
    ],
)
async def test_a_session_lapses(force: Any, change: str, reason: str) -> None:
    client = await force.as_("fim")
    await force.owner.execute(f"update session set {change}")
    assert (await client.get("/api/me")).status_code == 401
    async with asyncio.timeout(6):  # the watch ends it in its next round
        while (await force.owner.fetchval("select end_reason from session")) != reason:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    (row,) = await force.audit("session.lapse")
    assert row["reason"] == reason


async def test_use_keeps_a_session(force: Any) -> None:
    client = await force.as_("fim")
    await force.owner.execute("update session set last_seen_time = now() - interval '59 minutes'")
    assert (await client.get("/api/me")).status_code == 200
    idle = await force.owner.fetchval("select now() - last_seen_time from session")
    assert idle.total_seconds() < 5


async def test_a_machine_uses_a_bearer_token_and_no_csrf(force: Any) -> None:
    session = await machine_token(force.owner, "fim")
    assert (session.expires - datetime.now(UTC)).days == 364
    client = force.client()
    client.headers["Authorization"] = f"Bearer {session.token}"
    assert (await client.get("/api/me")).json()["username"] == "fim"
    made = await client.post("/api/incidents", json={"title": "By machine", "grade": "standard"})
    assert made.status_code == 201


async def test_a_machine_that_signs_out_revokes_its_own_token_and_no_other(force: Any) -> None:
    revoked, kept = await machine_token(force.owner, "fim"), await machine_token(force.owner, "fim")
    client = force.client()
    client.headers["Authorization"] = f"Bearer {revoked.token}"
    assert (await client.delete("/api/session")).status_code == 204
    assert (await client.get("/api/me")).status_code == 401
    client.headers["Authorization"] = f"Bearer {kept.token}"
    assert (await client.get("/api/me")).status_code == 200
    (row,) = await force.audit("session.sign_out")
    assert (row["actor"], row["outcome"]) == ("fim", "allowed")


async def test_a_cookie_is_no_bearer_token_and_a_bearer_token_no_cookie(force: Any) -> None:
    browser, machine = await force.session("fim"), await force.session("fim", kind="machine")
    by_bearer = force.client()
    by_bearer.headers["Authorization"] = f"Bearer {browser.token}"
    assert (await by_bearer.get("/api/me")).status_code == 401
    by_cookie = force.client()
    by_cookie.cookies.set("sightline_session", machine.token)
    assert (await by_cookie.get("/api/me")).status_code == 401


class TestDemo:
    """One click away in a demonstration, and never otherwise."""

    @pytest.fixture
    async def demo(self, force: Any) -> Any:
        force.services.settings = force.services.settings.model_copy(update={"demo": True})
        await force.owner.execute("update force_setting set value = 'true' where key = 'demo'")
        return force

    async def click(self, client: httpx.AsyncClient, role: str = "negco") -> httpx.Response:
        return await client.post("/api/session/demo", json={"role": role})

    async def test_the_page_offers_the_roles_and_a_click_signs_in(self, demo: Any) -> None:
        client = demo.client(base="http://127.0.0.1:8050")
        page = (await client.get("/sign-in")).text
        assert 'value="negco">NegCo</button>' in page
        answer = await self.click(client)
        assert answer.status_code == 201
        assert (await client.get("/api/me")).json()["role"] == "negco"
        (row,) = await demo.audit("session.sign_in")
        assert row["detail"] == '{"by": "demo"}'

    async def test_a_borrowed_name_for_this_machine_is_not_served(self, demo: Any) -> None:
        client = demo.client(base="http://elsewhere.example")
        assert "negco" not in (await client.get("/sign-in")).text
        assert (await self.click(client)).status_code == 404

    async def test_a_role_that_there_is_not(self, demo: Any) -> None:
        answer = await self.click(demo.client(base="http://localhost:8050"), "chief")
        assert answer.status_code == 404
        assert answer.json()["code"] == "role_unknown"

    @pytest.mark.parametrize("process", [True, False])
    async def test_without_both_process_and_database_saying_so_there_is_nothing(
        self, force: Any, process: bool
    ) -> None:
        if process:
            force.services.settings = force.services.settings.model_copy(update={"demo": True})
        else:
            await force.owner.execute("update force_setting set value = 'true' where key = 'demo'")
        client = force.client(base="http://127.0.0.1:8050")
        assert (await self.click(client)).status_code == 404
        page = (await client.get("/sign-in")).text
        assert "negco" not in page


async def test_the_page_shows_the_force_and_where_to_go_next(force: Any) -> None:
    await force.owner.execute(
        "update force_setting set value = to_jsonb('Fen & Marsh'::text) where key = 'force_name'"
    )
    answer = await force.client().get("/sign-in", params={"next": "/triage?deployment=3"})
    assert answer.status_code == 200
    assert "Fen &amp; Marsh" in answer.text
    assert 'data-next="/triage?deployment=3"' in answer.text
    for name in ("sign-in.css", "sign-in.js", "theme_boot.js", "mark.svg"):
        assert (await force.client().get(f"/sign-in/{name}")).status_code == 200
    assert (await force.client().get("/sign-in/sign-in.html")).status_code == 404


async def test_no_token_for_nobody(force: Any) -> None:
    from sightline.dashboard.errors import NotFoundError

    with pytest.raises(NotFoundError):
        await machine_token(force.owner, "nobody")


async def test_begin_refuses_a_disabled_account(force: Any) -> None:
    from sightline.dashboard.errors import NotFoundError

    await force.owner.execute("update app_user set disabled_time = now() where username = 'fim'")
    with pytest.raises(NotFoundError):
        async with force.services.transaction() as connection:
            await begin(connection, force.users["fim"], None, by="test")


@pytest.mark.parametrize("password", ["x" * 1001, 12345678, ["s3cret"]])
async def test_no_answer_repeats_a_password(force: Any, password: Any) -> None:
    answer = await force.client().post(
        "/api/session", json={"username": "fim", "password": password}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "password")
    assert "xxx" not in answer.text
    assert "12345678" not in answer.text
    assert "s3cret" not in answer.text
