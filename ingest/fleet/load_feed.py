"""How long a fix takes to whoever looks at the map: a viewer of the binary feed, beside a load (docs/feed.md)."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from typing import Final

import msgspec
import numpy as np
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from sightline.ingest.fleet.errors import GatewayUnreachableError
from sightline.ingest.fleet.load import Load

log = logging.getLogger(__name__)

_LARGEST_BYTES: Final = 64 * 1024 * 1024
_HEADER: Final = np.dtype(
    [
        ("magic", "<u4"),
        ("kind", "u1"),
        ("pad", "V3"),
        ("n", "<u4"),
        ("removed", "<u4"),
        ("seq", "<f8"),
        ("time", "<f8"),
    ]
)
_MAGIC: Final = 0x31464C53
_BEFORE_NUMBERS: Final = 8 + 8 + 8 + 4 + 4
"""Bytes a camera of the columns that come before the cameras' numbers."""
_MOST_CAMERAS: Final = 1 << 22


class _Named(msgspec.Struct):
    n: int
    camera: str


class _Directory(msgspec.Struct):
    type: str
    cameras: list[_Named] | int = 0


_decode = msgspec.json.Decoder(_Directory).decode


class FeedWatch(WSListener):
    """Notes when each new fix of the load's cameras comes."""

    def __init__(self, url: str, token: str, refs: Collection[str], load: Load) -> None:
        super().__init__()
        self._url = f"{url}?format=binary"
        self._token = token
        self._refs = set(refs)
        self._load = load
        self._newest_ms = np.full(
            1, np.inf
        )  # by number of the camera; of others than the load's, never exceeded
        self._transport: WSTransport | None = None

    async def connect(self) -> None:
        """Begin to watch.

        Raises:
            GatewayUnreachableError: there is no feed, or the token does not open it.
        """
        try:
            self._transport, _ = await ws_connect(
                lambda: self,
                self._url,
                extra_headers={"Authorization": f"Bearer {self._token}"},
                max_frame_size=_LARGEST_BYTES,
                logger_name=log,
            )
        except (OSError, TimeoutError, WSError) as error:
            raise GatewayUnreachableError(f"{self._url} shows us nothing: {error}.") from error

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Names of cameras, or what changed."""
        if frame.msg_type == WSMsgType.TEXT:
            said = _decode(frame.get_payload_as_bytes())
            if said.type == "directory" and isinstance(said.cameras, list):
                self._learn(said.cameras)
        elif frame.msg_type == WSMsgType.BINARY:
            self._look(frame.get_payload_as_bytes())

    def _learn(self, cameras: list[_Named]) -> None:
        numbers = [one.n for one in cameras if one.camera in self._refs and one.n < _MOST_CAMERAS]
        if not numbers:
            return
        room = max(numbers) + 1
        if room > len(self._newest_ms):
            more = np.full(room - len(self._newest_ms), np.inf)
            self._newest_ms = np.concatenate([self._newest_ms, more])
        ours = np.array(numbers)
        self._newest_ms[ours[np.isinf(self._newest_ms[ours])]] = 0.0

    def _look(self, message: bytes) -> None:
        header = np.frombuffer(message, _HEADER, 1)[0]
        count = int(header["n"])
        if header["magic"] != _MAGIC or not count:
            return
        fix_ms = np.frombuffer(message, "<f8", count, _HEADER.itemsize)
        number = np.frombuffer(message, "<u4", count, _HEADER.itemsize + count * _BEFORE_NUMBERS)
        known = number < len(self._newest_ms)
        number, fix_ms = number[known], fix_ms[known]
        new = fix_ms > self._newest_ms[number]
        self._newest_ms[number[new]] = fix_ms[new]
        if header["kind"] == 2:  # what was there before is not news
            for late_ms in (time.time() * 1000 - fix_ms[new]).tolist():
                self._load.to_feed.add(late_ms)

    async def close(self) -> None:
        """End watching."""
        if self._transport is not None:
            self._transport.disconnect()
