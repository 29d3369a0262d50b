"""On call: who to ring now, who is next, and where cover is short."""
