"""A program of the bench that obeys lines on its standard input and answers in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Write = Callable[[dict[str, Any]], None]
ReadLine = Callable[[], Awaitable[bytes]]


async def obeying(serve: Callable[[ReadLine, Write], Awaitable[None]]) -> None:
    """Serve on standard input and output until `serve` has enough."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )

    def write(answer: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    await serve(reader.readline, write)
