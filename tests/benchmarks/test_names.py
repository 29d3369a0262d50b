"""Benchmarks are asked for by name."""

import pytest

from benchmarks.__main__ import BENCHES, by_name, main


def test_every_part_of_a_group_can_be_asked_for_alone():
    known = by_name()
    for group, parts in BENCHES.items():
        assert known[group] == parts
        alone = [part for name, (part, *_) in known.items() if name.startswith(f"{group}.")]
        assert alone == list(parts)


def test_a_name_that_is_none_is_told_with_those_that_are(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["video.noise"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "video.noise" in said
    assert "video.opens" in said
