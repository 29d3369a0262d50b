"""The AsyncAPI document of the camera and bridge sockets, made from the code that speaks them.

`docs/asyncapi.yaml` is `to_yaml(document())`; a test holds them together. To write it anew::

    python -m sightline.ingest.asyncapi > docs/asyncapi.yaml
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import msgspec

from sightline.ingest import fields, messages, protocol, wire
from sightline.ingest.yaml_text import to_yaml

_INCOMING: Final = {
    "hello": wire.WireHello,
    "report": wire.WireReport,
    "status": wire.WireStatus,
    "eyes_on": wire.WireEyesOn,
    "talk_answer": wire.WireTalkAnswer,
}
_OUTGOING: Final = {
    "welcome": messages.Welcome,
    "ack": messages.Ack,
    "error": messages.Problem,
    "eyes_on_state": messages.EyesOnState,
}
_TEXT: Final = {"type": "string"}
_ICE_SERVERS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "urls": {"type": "array", "items": _TEXT},
            "username": _TEXT,
            "credential": _TEXT,
        },
        "required": ["urls", "username", "credential"],
    },
}
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "stream_start": {
        "stream": _TEXT,
        "whip": {**_TEXT, "format": "uri"},
        "token": _TEXT,
        "ice_servers": _ICE_SERVERS,
    },
    "stream_stop": {"stream": _TEXT},
    "watched": {"roles": {"type": "array", "items": _TEXT}, "silent": {"type": "boolean"}},
    "talk_request": {"talk": _TEXT, "by": _TEXT},
    "talk_start": {
        "talk": _TEXT,
        "whep": {**_TEXT, "format": "uri"},
        "token": _TEXT,
        "ice_servers": _ICE_SERVERS,
    },
    "talk_stop": {"talk": _TEXT},
}
"""Commands to cameras, which other parts put into the database and the gateway sends as they stand."""
_OPTIONAL: Final = frozenset({"ice_servers"})
"""What a command has only where the settings say so; the gateway adds it."""

CLOSE_CODES: Final[dict[int, str]] = {
    protocol.CLOSE_GOING_AWAY: "the gateway ends; the reason is the number of seconds after which to connect again",
    protocol.CLOSE_TOO_LARGE: "a message of more than 1 MiB",
    protocol.CLOSE_INTERNAL_ERROR: "the gateway failed at this connection; connect again",
    protocol.CLOSE_OVERLOADED: "overloaded; the reason is the number of seconds after which to try again",
    protocol.CLOSE_TOKEN_INVALID: "the token is not valid any more",
    protocol.CLOSE_TOO_MANY_ERRORS: "20 messages within a minute that were none; on a bridge, that named no camera it knows",
    protocol.CLOSE_REPLACED: "a newer connection of this camera took over",
}
"""Close codes of the gateway's own, and what they mean."""


def document() -> dict[str, Any]:
    """The document as plain values."""
    schemas = _schemas()
    names = [*_INCOMING, *_OUTGOING, *COMMANDS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sightline: cameras and bridges",
            "version": "1",
            "description": (
                "One JSON object in each text message, or the same structure as MessagePack in each binary message;"
                f" at most {fields.MAX_MESSAGE_BYTES} bytes. docs/camera-protocol.md says what the fields mean."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {
                "host": "127.0.0.1:8765",
                "protocol": "ws",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            "camera": _channel("/camera", protocol.CAMERA_SUBPROTOCOL, "one camera", names),
            "bridge": _channel(
                "/bridge",
                protocol.BRIDGE_SUBPROTOCOL,
                "many cameras; every message names its camera",
                names,
            ),
        },
        "operations": {
            f"{channel}{verb}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in sent],
            }
            for channel in ("camera", "bridge")
            for verb, action, sent in (
                ("Says", "receive", list(_INCOMING)),
                ("Hears", "send", [*_OUTGOING, *COMMANDS]),
            )
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "One token a camera or bridge; a wrong one never connects (401)",
                }
            },
            "messages": {name: _message(name) for name in names},
            "schemas": schemas,
        },
        "x-close-codes": {str(code): words for code, words in CLOSE_CODES.items()},
        "x-error-codes": messages.PROBLEMS,
        "x-rejection-codes": messages.REJECTIONS,
    }


def _channel(address: str, subprotocol: str, who: str, names: list[str]) -> dict[str, Any]:
    return {
        "address": address,
        "description": f"Subprotocol {subprotocol}: {who}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _message(name: str) -> dict[str, Any]:
    return {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}


def _schemas() -> dict[str, Any]:
    kinds = {**_INCOMING, **_OUTGOING}
    _, components = msgspec.json.schema_components(
        kinds.values(), ref_template="#/components/schemas/{name}"
    )
    renamed = {kind.__name__: name for name, kind in kinds.items()} | {
        "WireFix": "fix",
        "WireSignal": "signal",
        "Rejection": "rejection",
    }
    text = json.dumps(components)
    for old, new in renamed.items():
        text = text.replace(f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"')
    # JSON Schema has ECMA's patterns, which know no \A and \Z.
    text = text.replace(r"\\A", "^").replace(r"\\Z", "$")
    schemas = {renamed[old]: _plain(schema) for old, schema in json.loads(text).items()}
    for name, properties in COMMANDS.items():
        schemas[name] = {
            "type": "object",
            "properties": {"type": {"enum": [name]}, **properties},
            "required": ["type", *(name for name in properties if name not in _OPTIONAL)],
        }
    return dict(sorted(schemas.items()))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what msgspec adds for its own reader: titles of classes and our docstrings."""
    return {key: part for key, part in schema.items() if key not in ("title", "description")}


if __name__ == "__main__":
    sys.stdout.write(to_yaml(document()))
