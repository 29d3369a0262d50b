"""What a publisher sends: where its pictures and its sound come from."""

from __future__ import annotations

from typing import Protocol

from sightline.ingest.camera.scene import Planes


class PictureSource(Protocol):
    """Gives a picture whenever one is due."""

    @property
    def is_fresh(self) -> bool:
        """Whether its newest picture is of now; a source that stands still must not look alive."""
        ...

    def paint(self, time_ms: float, width: int, height: int) -> Planes:
        """The picture at a time (milliseconds since 1970 UTC) in a size: Y, U and V. Called on a thread."""
        ...


class SoundSource(Protocol):
    """Gives 20 ms of sound whenever they are due."""

    def packet(self, number: int) -> bytes:
        """The 20 ms of this number, from 0 on, encoded (Opus)."""
        ...
