"""What an SDP offer at least looks like (RFC 8866), for the doors in front of the relay. Pure; knows no WebRTC library.

The doors look before they use up a one-time token, so that a body that is no offer does not cost it. Whether an offer
can be answered is the relay's to say (`offers`).
"""

from __future__ import annotations

import re
from typing import Literal

LONGEST_OFFER_BYTES = 64 * 1024

_LINE = re.compile(r"[a-z]=")
_NEEDED = {
    "a=ice-ufrag:": "ICE user (a=ice-ufrag)",
    "a=ice-pwd:": "ICE password (a=ice-pwd)",
    "a=fingerprint:": "DTLS fingerprint (a=fingerprint)",
}
"""How lines begin without which nothing can be answered, and what people call them."""


def why_no_offer(body: bytes, kind: Literal["video", "audio"] = "video") -> str | None:
    """Why a body cannot be an offer of WebRTC video, or of sound alone, in a sentence; None: it looks like one."""
    if len(body) > LONGEST_OFFER_BYTES:
        return f"The SDP offer is longer than {LONGEST_OFFER_BYTES} bytes."
    try:
        lines = body.decode().splitlines()
    except UnicodeDecodeError:
        return "The SDP offer is not text in UTF-8."
    if not lines or lines[0] != "v=0":
        return "The body is not an SDP offer: its first line must be v=0."
    for number, line in enumerate(lines, 1):
        if line and not _LINE.match(line):
            return f"Line {number} of the SDP offer must be a letter, =, and a value."
    for begin, name in {f"m={kind} ": f"{kind} line (m={kind})", **_NEEDED}.items():
        if not any(line.startswith(begin) for line in lines):
            return f"The SDP offer has no {name}."
    return None
