"""What WHEP and WHIP have in common: an SDP offer and a one-time token come in, an SDP answer goes out."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from sightline.dashboard.errors import InvalidError, NotSignedInError
from sightline.dashboard.relay_client import SDP


def one_time_token(request: Request) -> str | None:
    """The bearer token of a request, None: there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


async def offer_of(request: Request, noun: str) -> tuple[str, str]:
    """The one-time token of a request and its SDP offer.

    Args:
        request: as it came.
        noun: what the token is for.

    Raises:
        NotSignedInError: there is no token.
        InvalidError: the body is no SDP.
    """
    token = one_time_token(request)
    if token is None:
        raise NotSignedInError(
            f"The {noun}'s one-time token is missing: Authorization: Bearer TOKEN."
        )
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
        raise InvalidError(f"The body must be {SDP}.", "Content-Type", [SDP])
    try:
        return token, (await request.body()).decode()
    except UnicodeDecodeError:
        raise InvalidError("The SDP offer is not text in UTF-8.") from None


def answered(answer: str, place: str, id_: UUID) -> Response:
    """The SDP answer, and where to take leave."""
    headers = {"Location": f"/{place}/{id_}", "ETag": f'"{id_}"'}
    return Response(answer, 201, headers, media_type=SDP)
