"""Talk-back through a camera, and WHIP (RFC 9725) as the browser's way to be heard there."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.api.sdp_exchange import answered, offer_of, one_time_token
from sightline.dashboard.operations import talk as operations
from sightline.dashboard.operations.fields import Fields

router = APIRouter(tags=["talk"])

OGG = "audio/ogg"


class TalkFields(Fields):
    """Over which stream."""

    stream: Annotated[UUID, Field(strict=False)]


@router.post("/api/talk", status_code=201)
async def open_talk(body: TalkFields, services: WithServices) -> dict[str, Any]:
    """Open a talk over one's own stream; the officer is asked once the microphone has come by WHIP."""
    opened = await operations.open_talk(services, body.stream)
    answer = {
        "id": opened.talk,
        "talk": opened.talk,
        "camera": opened.camera,
        "audio_out": opened.audio_out,
        "whip": opened.whip,
        "token": opened.token,
        "answer_s": opened.answer_s,
    }
    return answer if opened.ice_servers is None else {**answer, "ice_servers": opened.ice_servers}


@router.get("/api/talk/{talk}")
async def talk_state(talk: UUID, services: WithServices) -> dict[str, Any]:
    """How one's own talk stands, for a page that may have missed an event of the feed."""
    async with services.acting() as act:
        state, reason = await operations.state(act, talk)
    return {"id": talk, "talk": talk, "state": state, "reason": reason}


@router.delete("/api/talk/{talk}", status_code=204)
async def end_talk(talk: UUID, services: WithServices, why: operations.Why = "ended") -> Response:
    """End one's own talk."""
    await operations.leave(services, talk, None, why)
    return Response(status_code=204)


@router.get("/api/incidents/{incident}/talks")
async def list_turns(
    incident: Annotated[int, Path(ge=1, le=2**63 - 1)], services: WithServices
) -> dict[str, Any]:
    """From when to when somebody spoke through a camera at the incident."""
    async with services.acting() as act:
        return {"turns": await operations.turns(act, incident)}


@router.get("/api/talk/{talk}/turns/{turn}", response_class=Response)
async def listen(
    talk: UUID, turn: Annotated[int, Path(ge=1, le=1_000_000)], services: WithServices
) -> Response:
    """What was said in one turn (Ogg Opus), where the force keeps it; audited."""
    sound = await operations.sound(services, talk, turn)
    return Response(sound, media_type=OGG, headers={"Cache-Control": "no-store"})


@router.post("/whip/{talk}", status_code=201)
async def speak(talk: UUID, request: Request, services: WithServices) -> Response:
    """The browser's SDP offer with its microphone, and the talk's one-time token as bearer; gives the SDP answer."""
    token, offer = await offer_of(request, "talk")
    return answered(await operations.speak(services, talk, token, offer), "whip", talk)


@router.delete("/whip/{talk}", status_code=200)
async def leave(talk: UUID, request: Request, services: WithServices) -> Response:
    """End the talk, by the session that opened it or the same token."""
    await operations.leave(services, talk, one_time_token(request))
    return Response(status_code=200)
