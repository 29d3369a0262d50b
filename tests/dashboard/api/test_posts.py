"""Posts by the API: who holds them, handing them over, and what goes along."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
async def post(force: Any) -> str:
    await force.owner.execute(
        "insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1)"
    )
    return "oscar_1"


async def test_a_post_is_taken_shown_and_left(force: Any, post: str) -> None:
    fim = await force.as_("fim")
    assert (await fim.post(f"/api/posts/{post}/take")).status_code == 204
    (shown,) = (await fim.get("/api/posts")).json()["posts"]
    assert (shown["code"], shown["is_mine"], shown["offered_to"]) == (post, True, None)
    again = await fim.post(f"/api/posts/{post}/take")
    assert (again.status_code, again.json()["code"]) == (409, "post_held")
    assert (await fim.post(f"/api/posts/{post}/leave")).status_code == 204
    gone = await fim.post(f"/api/posts/{post}/leave")
    assert (gone.status_code, gone.json()["code"]) == (409, "post_not_held")


async def test_another_role_neither_sees_nor_takes_it(force: Any, post: str) -> None:
    negco = await force.as_("negco")
    assert (await negco.get("/api/posts")).json() == {"posts": [], "colleagues": []}
    answer = await negco.post(f"/api/posts/{post}/take")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_permitted")


@pytest.mark.parametrize(
    ("body", "code"), [({}, None), ({"to": ""}, None), ({"to": "nobody"}, "nobody_to_take_it")]
)
async def test_an_offer_to_nobody_is_refused(
    force: Any, post: str, body: dict[str, str], code: str | None
) -> None:
    fim = await force.as_("fim")
    await fim.post(f"/api/posts/{post}/take")
    answer = await fim.post(f"/api/posts/{post}/offer", json=body)
    assert answer.status_code == 422
    assert code is None or answer.json()["code"] == code


async def test_what_is_open_goes_along(force: Any, post: str) -> None:
    fim = await force.as_("fim")
    along = (await fim.get("/api/posts/going-along")).json()
    assert along["incidents"], "the force of the tests has one"
    assert along.keys() == {"incidents", "alerts", "streams"}
    negco = await force.as_("negco")
    assert (await negco.get("/api/posts/going-along")).json()["alerts"] == []
