"""One incident: how far it has come, what was asked, which camera would show it."""
