"""What can be wrong with a file that is to be a map."""


class BasemapError(Exception):
    """The file cannot be a map; the text says which, why, and what could be. Nothing was changed."""
