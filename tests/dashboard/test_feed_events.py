"""Who is told of an event, and what."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from sightline.dashboard.feed.events import said, viewers_of
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.live_map.visibility import Viewing

NAMED, RELEASED, OTHER = (Viewer(uuid4(), Viewing(user, "all"), "binary") for user in (1, 2, 3))
EVERYBODY = (NAMED, RELEASED, OTHER)


async def audience(_incident: int, users: Collection[int]) -> frozenset[int]:
    return frozenset(users) & {NAMED.viewing.user_id}


async def told(event: dict[str, object]) -> list[Viewer]:
    return await viewers_of(event, EVERYBODY, audience)


async def test_whoever_was_released_learns_that_the_list_is_another_one_and_nobody_else() -> None:
    event = {"event": "incident_hidden", "incident": 7, "user": 2}
    assert await told(event) == [RELEASED]
    assert said(event) == {"event": "incident"}


async def test_who_is_released_in_one_capacity_and_stays_in_another_hears_nothing() -> None:
    assert await told({"event": "incident_hidden", "incident": 7, "user": 1}) == []


async def test_an_incident_that_is_restricted_now_goes_from_all_who_are_not_named() -> None:
    assert await told({"event": "incident_hidden", "incident": 7}) == [RELEASED, OTHER]


async def test_an_incidents_news_are_for_those_who_see_it() -> None:
    event = {"event": "incident", "incident": 7, "entry": 3}
    assert await told(event) == [NAMED]
    assert said(event) == event
