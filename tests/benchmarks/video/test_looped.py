"""What a camera sends that sends a loop."""

from benchmarks.video.looped import FRAME_RATE, KEY_EVERY, LOOP_S, Loop, Unit, pictures
from sightline.ingest.media.h264 import begins_keyframe

UNITS = [Unit((bytes([number]),), begins=number % 3 == 0) for number in range(6)]


def sent(loop, count):
    return [loop.next().payloads[0][0] for _ in range(count)]


def test_a_loop_goes_round():
    assert sent(Loop(UNITS), 8) == [0, 1, 2, 3, 4, 5, 0, 1]


def test_a_wish_for_a_key_picture_is_a_jump_to_the_next():
    loop = Loop(UNITS)
    assert sent(loop, 2) == [0, 1]
    loop.jump()
    assert sent(loop, 2) == [3, 4]
    loop.jump()
    loop.jump()
    assert sent(loop, 2) == [0, 1]


def test_the_pictures_are_what_they_say_and_fit_into_datagrams():
    units = pictures()
    assert len(units) == LOOP_S * FRAME_RATE
    for number, unit in enumerate(units):
        assert unit.begins is (number % KEY_EVERY == 0)
        assert begins_keyframe(unit.payloads[0]) is unit.begins
        assert max(map(len, unit.payloads)) < 1400
