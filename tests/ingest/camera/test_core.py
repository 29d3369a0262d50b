"""The camera's side of the protocol: what is said when, what is kept, what is sent again."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.camera.core import (
    FIXES_PER_REPORT,
    REPORTS_UNDERWAY,
    CameraCore,
    UnreadableMessageError,
)
from sightline.ingest.camera.messages import (
    AudioOut,
    EyesOnState,
    Fix,
    IceServer,
    Identity,
    Signal,
    StreamStart,
    TalkRequest,
    TalkStop,
    Watched,
    Welcome,
)

NOW = 1_795_176_131_000
IDENTITY = Identity("AB4-000123", "Reference", "1.0", "earpiece")
WELCOME = json.dumps(
    {
        "type": "welcome",
        "camera": "AB4-000123",
        "time": "2026-11-20T14:02:11Z",
        "report_every_s": {"recording": 1, "buffering": 5, "off": 60},
    }
)


def fix(n: int = 0, **values: Any) -> Fix:
    return Fix(time=NOW + 1000 * n, lat=57.1, lon=2.2, recording="recording", **values)


def core(audio_out: AudioOut = "earpiece", **options: Any) -> CameraCore:
    identity = msgspec.structs.replace(IDENTITY, audio_out=audio_out)
    return CameraCore(identity, first_seq=800, **options)


def said(camera: CameraCore) -> list[dict[str, Any]]:
    return [json.loads(text) for text in camera.outgoing(NOW)]


def kinds(camera: CameraCore) -> list[str]:
    return [message["type"] for message in said(camera)]


def online(camera: CameraCore) -> CameraCore:
    camera.connected()
    assert kinds(camera) == ["hello"]
    camera.received(WELCOME)
    return camera


def ack(camera: CameraCore, seq: int) -> None:
    camera.received(
        json.dumps({"type": "ack", "seq": seq, "stored": 1, "duplicate": 0, "rejected": []})
    )


def test_it_introduces_itself_and_waits_to_be_welcomed() -> None:
    camera = core()
    camera.add_fix(fix())
    camera.connected()
    assert said(camera) == [
        {
            "type": "hello", "camera": "AB4-000123", "model": "Reference", "firmware": "1.0",
            "time": NOW, "audio_out": "earpiece",
        }
    ]  # fmt: skip
    assert said(camera) == []
    message = camera.received(WELCOME)
    assert isinstance(message, Welcome)
    assert camera.report_every_s == {"recording": 1, "buffering": 5, "off": 60}
    assert kinds(camera) == ["report"]


def test_a_report_is_what_the_contract_says() -> None:
    camera = online(core())
    camera.add_fix(
        fix(accuracy_m=4.8, battery_pct=71.0, signal=Signal("lte", "234-30", rsrp_dbm=-92.0))
    )
    assert said(camera) == [
        {
            "type": "report",
            "seq": 800,
            "fixes": [
                {
                    "time": NOW, "lat": 57.1, "lon": 2.2, "recording": "recording",
                    "accuracy_m": 4.8, "battery_pct": 71.0,
                    "signal": {"bearer": "lte", "operator": "234-30", "rsrp_dbm": -92.0},
                }
            ],
        }
    ]  # fmt: skip


def test_a_fix_is_kept_until_it_is_acknowledged() -> None:
    camera = online(core())
    camera.add_fix(fix())
    (report,) = said(camera)
    assert camera.buffered == 1
    ack(camera, report["seq"] + 7)
    assert camera.buffered == 1, "that was another report"
    ack(camera, report["seq"])
    assert camera.buffered == 0
    assert camera.idle


def test_after_a_break_everything_unacknowledged_is_sent_again_under_new_numbers() -> None:
    camera = online(core())
    camera.add_fix(fix(0))
    camera.add_fix(fix(1))
    (first,) = said(camera)
    camera.disconnected()
    camera.add_fix(fix(2))
    (again,) = said(online(camera))
    assert again["seq"] > first["seq"]
    assert [f["time"] for f in again["fixes"]] == [NOW, NOW + 1000, NOW + 2000]


def test_after_a_break_the_newest_go_first() -> None:
    camera = core()
    for n in range(FIXES_PER_REPORT + 10):
        camera.add_fix(fix(n))
    first, second = said(online(camera))
    assert len(first["fixes"]) == FIXES_PER_REPORT
    assert first["fixes"][-1]["time"] == NOW + 1000 * (FIXES_PER_REPORT + 9)
    assert second["fixes"][0]["time"] == NOW
    times = [f["time"] for f in first["fixes"]]
    assert times == sorted(times)


def test_few_reports_are_under_way_at_once() -> None:
    camera = online(core())
    for n in range(REPORTS_UNDERWAY + 3):
        camera.add_fix(fix(n))
        camera.outgoing(NOW)
    assert camera.buffered == REPORTS_UNDERWAY + 3
    assert said(camera) == []
    ack(camera, 800)
    (report,) = said(camera)
    assert len(report["fixes"]) == 3


def test_the_buffer_is_bounded_and_loses_the_oldest() -> None:
    camera = core(buffered_fixes=5)
    for n in range(8):
        camera.add_fix(fix(n))
    assert (camera.buffered, camera.dropped_fixes) == (5, 3)
    (report,) = said(online(camera))
    assert report["fixes"][0]["time"] == NOW + 3000


def test_a_change_of_recording_is_told_at_once_and_after_each_break() -> None:
    camera = online(core())
    camera.add_fix(fix())
    camera.set_status("buffering", 60.0)
    assert kinds(camera) == ["status", "report", "status"]
    camera.set_status("off")
    camera.disconnected()
    camera.connected()
    camera.outgoing(NOW)
    camera.received(WELCOME)
    status = said(camera)[0]
    assert (status["type"], status["recording"], status["time"]) == ("status", "off", NOW)
    assert "status" not in kinds(camera)


def test_a_request_for_eyes_is_repeated_until_it_is_answered() -> None:
    camera = online(core())
    camera.ask_eyes_on()
    assert kinds(camera) == ["eyes_on"]
    assert kinds(camera) == []
    camera.disconnected()
    assert kinds(online(camera)) == ["eyes_on"]
    message = camera.received('{"type":"eyes_on_state","state":"waiting"}')
    assert message == EyesOnState("waiting")
    camera.disconnected()
    assert kinds(online(camera)) == []


def test_what_cannot_play_a_voice_declines_by_itself() -> None:
    camera = online(core(audio_out="none"))
    message = camera.received('{"type":"talk_request","talk":"t1","by":"NegCo"}')
    assert message == TalkRequest("t1", "NegCo")
    assert said(camera) == [{"type": "talk_answer", "talk": "t1", "accept": False}]
    camera.received('{"type":"talk_request","talk":"t2","by":"NegCo"}')
    camera.answer_talk("t3", accept=True)
    camera.disconnected()
    again = said(online(camera))
    assert again == [{"type": "talk_answer", "talk": "t2", "accept": False}], "no acceptance is"


def test_else_the_officer_answers() -> None:
    camera = online(core(audio_out="earpiece"))
    camera.received('{"type":"talk_request","talk":"t1","by":"NegCo"}')
    assert said(camera) == []
    camera.answer_talk("t1", accept=True)
    assert said(camera) == [{"type": "talk_answer", "talk": "t1", "accept": True}]
    assert camera.received('{"type":"talk_stop"}') == TalkStop()
    assert camera.received('{"type":"talk_stop","talk":"t1"}') == TalkStop("t1")


def test_commands_are_passed_on() -> None:
    camera = online(core())
    assert camera.received(
        '{"type":"stream_start","stream":"p","whip":"http://x/whip/p","token":"t","more":1}'
    ) == StreamStart("p", "http://x/whip/p", "t")
    assert camera.received(
        '{"type":"stream_start","stream":"p","whip":"http://x/whip/p","token":"t",'
        '"ice_servers":[{"urls":["turn:t"],"username":"9:p","credential":"c"}]}'
    ) == StreamStart("p", "http://x/whip/p", "t", [IceServer(["turn:t"], "9:p", "c")])
    assert camera.received('{"type":"watched","roles":["FIM"],"silent":true}') == Watched(
        ["FIM"], silent=True
    )


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"type":"later"}', '{"type":"ack"}', b"\xff"]
)
def test_what_is_not_in_the_contract_changes_nothing(text: str | bytes) -> None:
    camera = online(core())
    camera.add_fix(fix())
    with pytest.raises(UnreadableMessageError):
        camera.received(text)
    assert kinds(camera) == ["report"]


@settings(deadline=None)  # machines that build are busy
@given(st.lists(st.sampled_from(["fix", "send", "ack", "break", "status"]), max_size=60))
def test_no_fix_is_ever_lost_or_numbered_backwards(steps: list[str]) -> None:
    camera = online(core())
    taken, acknowledged, numbers = 0, set(), []
    underway: dict[int, list[int]] = {}
    for step in [*steps, "break", *["send", "ack"] * 70]:
        if step == "fix":
            camera.add_fix(fix(taken))
            taken += 1
        elif step == "status":
            camera.set_status("recording")
        elif step == "send":
            for message in said(camera):
                numbers.append(message["seq"])
                if message["type"] == "report":
                    underway[message["seq"]] = [f["time"] for f in message["fixes"]]
        elif step == "ack" and underway:
            seq, times = underway.popitem()
            acknowledged |= set(times)
            ack(camera, seq)
        elif step == "break":
            underway.clear()
            camera.disconnected()
            online(camera)
    assert acknowledged == {NOW + 1000 * n for n in range(taken)}
    assert numbers == sorted(set(numbers))
    assert camera.buffered == 0


def test_a_status_that_overtakes_fixes_of_another_state_is_said_again_after_them() -> None:
    camera = online(core())
    for n in range(2 * FIXES_PER_REPORT + 1):
        camera.add_fix(fix(n))
    camera.set_status("off")
    assert kinds(camera) == ["status", "report", "report", "report", "status"]
    assert camera.outgoing(NOW) == []
