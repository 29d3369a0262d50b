"""Headers that tell a browser what our pages may do. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_UNCHANGING = ("/static/", "/_dash-component-suites/", "/tiles/", "/sign-in/")


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """The policy of every answer.

    Args:
        script_hashes: of Dash's inline scripts, each like ``'sha256-…'`` with its quotes.
    """
    directives = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        # Mantine, AG Grid, Plotly and MapLibre set styles from their scripts.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def security_headers(path: str, *, https: bool, script_hashes: Sequence[str]) -> dict[str, str]:
    """Headers for the answer to a path; each only where the answer does not set it itself."""
    headers = {
        "content-security-policy": content_security_policy(script_hashes),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    }
    if not path.startswith(_UNCHANGING):
        headers["cache-control"] = "no-store"
    if https:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers
