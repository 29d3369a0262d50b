"""Closed history: fixes packed into segments, and how they are read back."""
