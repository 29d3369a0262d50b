"""Live streams, and WHEP (draft-ietf-wish-whep) as the browser's way to their picture."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.api.sdp_exchange import answered, offer_of, one_time_token
from sightline.dashboard.operations import streams
from sightline.dashboard.operations.fields import Fields

router = APIRouter(tags=["streams"])


class StreamFields(Fields):
    """What is asked for, and why."""

    camera: Annotated[str, Field(min_length=1, max_length=64)]
    purpose: Annotated[str, Field(max_length=64)] = ""
    reason: Annotated[str, Field(max_length=500)] = ""
    incident: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="May be left out for officer_safety: a provisional one is made"
    )


@router.post("/api/streams", status_code=201)
async def open_stream(body: StreamFields, services: WithServices) -> dict[str, Any]:
    """Open a live stream: within the rules of the stream gate, audited before the address is given."""
    opened = await streams.open_stream(
        services,
        camera=body.camera,
        purpose=body.purpose,
        reason=body.reason,
        incident=body.incident,
    )
    answer = {
        "id": opened.stream,
        "stream": opened.stream,
        "camera": opened.camera,
        "incident": opened.incident,
        "whep": opened.whep,
        "frames": opened.frames,
        "token": opened.token,
        "expires": opened.expires,
    }
    return answer if opened.ice_servers is None else {**answer, "ice_servers": opened.ice_servers}


@router.get("/api/streams")
async def list_streams(services: WithServices) -> dict[str, Any]:
    """The open streams that the user may know of."""
    async with services.acting() as act:
        return {"streams": await streams.open_streams(act)}


@router.delete("/api/streams/{stream}", status_code=204)
async def end_stream(stream: UUID, services: WithServices) -> Response:
    """End one's own stream."""
    async with services.acting() as act:
        await streams.end_stream(act, stream)
    return Response(status_code=204)


@router.post("/whep/{stream}", status_code=201)
async def watch(stream: UUID, request: Request, services: WithServices) -> Response:
    """The browser's SDP offer, with the stream's one-time token as bearer; gives the SDP answer."""
    token, offer = await offer_of(request, "stream")
    return answered(await streams.watch(services, stream, token, offer), "whep", stream)


@router.delete("/whep/{stream}", status_code=200)
async def leave(stream: UUID, request: Request, services: WithServices) -> Response:
    """End the viewing, by the session that opened it or the same token."""
    await streams.leave(services, stream, one_time_token(request))
    return Response(status_code=200)
