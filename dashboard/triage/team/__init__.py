"""The team, and who else is on call."""
