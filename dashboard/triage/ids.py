"""Ids of the triage page."""

from __future__ import annotations

PAGE = "triage"
MOUNTED = "triage-mounted"
NEWS = "triage-news"
SELECTED = "triage-selected"
WANTED = "triage-wanted"
SENDING = "triage-sending"
SENT = "triage-sent"
SCENE = "triage-scene"
SHOWN = "triage-shown"
REQUEST_FROM = "triage-request-from"
SAFETY_NET = "triage-safety-net"

STANDING = "triage-standing"
QUEUE = "triage-queue"
HEAD = "triage-head"
ASKED = "triage-asked"
MAP = "triage-map"
CAMERAS = "triage-cameras"
DECISION = "triage-decision"
FORM = "triage-form"
FORM_ANSWER = "triage-form-answer"
TEAM = "triage-team"
LOG = "triage-log"
LOG_ANSWER = "triage-log-answer"
WRITE = "triage-write"
WRITE_KIND = "triage-write-kind"
WRITE_TEXT = "triage-write-text"
WRITE_SEND = "triage-write-send"
WRITTEN = "triage-written"
WRITE_ANSWERED = "triage-write-answered"

REQUEST_OPEN = "triage-request-open"
REQUEST_DIALOG = "triage-request-dialog"
REQUEST_BODY = "triage-request-body"
REQUEST_ANSWER = "triage-request-answer"

REQUEST_DRAFTS = "triage-request-drafts"
REQUEST_SEND = "triage-request-send"
REQUEST_SENDING = "triage-request-sending"
REQUEST_SENT = "triage-request-sent"

FIELD = "triage-field"
REQUEST_FIELD = "triage-request-field"


def field(name: str) -> dict[str, str]:
    """A field of the open form."""
    return {"type": FIELD, "name": name}


def request_field(code: str) -> dict[str, str]:
    """A field of the request."""
    return {"type": REQUEST_FIELD, "name": code}
