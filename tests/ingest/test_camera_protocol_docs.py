"""The documentation of the camera protocol says what the code does."""

import json
import re
from pathlib import Path

import pytest

from sightline.ingest import fields, messages, protocol
from sightline.ingest.asyncapi import CLOSE_CODES, COMMANDS, document
from sightline.ingest.errors import ProtocolError
from sightline.ingest.tolerance import Limits
from sightline.ingest.yaml_text import to_yaml
from tests.ingest.openapi_check import loose_references
from tests.ingest.test_gateway import BAD_MESSAGES
from tests.ingest.test_protocol import BAD_OPTIONAL, BAD_REQUIRED, NO_MESSAGE

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "camera-protocol.md").read_text(encoding="utf-8")
FROM_CAMERA = {"hello", "report", "status", "eyes_on", "talk_answer"}


def examples():
    """Every JSON object in the text's code blocks."""
    decoder = json.JSONDecoder()
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL):
        rest = block.strip()
        while rest:
            value, end = decoder.raw_decode(rest)
            yield value
            rest = rest[end:].strip()


EXAMPLES = list(examples())


def test_every_kind_of_message_has_an_example():
    shown = {example["type"] for example in EXAMPLES}
    assert shown == FROM_CAMERA | {"welcome", "ack", "error", "eyes_on_state"} | set(COMMANDS)


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e["type"] in FROM_CAMERA], ids=lambda e: e["type"]
)
def test_examples_of_a_camera_are_taken_as_they_are(example):
    taken = protocol.decode(json.dumps(example).encode())
    assert getattr(taken, "rejected", []) == []


def test_the_example_of_a_rejection_is_what_comes_back():
    ack = next(example for example in EXAMPLES if example["type"] == "ack")
    bad = {"time": 1_795_183_331_000, "lat": 1, "lon": 2}
    report = {
        "type": "report",
        "seq": 813,
        "fixes": [bad | {"lat": 123.4}, bad, bad | {"battery_pct": 300}],
    }
    taken = protocol.decode(json.dumps(report).encode())
    answer = protocol.encode(protocol.acknowledge(813, 2, 1, taken.rejected), packed=False)
    assert json.loads(answer) == ack


def test_the_example_of_an_error_is_what_comes_back():
    shown = next(example for example in EXAMPLES if example["type"] == "error")
    with pytest.raises(ProtocolError) as error:
        protocol.decode(b'{"type":"song"}')
    answer = json.loads(protocol.encode(protocol.problem(error.value), packed=False))
    beginning = shown["message"].rstrip("…. ")
    assert answer["message"].startswith(beginning)
    assert answer | {"message": ""} == shown | {"message": ""}


def row(name, allowed, consequence):
    return f"| `{name}` | {allowed} | {consequence} |"


@pytest.mark.parametrize("field", [*fields.POSITION_FIELDS, *fields.MOTION_FIELDS, fields.BATTERY])
def test_every_field_stands_with_its_bounds(field):
    wrong = "the fix is rejected" if field.required else "it becomes unknown"
    assert row(field.name, field.allowed, wrong) in TEXT


@pytest.mark.parametrize("field", [*fields.SIGNAL_FIELDS, fields.OPERATOR, fields.CELL])
def test_every_field_of_the_signal_stands_with_its_bounds(field):
    assert row(f"signal.{field.name}", field.allowed, "it becomes unknown") in TEXT


def test_times_and_words_stand_with_what_they_may_be():
    assert row("time", fields.TIME_ALLOWED, "the fix is rejected") in TEXT
    recording = ", ".join(f"`{word}`" for word in fields.RECORDING_CODES)
    assert f"| `recording` | {recording};" in TEXT
    bearers = ", ".join(f"`{word}`" for word in fields.BEARER_CODES)
    assert row("signal.bearer", bearers, "it becomes unknown") in TEXT


@pytest.mark.parametrize(
    "codes", [messages.PROBLEMS, messages.REJECTIONS], ids=["error", "rejected"]
)
def test_every_code_is_explained(codes):
    missing = [code for code, words in codes.items() if f"| `{code}` | {words} |" not in TEXT]
    assert not missing


def test_every_close_code_is_explained():
    missing = [code for code, words in CLOSE_CODES.items() if f"| {code} | {words} |" not in TEXT]
    assert not missing


def test_the_codes_that_the_code_gives_are_listed():
    source = "".join(
        file.read_text(encoding="utf-8")
        for file in (Path(__file__).parents[2] / "ingest").glob("*.py")
    )
    given = set(re.findall(r'(?:ProtocolError|Problem)\(\s*"([a-z_]+)"', source))
    given |= {code for _, code in NO_MESSAGE} | {code for _, _, code in BAD_MESSAGES}
    assert given <= set(messages.PROBLEMS)
    rejected = {code for _, _, code in (*BAD_REQUIRED, *BAD_OPTIONAL)}
    rejected |= set(re.findall(r'Doubted\(\s*fix,\s*"([a-z_]+)"', source))
    assert rejected <= set(messages.REJECTIONS)
    assert len(rejected) > 6


def test_limits_stand_in_the_text():
    assert fields.MAX_MESSAGE_BYTES == 1024 * 1024
    assert "at most 1 MiB" in TEXT
    assert f"{fields.MAX_FIXES:,} fixes" in TEXT
    assert f"{Limits().errors} messages within a minute" in TEXT
    assert f"cut to {fields.ECHO_LENGTH} characters" in TEXT
    assert protocol.CAMERA_SUBPROTOCOL in TEXT
    assert protocol.BRIDGE_SUBPROTOCOL in TEXT


class TestAsyncApi:
    def test_the_file_is_what_the_code_says(self):
        written = (DOCS / "asyncapi.yaml").read_text(encoding="utf-8")
        assert written == to_yaml(document()), (
            "python -m sightline.ingest.asyncapi > docs/asyncapi.yaml"
        )

    def test_every_reference_leads_somewhere(self):
        found, loose = loose_references(document())
        assert len(found) > 30
        assert loose == set()

    def test_schemas_carry_the_bounds(self):
        schemas = document()["components"]["schemas"]
        assert schemas["fix"]["properties"]["lat"] == {
            "type": "number",
            "minimum": -90,
            "maximum": 90,
        }
        assert schemas["report"]["properties"]["fixes"]["maxItems"] == fields.MAX_FIXES
        assert schemas["hello"]["properties"]["camera"]["pattern"] == "^[A-Za-z0-9._:-]{1,64}$"
        assert schemas["fix"]["required"] == ["time", "lat", "lon"]

    def test_the_yaml_says_what_was_meant(self):
        made = to_yaml({"a": {"b-c": [1, {"d": "x: y"}], "4001": None}, "e": [], "f": True})
        assert made == ('a:\n  b-c:\n    - 1\n    - d: "x: y"\n  "4001": null\ne: []\nf: true\n')
