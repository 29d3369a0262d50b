"""Coverage: what a stream would be like at a place, and the observations behind it."""
