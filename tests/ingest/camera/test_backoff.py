"""How long a camera waits: longer each time, never in step with others, by the gateway's word."""

from __future__ import annotations

import pytest

from sightline.ingest.camera.backoff import LONGEST_ADVICE_S, Backoff


def test_it_waits_longer_each_time_up_to_a_minute_and_begins_anew_after_success() -> None:
    backoff = Backoff(random=lambda: 1.0)
    waits = [backoff.after_failure() for _ in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    backoff.succeeded()
    assert backoff.after_failure() == 1


def test_jitter_is_over_the_whole_range() -> None:
    draws = iter([0.0, 0.5])
    backoff = Backoff(random=lambda: next(draws))
    assert backoff.after_failure() == 0
    assert backoff.after_failure() == 1


@pytest.mark.parametrize(
    ("code", "reason", "least", "most"),
    [
        (1013, "try again after 20 s", 20, 21),
        (1013, "7.5", 7.5, 8.5),
        (1013, "9999", LONGEST_ADVICE_S, LONGEST_ADVICE_S + 1),
        (1001, "12", 12, 13),
        (1012, "12", 12, 13),
        (1013, "later", 0, 1),
        (4009, "a newer connection took over", 60, 120),
        (4001, "token no longer valid", 60, 120),
        (1001, "", 0, 1),
        (None, "", 0, 1),
    ],
)
def test_the_gateways_word_counts(code: int | None, reason: str, least: float, most: float) -> None:
    for draw in (0.0, 1.0):
        wait = Backoff(random=lambda draw=draw: draw).after_close(code, reason)
        assert least <= wait <= most


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [("17", 17, 18), (" 3 ", 3, 4), (None, 0, 1), ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 1)],
)
def test_a_gateway_that_lets_nobody_in_for_now_says_when(
    retry_after: str | None, least: float, most: float
) -> None:
    for draw in (0.0, 1.0):
        wait = Backoff(random=lambda draw=draw: draw).after_refused_for_now(retry_after)
        assert least <= wait <= most
