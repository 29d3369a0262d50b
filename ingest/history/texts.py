"""Names of networks and cells by their numbers in the database, as far as contents of fixes depend on them."""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import NO_ID
from sightline.ingest.content import text_word
from sightline.sql import query

Array = npt.NDArray[Any]

_MOST_KEPT: Final = 300_000


class CellTexts:
    """`content.text_word` by numbers of network and cell, which never change once they are given."""

    def __init__(self) -> None:
        self._operators: dict[int, str] = {}
        self._cells: dict[int, str] = {}

    async def learn(self, connection: asyncpg.Connection, operators: Array, cells: Array) -> None:
        """Make sure that these numbers are known here."""
        if set(np.unique(operators).tolist()) - self._operators.keys() - {NO_ID}:
            rows = await connection.fetch(query("history.operators"))
            self._operators = {row["id"]: row["plmn"] for row in rows}
        missing = sorted(set(np.unique(cells).tolist()) - self._cells.keys() - {NO_ID})
        if not missing:
            return
        if len(self._cells) > _MOST_KEPT:
            self._cells = {}
            missing = sorted(set(np.unique(cells).tolist()) - {NO_ID})
        rows = await connection.fetch(query("history.cells"), missing)
        self._cells.update((row["id"], row["cell"]) for row in rows)

    def of(self, operators: Array, cells: Array) -> Array:
        """(n,) the word of each network and cell; all of them learnt."""
        pairs = operators.astype(np.int64) << 32 | (cells.astype(np.int64) & 0xFFFF_FFFF)
        found, places = np.unique(pairs, return_inverse=True)
        words = [
            text_word(self._operators.get(pair >> 32), self._cells.get(_signed(pair & 0xFFFF_FFFF)))
            for pair in found.tolist()
        ]
        return np.array(words, np.uint64)[places]


def _signed(low: int) -> int:
    return low - (1 << 32) if low >> 31 else low
