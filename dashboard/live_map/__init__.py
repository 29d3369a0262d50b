"""The live map: where every officer with a camera is, and which of them record."""
