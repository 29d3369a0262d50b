"""Who the user is and what they may do, as pages and programs ask for it."""

from __future__ import annotations

from typing import Any

from sightline.dashboard.access.acting import Actor
from sightline.sql import query


async def me(act: Actor) -> dict[str, Any]:
    """User name, display name, role, post, capabilities with their scopes, CSRF token, force."""
    force = await act.connection.fetchrow(query("access.demo"))
    user = act.user
    return {
        "username": user.username,
        "display_name": user.display_name,
        "role": user.role,
        "role_name": user.role_name,
        "post": user.post,
        "capabilities": user.capabilities,
        "session": user.session_id,
        "csrf": user.csrf,
        "expires": user.expires_time,
        "force": force["force_name"],
        "demo": force["demo"],
    }
