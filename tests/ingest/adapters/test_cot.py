"""Cursor-on-Target, the pure part: events ↔ fixes, and the stream of elements."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.adapters import cot
from sightline.ingest.adapters.cot_stream import ElementSplitter
from sightline.ingest.adapters.errors import CotEventError, CotStreamError
from tests.ingest.cot_client import auth, event

DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>"
TIMES = st.integers(946_684_800_000, 4_102_444_799_999)


def elements(*packets: bytes, most_bytes: int = 256 * 1024) -> list[bytes]:
    splitter = ElementSplitter(most_bytes)
    return [element for packet in packets for element in splitter.feed(packet)]


def maybe(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high).map(lambda value: round(value, 2))


officers = st.builds(
    cot.Officer,
    ref=st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True),
    callsign=st.text(min_size=1, max_size=40),
    fix_time_ms=TIMES,
    stale_after_s=st.floats(1, 1000),
    lat=st.floats(-90, 90).map(lambda value: round(value, 7)),
    lon=st.floats(-180, 180).map(lambda value: round(value, 7)),
    accuracy_m=maybe(0, 100_000),
    altitude_m=maybe(-500, 20_000),
    speed_mps=maybe(0, 350),
    heading_deg=maybe(0, 360),
    battery_pct=maybe(0, 100),
    recording=st.integers(0, 3),
)


# --- events ↔ fixes


@given(officers)
def test_what_is_written_is_read_as_the_same_fix(officer: cot.Officer) -> None:
    (raw,) = elements(cot.officer_event(officer, "a-f-G-U-C"))
    read = cot.element(raw)
    assert read.is_position
    assert read.uid == cot.uid_of(officer.ref)
    report = cot.position(read, 7, "C1")
    (fix,) = report.fixes
    assert (report.seq, report.camera, report.rejected) == (7, "C1", [])
    assert fix.recording == 0
    for name in ("lat", "lon", "accuracy_m", "altitude_m", "speed_mps", "heading_deg", "battery_pct"):  # fmt: skip
        assert getattr(fix, name) == getattr(officer, name), name
    assert fix.time_us == officer.fix_time_ms * 1000


@given(officers)
def test_stale_is_the_true_time_and_what_was_said_is_good_for(officer: cot.Officer) -> None:
    read = cot.element(elements(cot.officer_event(officer, "a-f-G"))[0]).attributes
    stale, time = (datetime.fromisoformat(read[name]) for name in ("stale", "time"))
    assert abs((stale - time).total_seconds() - officer.stale_after_s) <= 0.0011
    assert read["start"] == read["time"]


def test_an_officer_s_event_reads_as_it_should() -> None:
    officer = cot.Officer("C1", "MK <1>", 1_795_730_194_311, 120, 51.2724, 0.5223, recording=3)
    assert cot.officer_event(officer, "a-f-G-U-C").decode() == (
        '<event version="2.0" uid="sightline.C1" type="a-f-G-U-C" how="m-g" time="2026-11-26T21:56:34.311Z"'
        ' start="2026-11-26T21:56:34.311Z" stale="2026-11-26T21:58:34.311Z">'
        '<point lat="51.2724000" lon="0.5223000" hae="9999999.0" ce="9999999.0" le="9999999.0"/>'
        '<detail><contact callsign="MK &lt;1&gt;"/><__group name="Blue" role="Team Member"/>'
        "<remarks>The camera is recording.</remarks></detail></event>\n"
    )


def test_a_withdrawal_names_whom_it_takes_off_the_map() -> None:
    text = cot.withdrawal("C1", 1_795_730_194_311).decode()
    assert 'type="t-x-d-d"' in text
    assert '<link uid="sightline.C1" relation="none" type="none"/><__forcedelete/>' in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"lat": "90.1"}, "point lat is 90.1; allowed: -90 to 90"),
        ({"lon": "181"}, "point lon is 181.0; allowed: -180 to 180"),
        ({"lon": "1e400"}, "point lon is 'Infinity'"),
        ({"lat": "1_0"}, "point lat is '1_0'; allowed: a number from -90 to 90"),
        ({"lat": "٤"}, "point lat is '٤'; allowed: a number"),
        ({"lat": None}, "point lat is missing; allowed: -90 to 90"),
        ({"time": "1795730194311"}, "event time is '1795730194311'; allowed: RFC 3339"),
        ({"time": "2026-11-26T21:56:34"}, "event time is '2026-11-26T21:56:34'; allowed: RFC 3339"),
        ({"time": "1999-11-26T21:56:34Z"}, "event time is '1999-11-26T21:56:34Z'; allowed: RFC 3339"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_allowed(more: dict[str, str], words: str) -> None:
    with pytest.raises(CotEventError) as raised:
        cot.position(cot.element(event(**more)), 1, "C1")
    assert words in str(raised.value)


def test_a_wrong_value_beside_the_position_is_only_a_remark() -> None:
    report = cot.position(cot.element(event(course="361", battery="full")), 1, "C1")
    assert [(entry.field, entry.kept) for entry in report.rejected] == [
        ("track course", True), ("status battery", True),
    ]  # fmt: skip
    assert report.fixes[0].heading_deg is None


@pytest.mark.parametrize(
    ("time", "us"),
    [("2026-11-26T21:56:34Z", 0), ("2026-11-26T21:56:34.5Z", 500_000), ("2026-11-26T22:56:34.123456+01:00", 123_456)],
)  # fmt: skip
def test_times_are_rfc_3339(time: str, us: int) -> None:
    (fix,) = cot.position(cot.element(event(time=time)), 1, "C1").fixes
    wanted = datetime(2026, 11, 26, 21, 56, 34, tzinfo=UTC)
    assert fix.time_us == int(wanted.timestamp()) * 1_000_000 + us


@pytest.mark.parametrize(
    ("kind", "how", "is_position", "is_marker"),
    [
        ("a-f-G-U-C", "m-g", True, False),
        ("a-u-G", "h-e", True, False),
        ("a-f-G", "h-g-i-g-o", True, True),
        ("a-h-G", "m-g", True, True),
        ("b-m-p-s-m", "h-g-i-g-o", False, True),
        ("t-x-c-t", "m-g", False, False),
        ("", "m-g", False, False),
    ],
)
def test_what_is_a_position_and_whose(
    kind: str, how: str, is_position: bool, is_marker: bool
) -> None:
    read = cot.element(event(kind=kind, how=how))
    assert (read.is_position, read.is_marker) == (is_position, is_marker)


@pytest.mark.parametrize(
    "raw",
    [b"<event", b"<event></other>", b"<event uid='&nope;'/>", b"<event uid='1' uid='2'/>", b"<event>\0</event>",
     b"<!DOCTYPE e [<!ENTITY a 'b'>]><event uid='&a;'/>", b"<event uid='\xff'/>", b"",
     b"<event/><event/>"],
)  # fmt: skip
def test_what_is_no_xml_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(CotStreamError):
        cot.element(raw)


def test_a_sign_in_is_read() -> None:
    read = cot.element(auth("token&amp;"))
    assert (read.name, read.parts["cot"]["password"]) == ("auth", "token&")


# --- the stream

BETWEEN = st.sampled_from(
    [b"", b"\n", b"\r\n", b" \t", b"\0", DECLARATION, DECLARATION + b"\n", b"<!-- > </event> -->", b"\xef\xbb\xbf"]
)  # fmt: skip
WHOLE = st.sampled_from(
    [
        event(), event("x>y", callsign="a b"), auth("t"), b"<event/>", b"<event uid='>'/>", b'<a b="\'/>"><c/></a>',
        b"<event><![CDATA[</event>]]></event>", b"<event><!-- </event> --><?x </event>?></event >",
        "<event uid='ä€😀'>ö</event>".encode(),
    ]
)  # fmt: skip


@given(st.lists(st.tuples(BETWEEN, WHOLE), max_size=8), st.lists(st.integers(0, 4000), max_size=40))
def test_split_anywhere_the_elements_are_the_same(
    said: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    whole = b"".join(between + element for between, element in said)
    at = sorted({min(cut, len(whole)) for cut in (*cuts, 0, len(whole))})
    packets = [whole[a:b] for a, b in pairwise(at)]
    assert elements(*packets) == [element for _, element in said]


@given(st.lists(WHOLE, max_size=3))
def test_a_byte_at_a_time_too(said: list[bytes]) -> None:
    assert elements(*(bytes([byte]) for byte in b"".join(said))) == said


@given(st.binary(max_size=300), st.integers(1, 300))
def test_rubbish_is_refused_or_waited_for_and_nothing_worse(rubbish: bytes, cut: int) -> None:
    with suppress(CotStreamError):
        for raw in elements(rubbish[:cut], rubbish[cut:]):
            assert cot.element(raw).name


@given(
    st.lists(
        st.sampled_from([b"<event>", b"</event>", b"<a ", b"'", b'"', b">", b"/>", b"<!--", b"-->",
                         b"<![CDATA[", b"]]>", b"<?x", b"?>", b"<!", b"x", b"&#1;"]), max_size=30)
)  # fmt: skip
def test_whatever_markup_comes_the_same_is_found_however_it_is_cut(parts: list[bytes]) -> None:
    def outcome(*packets: bytes) -> tuple[list[bytes], bool]:
        splitter, found = ElementSplitter(), []
        try:
            for packet in packets:
                found.extend(splitter.feed(packet))
        except CotStreamError:
            return found, True
        return found, False

    whole = b"".join(parts)
    assert outcome(*(bytes([byte]) for byte in whole)) == outcome(*parts) == outcome(whole)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"GET / HTTP/1.1", "this is not XML: an element begins with '<', not with b'GET / HTTP/1.1'"),
        (b"\xbf\x01\xbf", "protobuf"),
        (b"<!DOCTYPE x>", "a document type is declared"),
        (b"<event><!ENTITY a 'b'></event>", "a document type is declared"),
        (b"</event>", "an element ends that never began"),
        (b"<![CDATA[x]]>", "text stands between elements"),
        (b"<event <a", "a tag begins within a tag"),
    ],
)  # fmt: skip
def test_what_is_no_stream_of_elements_is_refused_with_why(said: bytes, words: str) -> None:
    with pytest.raises(CotStreamError, match=words.replace("(", r"\(")):
        elements(said)


def test_an_event_that_is_too_large_is_refused_before_it_is_all_here() -> None:
    with pytest.raises(CotStreamError, match="an element has more than 1000 bytes"):
        elements(*[b"<a>" + b" " * 97] * 11, most_bytes=1000)
    assert elements(*[b"<a>" + b" " * 97] * 10, most_bytes=1000) == []


def test_memory_is_bounded_whatever_comes() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(CotStreamError):
            elements(*[b"<event " + b"x" * 65_000] * 200)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_elements_before_rubbish_are_found() -> None:
    found = ElementSplitter().feed(event("1") + b"rubbish")
    assert cot.element(next(found)).uid == "1"
    with pytest.raises(CotStreamError):
        next(found)
