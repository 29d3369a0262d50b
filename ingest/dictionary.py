"""Numbers for the names of networks and cells, so that hot rows stay small."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, Self

import asyncpg

from sightline.ingest.messages import Signal
from sightline.sql import query

log = logging.getLogger(__name__)

MOST_OPERATORS: Final = 2_000
"""The world has fewer; more means that somebody sends nonsense, which is then stored as unknown."""
_MOST_CELLS_CACHED: Final = 300_000
_NO_OPERATOR: Final = ""


class SignalNames:
    """The dictionary tables as one connection knows them."""

    def __init__(self, operators: dict[str, int]) -> None:
        self._operators = operators
        self._cells: dict[tuple[int, str], int] = {}

    @classmethod
    async def load(cls, connection: asyncpg.Connection) -> Self:
        """Read the networks; cells are asked for when they come."""
        rows = await connection.fetch(query("writer.operators"))
        return cls({row["plmn"]: row["id"] for row in rows})

    def numbers(self, signal: Signal) -> tuple[int | None, int | None]:
        """Numbers of the network and of the cell; None where they are unknown."""
        name = signal.operator
        operator_id = None if name is None else self._operators.get(name)
        if signal.cell is None:
            return operator_id, None
        owner = self._operators.get(name or _NO_OPERATOR)
        return operator_id, None if owner is None else self._cells.get((owner, signal.cell))

    async def learn(self, connection: asyncpg.Connection, signals: Iterable[Signal]) -> None:
        """Make sure that everything in these signals has its number."""
        new_operators: set[str] = set()
        named_cells: set[tuple[str, str]] = set()
        for signal in signals:
            name = signal.operator or _NO_OPERATOR
            known = self._operators.get(name)
            if known is None and (name or signal.cell is not None):
                new_operators.add(name)
            if signal.cell is not None and (known, signal.cell) not in self._cells:
                named_cells.add((name, signal.cell))
        if new_operators:
            await self._add_operators(connection, new_operators)
        cells = {
            (self._operators[name], cell) for name, cell in named_cells if name in self._operators
        }
        if cells:
            await self._add_cells(connection, cells)

    async def _add_operators(self, connection: asyncpg.Connection, names: set[str]) -> None:
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

    async def _add_cells(self, connection: asyncpg.Connection, cells: set[tuple[int, str]]) -> None:
        if len(self._cells) + len(cells) > _MOST_CELLS_CACHED:
            self._cells.clear()
        await self._look_up(connection, cells)
        missing = {cell for cell in cells if cell not in self._cells}
        if missing:
            operators, names = zip(*sorted(missing), strict=True)
            await connection.execute(query("writer.add_cells"), operators, names)
            await self._look_up(connection, missing)

    async def _look_up(self, connection: asyncpg.Connection, cells: set[tuple[int, str]]) -> None:
        operators, names = zip(*sorted(cells), strict=True)
        rows = await connection.fetch(query("writer.cells"), operators, names)
        self._cells.update(((row["operator_id"], row["cell"]), row["id"]) for row in rows)
