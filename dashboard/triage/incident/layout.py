"""One incident on one screen: its head, what was asked, which camera would show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dash import html

from sightline.dashboard.ages import ago, clock
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.places import distance_words, grid_reference
from sightline.dashboard.triage.deployment import Deployment, Incident
from sightline.dashboard.triage.incident.best_camera import AT_SCENE_M, NearCamera, verdict
from sightline.dashboard.triage.incident.steps import Step
from sightline.dashboard.triage.request.form import Answer, answers

AGEING_AFTER_S = 30.0
_QUALITY_MARKS = {"good": "●●●", "fair": "●●○", "poor": "●○○", "none": "○○○", "unknown": "? ? ?"}


def head(deployment: Deployment, steps: Sequence[Step]) -> list[Any]:
    """Title, place and people, and how far it has come."""
    incident = deployment.incident
    return [
        html.Div(
            [
                marks.grade(incident.grade, incident.grade_name),
                html.H1(incident.title),
                *_tags(incident),
            ],
            className="incident-title",
        ),
        html.Dl(
            [
                _fact("Log", incident.log_number or "no log number yet"),
                _fact("Grid reference", place_words(incident)),
                _fact("Talkgroup", incident.talkgroup or "not said"),
                _fact(
                    "Commander", deployment.commander.name if deployment.commander else "none named"
                ),
            ],
            className="facts",
        ),
        stepper(steps),
    ]


def _tags(incident: Incident) -> list[html.Span]:
    found = []
    if incident.restricted:
        found.append(marks.tag("Restricted", "tag-restricted", "Only the people named see it"))
    if incident.exercise:
        found.append(marks.tag("Exercise", "tag-exercise", "Nothing of it is real"))
    if incident.provisional:
        found.append(marks.tag("Provisional", "tag-warn", "Not linked to an incident yet"))
    if incident.closed:
        found.append(marks.tag("Incident closed"))
    return found


def _fact(name: str, said: Any) -> html.Div:
    return html.Div([html.Dt(name), html.Dd(said)])


def place_words(incident: Incident) -> str:
    """Where an incident is: its grid reference, or degrees off the grid."""
    if incident.lat is None or incident.lon is None:
        return "no place"
    reference = grid_reference(incident.lat, incident.lon, digits=8)
    return reference or f"{incident.lat:.5f}, {incident.lon:.5f}"


def stepper(steps: Sequence[Step]) -> html.Ol:
    """The steps behind, present and ahead, as a line."""
    spoken = {"done": "done", "now": "now", "ahead": "not yet"}
    return html.Ol(
        [
            html.Li(
                [
                    html.Span(step.name, className="step-name"),
                    html.Span(clock(step.at) if step.at else "", className="step-at"),
                    html.Span(spoken[step.standing], className="unseen"),
                ],
                className=f"step is-{step.standing}",
                **({"aria-current": "step"} if step.standing == "now" else {}),
            )
            for step in steps
        ],
        className="steps",
    )


def asked(deployment: Deployment, now: datetime) -> list[Any]:
    """By whom, what was said in the request; then, in one place, all that was not."""
    said, unsaid = answers(deployment.request, known=_in_the_head(deployment))
    by = deployment.requested_by
    parts: list[Any] = [
        html.H2(
            [
                "What was asked",
                html.Span(f"{by.name}, {by.role_name}"),
                marks.age(deployment.requested_time, now),
            ]
        ),
        html.Dl([_answer(answer) for answer in said], className="asked"),
    ]
    if unsaid:
        names = ", ".join(field.label for field in unsaid)
        parts.append(html.P([html.Span("Not said: "), names], className="not-said"))
    return parts


def _in_the_head(deployment: Deployment) -> dict[str, str]:
    """What stands in the head of the incident: it is known, whether or not the request says it."""
    commander = deployment.commander.name if deployment.commander else ""
    return {"commander": commander, "talkgroup": deployment.incident.talkgroup}


def _answer(answer: Answer) -> html.Div:
    return html.Div(
        [html.Dt(answer.field.label), html.Dd(answer.said)],
        className="answer is-wide" if answer.field.wide else "answer",
    )


def cameras(found: Sequence[NearCamera], incident: Incident, hidden: str | None) -> list[Any]:
    """The verdict and the cameras, best first.

    Args:
        found: ranked.
        incident: that they are near to.
        hidden: why the reader sees no cameras at all, None where they do.
    """
    if hidden is not None:
        return [html.P(hidden, className="verdict")]
    return [
        html.A("Live map", href=f"/map?incident={incident.id}", className="scene-link"),
        html.P(verdict(list(found), incident.talkgroup), className="verdict"),
        html.Ol(
            [html.Li(_camera(camera, rank, incident)) for rank, camera in enumerate(found, 1)],
            className="cameras",
        ),
    ]


def _camera(camera: NearCamera, rank: int, incident: Incident) -> html.A:
    """One camera; it leads to the live map, and where it can be streamed a click asks for that."""
    marked: dict[str, Any] = {}
    if camera.streamable:
        marked = {"data-camera": camera.camera, "data-incident": str(incident.id)}
    return html.A(
        [
            html.Span(str(rank), className="camera-rank"),
            html.Span(
                [
                    html.Span(camera.call_sign or camera.camera, className="camera-name"),
                    html.Span(camera.officer or "nobody signed on", className="camera-officer"),
                ],
                className="camera-who",
            ),
            html.Span([html.Span(_where(camera)), *_silence(camera)], className="camera-where"),
            html.Span(_forecast(camera), className="camera-stream"),
        ],
        href=f"/map?camera={quote(camera.camera)}&incident={incident.id}",
        className="camera" if camera.streamable else "camera is-not-streamable",
        title="Ask for its stream" if camera.streamable else "Show on the live map",
        **marked,
    )


def _where(camera: NearCamera) -> str:
    if camera.distance_m is None:
        return "named at the incident, place unknown"
    where = f"{distance_words(camera.distance_m)} {camera.direction}"
    if camera.attached and camera.distance_m > AT_SCENE_M:
        return f"named at the incident, {where}"
    return where


def _silence(camera: NearCamera) -> list[html.Span]:
    """How long nothing was heard, where that is longer than a recording camera takes to report."""
    if camera.seen_s < AGEING_AFTER_S:
        return []
    return [html.Span(f"heard {ago(camera.seen_s)}")]


def _forecast(camera: NearCamera) -> list[Any]:
    if camera.why_not:
        return [html.Span(camera.why_not, className="why-not")]
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return [
        html.Span(
            [html.Span("●", className=f"rec-dot is-{camera.quality}", **hidden), "recording"],
            className="rec",
        ),
        html.Span(
            [html.Span(_QUALITY_MARKS[camera.quality], **hidden), f" stream {camera.quality}"],
            className=f"stream-word stream-{camera.quality}",
        ),
    ]


def scene(found: Sequence[NearCamera], incident: Incident) -> dict[str, Any] | None:
    """What the map inset draws: the incident and the cameras around it, WGS 84 degrees; None without a place."""
    if incident.lat is None or incident.lon is None:
        return None
    return {
        "lat": incident.lat,
        "lon": incident.lon,
        "title": incident.title,
        "grade": incident.grade,
        "cameras": [
            {
                "camera": camera.camera,
                "lat": camera.lat,
                "lon": camera.lon,
                "rank": rank,
                "label": camera.call_sign or camera.camera,
                "recording": camera.recording,
                "stale": camera.stale,
                "quality": camera.quality,
            }
            for rank, camera in enumerate(found, 1)
            if camera.lat is not None
        ],
    }
