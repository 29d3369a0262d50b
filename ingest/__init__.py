"""Everything that comes from, or goes to, a camera."""
