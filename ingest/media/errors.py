"""What the relay refuses, and why.

MediaError
├── UnsupportedLibraryError     start-up: an installed library is not the one that is pinned
└── RelayRefusal                a request; carries the HTTP status and a code of its own
    ├── InvalidRequest 400      identifier or body has the wrong form
    ├── UnknownPeer 404         no such publication, viewing or talk
    ├── PeerExists 409          the identifier is in use
    ├── PeerEnded 410           it ended while the request waited
    ├── InvalidOffer 422        the SDP offer cannot be answered
    ├── RelayFull 503           as many peers as the settings allow
    ├── GateUnreachable 503     nobody can prove that anyone may watch
    ├── PublicationAbsent 504   the camera did not begin to send in time
    └── NoPicture 504           no whole picture came in time
"""

from __future__ import annotations


class MediaError(Exception):
    """Base of everything that the relay raises on purpose."""


class UnsupportedLibraryError(MediaError):
    """A library lacks a private part that the relay replaces; the relay must not start."""


class RelayRefusal(MediaError):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that is refused; the message is the sentence that a person reads."""

    status = 500
    code = "relay_refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code


class InvalidRequest(RelayRefusal):
    status = 400
    code = "invalid_request"


class UnknownPeer(RelayRefusal):
    status = 404
    code = "unknown"


class PeerExists(RelayRefusal):
    status = 409
    code = "exists"


class PeerEnded(RelayRefusal):
    status = 410
    code = "ended"


class InvalidOffer(RelayRefusal):
    status = 422
    code = "invalid_offer"


class RelayFull(RelayRefusal):
    status = 503
    code = "relay_full"


class GateUnreachable(RelayRefusal):
    status = 503
    code = "gate_unreachable"


class PublicationAbsent(RelayRefusal):
    status = 504
    code = "camera_silent"


class NoPicture(RelayRefusal):
    status = 504
    code = "no_picture"
