"""Numbers for the names of networks and cells, so that hot rows stay small."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self

import asyncpg
import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import NO_ID, Pair
from sightline.ingest.content import text_word
from sightline.sql import query

log = logging.getLogger(__name__)

MOST_OPERATORS: Final = 2_000
"""The world has fewer; more means that somebody sends nonsense, which is then stored as unknown."""
_MOST_KEPT: Final = 300_000
_NO_OPERATOR: Final = ""


class SignalNames:
    """The dictionary tables as one connection knows them.

    Every pair of network and cell that was learnt has a code, by which numbers are looked up for many fixes at once.
    """

    def __init__(self, operators: dict[str, int]) -> None:
        self._operators = operators
        self._begin()

    def _begin(self) -> None:
        self._codes: dict[Pair, int] = {}
        self._rows: list[tuple[int, int, int]] = []  # by code: network, cell, word of the text
        self._columns: tuple[npt.NDArray[Any], ...] = ()
        self._cell_names: dict[int, str] = {}
        self._cell_numbers: dict[str, int] = {}
        self._keep((None, None), NO_ID, NO_ID)

    @classmethod
    async def load(cls, connection: asyncpg.Connection) -> Self:
        """Read the networks; cells are asked for when they come."""
        rows = await connection.fetch(query("writer.operators"))
        return cls({row["plmn"]: row["id"] for row in rows})

    def new(self, pairs: Iterable[Pair]) -> set[Pair]:
        """Those of the pairs that have no code yet."""
        return set(pairs) - self._codes.keys()

    def numbers(self, pair: Pair) -> tuple[int, int]:
        """Numbers of the network and of the cell of a pair that was learnt; `NO_ID` where they have none."""
        operator_id, cell_id, _ = self._rows[self._codes[pair]]
        return operator_id, cell_id

    def columns(self, pairs: Sequence[Pair]) -> tuple[npt.NDArray[Any], ...] | None:
        """Of each pair: network, cell and `content.text_word`; None where one was not learnt."""
        if len(self._columns) == 0 or len(self._columns[0]) != len(self._rows):
            networks, cells, texts = zip(*self._rows, strict=True)
            self._columns = (
                np.array(networks, np.int32),
                np.array(cells, np.int32),
                np.array(texts, np.uint64),
            )
        try:
            codes = np.fromiter(map(self._codes.__getitem__, pairs), np.int64, len(pairs))
        except KeyError:
            return None
        return tuple(column[codes] for column in self._columns)

    def cell_number(self, cell: str) -> int:
        """Any number by which `cell_name` gives this name again; `NO_ID` where there is none."""
        return self._cell_numbers.get(cell, NO_ID)

    def cell_name(self, cell_id: int) -> str | None:
        """Name of a cell by its number; None where it is not known here."""
        return self._cell_names.get(cell_id)

    async def learn(self, connection: asyncpg.Connection, pairs: Iterable[Pair]) -> None:
        """Make sure that each of these pairs has its code."""
        pairs = set(pairs)
        new = self.new(pairs)
        if not new:
            return
        if len(self._codes) + len(new) > _MOST_KEPT:
            self._begin()
            new = self.new(pairs)
        await self._add_operators(connection, new)
        cells = {(self._owner(pair), pair[1]) for pair in new if pair[1] is not None}
        known = await self._cells(
            connection, {(owner, cell) for owner, cell in cells if owner != NO_ID}
        )
        for pair in new:
            name, cell = pair
            operator_id = NO_ID if name is None else self._operators.get(name, NO_ID)
            cell_id = NO_ID if cell is None else known.get((self._owner(pair), cell), NO_ID)
            if cell is not None and cell_id != NO_ID:
                self._cell_names[cell_id] = cell
                self._cell_numbers[cell] = cell_id
            self._keep(pair, operator_id, cell_id)

    def _keep(self, pair: Pair, operator_id: int, cell_id: int) -> None:
        self._codes[pair] = len(self._rows)
        self._rows.append((operator_id, cell_id, text_word(*pair)))

    def _owner(self, pair: Pair) -> int:
        """Number of the network that a cell belongs to: one without a name has one too."""
        return self._operators.get(pair[0] or _NO_OPERATOR, NO_ID)

    async def _add_operators(self, connection: asyncpg.Connection, new: set[Pair]) -> None:
        names = {name or _NO_OPERATOR for name, cell in new if name or cell is not None}
        names -= self._operators.keys()
        if not names:
            return
        room = MOST_OPERATORS - len(self._operators)
        if len(names) > room:
            log.warning(
                "more than %d networks were reported; further ones are stored as unknown",
                MOST_OPERATORS,
            )
        wanted = sorted(names)[: max(room, 0)]
        if wanted:
            await connection.execute(query("writer.add_operators"), wanted)
            rows = await connection.fetch(query("writer.operators"))
            self._operators = {row["plmn"]: row["id"] for row in rows}

    async def _cells(
        self, connection: asyncpg.Connection, cells: set[tuple[int, str]]
    ) -> dict[tuple[int, str], int]:
        found = await self._look_up(connection, cells)
        missing = cells - found.keys()
        if missing:
            operators, names = zip(*sorted(missing), strict=True)
            await connection.execute(query("writer.add_cells"), operators, names)
            found |= await self._look_up(connection, missing)
        return found

    async def _look_up(
        self, connection: asyncpg.Connection, cells: set[tuple[int, str]]
    ) -> dict[tuple[int, str], int]:
        if not cells:
            return {}
        operators, names = zip(*sorted(cells), strict=True)
        rows = await connection.fetch(query("writer.cells"), operators, names)
        return {(row["operator_id"], row["cell"]): row["id"] for row in rows}
