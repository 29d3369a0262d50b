"""Everything that people see: pages, API, feed, sign-in, commands."""
