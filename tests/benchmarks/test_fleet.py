"""The search for the largest force that holds."""

from benchmarks.ingest.fleet import CAMERAS, SOCKETS, smaller


def test_every_force_that_is_tried_is_a_smaller_one_and_the_search_ends():
    for cameras in (CAMERAS, SOCKETS):
        tried = [cameras]
        while tried[-1] > 1_000:
            tried.append(smaller(tried[-1]))
            assert isinstance(tried[-1], int)
            assert tried[-1] <= 0.85 * tried[-2]
        assert len(tried) < 30
