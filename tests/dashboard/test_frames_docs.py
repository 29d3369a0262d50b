"""The documents of the socket of frames say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from sightline.dashboard.access.rules import RULES, SOCKET
from sightline.dashboard.frames_asyncapi import CLOSE_CODES, document
from sightline.dashboard.frames_socket import PATH, PROTOCOL
from sightline.ingest.yaml_text import to_yaml

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "frames.md").read_text(encoding="utf-8")


def test_the_asyncapi_document_is_that_of_the_code() -> None:
    written = (DOCS / "frames-asyncapi.yaml").read_text(encoding="utf-8")
    assert written == to_yaml(document()), (
        "python -m sightline.dashboard.frames_asyncapi > docs/frames-asyncapi.yaml"
    )


def test_every_close_code_is_told_of_and_no_other() -> None:
    assert {int(code) for code in re.findall(r"\b4[0-9]{3}\b", TEXT)} == set(CLOSE_CODES)


def test_the_path_is_the_rules_and_the_protocol_the_browsers() -> None:
    assert any(rule.method == SOCKET and rule.path == PATH for rule in RULES)
    assert f"`WS {PATH}`" in TEXT
    player = DOCS.parent / "dashboard" / "assets" / "frame_player.js"
    assert f'"{PROTOCOL}"' in player.read_text(encoding="utf-8")
