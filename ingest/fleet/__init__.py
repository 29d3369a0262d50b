"""The simulated force: an invented county, its masts, officers, shifts and incidents."""
