"""Servers of other people that take positions, on the same telemetry and the same machine."""
