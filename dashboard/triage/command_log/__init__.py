"""The command log as a timeline."""
