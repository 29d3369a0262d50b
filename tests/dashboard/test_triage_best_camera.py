"""Which camera near an incident would give the best stream."""

from __future__ import annotations

from sightline.dashboard.triage.incident.best_camera import NearCamera, ranked, shortlist, verdict


def camera(
    ref: str, metres: float | None = 40, quality="good", recording="recording", **more
) -> NearCamera:
    given = {
        "camera": ref,
        "officer": "PC Lind 4417",
        "call_sign": "RB31",
        "lat": 57.0 if metres is not None else None,
        "lon": 2.0 if metres is not None else None,
        "distance_m": metres,
        "direction": "east" if metres is not None else None,
        "recording": recording,
        "stale": False,
        "seen_s": 1.0,
        "fix_age_s": 1.0,
        "quality": quality,
        **more,
    }
    return NearCamera(**given)


def order(*cameras: NearCamera) -> list[str]:
    return [c.camera for c in ranked(cameras)]


def test_what_cannot_be_streamed_comes_last_however_near():
    assert order(camera("a", 5, recording="buffering"), camera("b", 250)) == ["b", "a"]
    assert order(camera("a", 5, stale=True), camera("b", 250)) == ["b", "a"]


def test_at_the_scene_with_a_poor_signal_comes_before_good_from_afar():
    assert order(camera("far", 900, "good"), camera("here", 60, "poor")) == ["here", "far"]


def test_within_a_ring_the_forecast_counts_before_metres():
    assert order(camera("a", 20, "fair"), camera("b", 90, "good")) == ["b", "a"]


def test_unknown_is_neither_good_nor_zero():
    assert order(
        camera("poor", quality="poor"), camera("unknown", quality="unknown"), camera("none", quality="none"),
        camera("fair", quality="fair"), camera("good", quality="good"),
    ) == ["good", "fair", "unknown", "poor", "none"]  # fmt: skip


def test_named_at_the_scene_counts_as_there_without_a_position():
    inside = camera("inside", None, "fair", attached=True)
    assert order(camera("near", 150, "good"), inside) == ["inside", "near"]


def test_beyond_the_rings_is_left_out_unless_named():
    assert order(camera("far", 2500), camera("named", 2500, attached=True)) == ["named"]


def test_equal_cameras_keep_a_steady_order():
    assert order(camera("b"), camera("a")) == ["a", "b"]


def test_why_not():
    assert camera("a").why_not is None
    assert camera("a", recording="buffering").why_not == "buffering, not recording"
    assert camera("a", recording="off").why_not == "switched off"
    assert camera("a", recording="unknown").why_not == "recording unknown"
    assert camera("a", stale=True).why_not == "not heard from"


def test_the_verdict_says_what_can_be_seen():
    assert verdict(ranked([camera("a"), camera("b", 80, "fair"), camera("c", 600)])) == (
        "2 recording at the scene. The best stream should hold well."
    )
    assert verdict(ranked([camera("a", 250, "poor"), camera("c", 600)])) == (
        "Nobody at the scene records; 1 within 300 m does. The best stream may break up."
    )
    assert verdict(ranked([camera("a", 1400, "unknown"), camera("b", 20, recording="off")])) == (
        "Nobody within 300 m records; the best is 1.4 km away."
        " The best stream is untested: no signal is known."
    )


def test_the_verdict_says_what_to_do():
    assert verdict([camera("a", recording="buffering")], "INC-2") == (
        "Nobody near records, but somebody buffers. Ask on INC-2 to start recording."
    )
    assert verdict([camera("a", recording="off")]) == (
        "Nobody near records. Ask by radio for a camera that does."
    )
    assert verdict([camera("a", recording="buffering", stale=True)]).startswith(
        "Nobody near records. Ask"
    )
    assert verdict([]) == "No camera near. Ask by radio for one."


def test_the_shortlist_is_short_and_leaves_out_who_is_far_and_cannot_be_streamed():
    many = [camera(f"r{i:02}", 20 + i) for i in range(12)]
    others = [camera("near-off", 150, recording="off"), camera("far-off", 500, recording="off")]
    chosen = [c.camera for c in shortlist([*others, *many])]
    assert chosen == [*(f"r{i:02}" for i in range(8)), "near-off"]
