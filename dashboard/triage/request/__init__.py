"""Asking for negotiators."""
