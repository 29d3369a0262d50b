"""The AsyncAPI document of the socket of frames, made from the code that speaks it.

`docs/frames-asyncapi.yaml` is `to_yaml(document())`; a test holds them together. To write it anew::

    python -m sightline.dashboard.frames_asyncapi > docs/frames-asyncapi.yaml
"""

from __future__ import annotations

import struct
import sys
from typing import Any, Final

from sightline.dashboard.access.guarded_socket import SESSION_ENDED
from sightline.dashboard.frames_socket import BEFORE_TOKEN, CLOSE_BASE, PATH, PROTOCOL
from sightline.ingest.media.errors import (
    GateUnreachable,
    InvalidOffer,
    PeerExists,
    PublicationAbsent,
)
from sightline.ingest.media.frame_queue import HEADER, KEY_FLAG, KIND
from sightline.ingest.media.frame_socket import BAD_WORD, ENDED, WANTS_KEY
from sightline.ingest.yaml_text import to_yaml

_FIELDS: Final = (
    ("kind", f"{KIND['picture']} picture, {KIND['sound']} sound"),
    ("flags", f"{KEY_FLAG}: decoding can begin here"),
    ("zero", "0"),
    ("number", "of the message, from 1"),
    ("time", "when it was taken, µs since 1970 UTC by the relay's clock; of each kind later than the one before"),
    ("missing", "pictures so far that were not sent"),
)  # fmt: skip
"""What the header holds, in order."""

_TYPES: Final = {"B": "uint8", "H": "uint16", "I": "uint32", "d": "float64"}

CLOSE_CODES: Final[dict[int, str]] = {
    ENDED: "the stream has ended; the reason says why",
    SESSION_ENDED: "the sign-in is over",
    BAD_WORD: "what the client said is neither the number of a message that it was sent nor " + WANTS_KEY,
    CLOSE_BASE + PeerExists.status: "the viewing is carried so already",
    CLOSE_BASE + InvalidOffer.status: "the camera sends what cannot be carried so",
    CLOSE_BASE + GateUnreachable.status: "the relay does not answer, or cannot carry it now",
    CLOSE_BASE + PublicationAbsent.status: "the camera did not begin to send",
}  # fmt: skip


def document() -> dict[str, Any]:
    """The document as plain values."""
    incoming, outgoing = ("read", "wants_key"), ("start", "frame")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sightline: a stream's frames",
            "version": "1",
            "description": "A stream over the dashboard's own port, where UDP does not get through. docs/frames.md says more.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": {
            "dashboard": {
                "host": "127.0.0.1:8050",
                "protocol": "ws",
                "security": [{"$ref": "#/components/securitySchemes/session"}],
            }
        },
        "channels": {
            "frames": {
                "address": PATH,
                "description": f"Subprotocol {PROTOCOL}, offered beside {BEFORE_TOKEN}TOKEN with the stream's one-time token.",
                "parameters": {"stream": {"description": "id of the viewing"}},
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"}
                    for name in (*outgoing, *incoming)
                },
            }
        },
        "operations": {
            "framesSent": _operation("send", outgoing),
            "framesRead": _operation("receive", incoming),
        },
        "components": {
            "securitySchemes": {
                "session": {"type": "httpApiKey", "in": "cookie", "name": "sightline_session"}
            },
            "messages": {
                "start": _message("Comes first", _start(), "application/json"),
                "frame": _message(_frame_words(), {"type": "string", "format": "binary"}, "application/octet-stream"),
                "read": _message("The newest message that was read", {"type": "string", "pattern": "^[0-9]+$"}, "text/plain"),
                "wants_key": _message("Only a key frame helps", {"const": WANTS_KEY}, "text/plain"),
            },
        },
        "x-frame-header": _header(),
        "x-close-codes": {str(code): words for code, words in CLOSE_CODES.items()},
    }  # fmt: skip


def _operation(action: str, messages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/frames"},
        "messages": [{"$ref": f"#/channels/frames/messages/{name}"} for name in messages],
    }


def _message(summary: str, payload: dict[str, Any], content_type: str) -> dict[str, Any]:
    return {"summary": summary, "contentType": content_type, "payload": payload}


def _start() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"const": "start"},
            "picture": {"const": "h264"},
            "sound": {"enum": ["opus", None]},
        },
        "required": ["type", "picture", "sound"],
    }


def _frame_words() -> str:
    return (
        f"A header of {HEADER.size} bytes (x-frame-header), little-endian, then an H.264 access unit in Annex B form, or an"
        " Opus packet"
    )


def _header() -> list[dict[str, Any]]:
    letters = HEADER.format.lstrip("<")
    return [
        {
            "at": struct.calcsize("<" + letters[:place]),
            "type": _TYPES[letters[place]],
            "name": name,
            "description": words,
        }
        for place, (name, words) in enumerate(_FIELDS)
    ]


if __name__ == "__main__":
    sys.stdout.write(to_yaml(document()))
