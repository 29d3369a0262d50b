"""The stream of a WebSocket client, made by the library, is found again however it is cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from sightline.ingest.frames import FrameFinder, unmasked

LARGEST = 70_000
payloads = st.one_of(
    st.binary(max_size=300), st.sampled_from([125, 126, 65_535, 65_536, LARGEST]).map(bytes)
)


def masked(opcode, payload, *, fin=True):
    return Frame(opcode, payload, fin=fin).serialize(mask=True)


def found(stream, cuts=()):
    """What the finder makes of a stream that arrives in pieces."""
    finder = FrameFinder(LARGEST)
    places = sorted({0, *cuts, len(stream)})
    parts = [stream[a:b] for a, b in itertools.pairwise(places)]
    return [one for part in parts for some in finder.feed(part) for one in each(some)], finder


def each(some):
    """The messages of a list, or the one frame for the library."""
    return [some] if isinstance(some, bytes) else some


@given(st.lists(st.tuples(st.booleans(), payloads), max_size=6), st.data())
def test_messages_are_found_however_the_stream_is_cut(messages, data):
    frames = [masked(Opcode.BINARY if binary else Opcode.TEXT, said) for binary, said in messages]
    stream = b"".join(frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    got, finder = found(stream, cuts)
    assert got == [(said, binary) for binary, said in messages]
    assert finder.held == 0


class TestHandedOn:
    """What is not a whole message goes to the library as it came, one frame at a time."""

    @pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CLOSE])
    def test_control_frames(self, opcode):
        control, message = masked(opcode, b"\x03\xe8"), masked(Opcode.TEXT, b"a")
        got, _ = found(message + control + message)
        assert got == [(b"a", False), control, (b"a", False)]

    def test_a_message_in_pieces_and_what_comes_in_between(self):
        pieces = [
            masked(Opcode.TEXT, b"a", fin=False),
            masked(Opcode.PING, b""),
            masked(Opcode.CONT, b"b", fin=False),
            masked(Opcode.TEXT, b"not now"),  # the library refuses it
        ]
        assert found(b"".join(pieces))[0] == pieces
        whole = [masked(Opcode.TEXT, b"a", fin=False), masked(Opcode.CONT, b"b")]
        assert found(b"".join(whole) + masked(Opcode.TEXT, b"c"))[0] == [*whole, (b"c", False)]

    def test_without_a_mask_or_with_an_extension(self):
        bare = Frame(Opcode.TEXT, b"a").serialize(mask=False)
        assert found(bare)[0] == [bare]
        extended = bytes([0xC1]) + masked(Opcode.TEXT, b"a")[1:]
        assert found(extended)[0] == [extended]

    def test_a_frame_that_is_too_large_before_it_is_here(self):
        large = masked(Opcode.TEXT, bytes(LARGEST + 1))
        got, finder = found(large[:100] + b"", [14])
        assert b"".join(got) == large[:100]
        assert finder.held == 0
        assert finder.feed(b"more") == [b"more"]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), min_size=1, max_size=5))
def test_a_client_of_the_library(messages):
    client = ClientProtocol(parse_uri("ws://here/"))
    client.state = client.state.OPEN
    for binary, said in messages:
        (client.send_binary if binary else client.send_text)(said)
    assert found(b"".join(client.data_to_send()))[0] == [
        (said, binary) for binary, said in messages
    ]


@given(st.lists(payloads, max_size=5), st.booleans())
def test_answers_are_frames_as_the_library_makes_them(answers, text):
    opcode = Opcode.TEXT if text else Opcode.BINARY
    frames = [Frame(opcode, answer).serialize(mask=False) for answer in answers]
    assert unmasked(answers, text=text) == b"".join(frames)
