"""Walking the audit's chain, row by row: rows in, findings out, no database.

The first row that breaks the chain ends the walk. A row that is chained and signed but cannot have come the way rows
come (its number was never given out, its time lies far from the sealing's) does not: it is noted, and what follows is
walked as well, so that an old finding hides no new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sightline.sql.audit_chain import GENESIS, link
from sightline.sql.audit_head import Checked, Head
from sightline.sql.audit_keys import Keys

_COLUMNS = 17
"""Of audit_entry; a test holds them against the table."""

NamedHead = tuple[str, Head]
"""Where a head is kept, and the head."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold.

    Attributes:
        problem: what, in words.
        held: how many rows before it hold.
        position: its place in the chain, None where it has none.
        entry: id of the audit row, None where it is about none, or none can be told.
    """

    problem: str
    held: int
    position: int | None = None
    entry: int | None = None


def content(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an audit row that are under its seal: the first ones of the queries `unsealed` and `walk`."""
    return dict(islice(row.items(), _COLUMNS))


class Walk:
    """A walk along the chain.

    Attributes:
        rows: how many hold so far.
        signed_position: place of the newest signed head so far.
        odd: rows that cannot have come the way rows come, in the chain's order.
    """

    def __init__(
        self, keys: Keys, kept: Iterable[NamedHead], last_number: int, late_s: float
    ) -> None:
        """Begin at the first row.

        Args:
            keys: by which heads are signed; with none, signatures are not checked.
            kept: heads that the chain must go through.
            last_number: the highest that was given to a row.
            late_s: how long after its time a row may be committed.
        """
        self.rows = 0
        self.signed_position = 0
        self.odd: list[Finding] = []
        self._keys = keys
        self._kept = sorted(kept, key=lambda one: one[1].position, reverse=True)
        self._last_number = last_number
        self._late_s = late_s
        self._hash = GENESIS
        self._newest_s = float("-inf")
        self._signed_time: datetime | None = None  # of the head at hand
        self._round: list[tuple[int, int, float]] = []  # position, entry, time; up to the next head

    def take(self, row: Mapping[str, Any]) -> Finding | None:
        """The next row as `audit.walk` gives it; what breaks the chain there, None where it holds."""
        position = self.rows + 1
        broken = self._link_problem(row, position)
        if broken:
            is_gap = row["seal_position"] != position  # the seal at hand is another row's
            return Finding(broken, self.rows, position, None if is_gap else row["seal_entry_id"])
        foreign = self._head_problem(row, position)
        if foreign:
            return Finding(foreign, self.signed_position, position)
        self.rows, self._hash = position, row["seal_hash"]
        self._round.append((position, row["id"], row["seal_at_s"]))
        if row["seal_head_hash"] is not None:
            self.signed_position = position
            self._end_round()
        return None

    def end(self, newest_signed: int) -> Finding | None:
        """What is missing where the rows end.

        Args:
            newest_signed: place of the newest head that the database has.
        """
        rows = self.rows
        if self._kept:  # the furthest comes first
            name, head = self._kept[0]
            problem = (
                f"the chain ends at {rows}, but the head kept in {name} was signed at {head.position}:"
                f" {head.position - rows} rows were cut off, or an older backup was restored"
            )
            return Finding(problem, rows, rows + 1)
        if newest_signed > rows:
            problem = f"the chain ends at {rows}, but a head was signed at {newest_signed}"
            return Finding(problem, rows, rows + 1)
        if self.signed_position < rows:
            problem = (
                "no signed head covers the rows from here to the end, and each sealing signs its own:"
                " rows were cut off or rewritten, or the keeper refused to sign (its log says why)"
            )
            return Finding(problem, self.signed_position, self.signed_position + 1)
        return None

    def _link_problem(self, row: Mapping[str, Any], position: int) -> str | None:
        if row["seal_position"] != position:
            return f"position {position} of the chain is missing, its seal has been removed"
        if row["id"] is None:
            return "the row has been removed"
        if row["seal_previous_hash"] != self._hash:
            return "the seal does not follow from the one before it"
        if link(self._hash, position, content(row)) != row["seal_hash"]:
            return "the row is not as it was when it was sealed"
        return None

    def _head_problem(self, row: Mapping[str, Any], position: int) -> str | None:
        problems = []
        while self._kept and self._kept[-1][1].position == position:
            name, head = self._kept.pop()
            if head.hash != row["seal_hash"]:
                problems.append(
                    f"the chain has been rewritten, it does not go through the head kept in {name}"
                )
        self._signed_time = None
        if row["seal_head_hash"] is not None:
            checked = self._check(row, position)
            self._signed_time = checked.time
            if checked.problem:
                problems.append(f"the head in the database is {checked.problem}")
        return "; ".join(problems) or None

    def _check(self, row: Mapping[str, Any], position: int) -> Checked:
        if row["seal_head_hash"] != row["seal_hash"]:
            return Checked("of another chain")
        if not self._keys:
            return Checked(None)
        time, key, signature = (row[f"seal_{name}"] for name in ("signed_time", "key", "signature"))
        return Head(position, row["seal_hash"], time, key, signature).check(self._keys)

    def _end_round(self) -> None:
        """Look at the rows of one sealing, whose time is known where the head says it.

        A row is late against the rows before it; not where the clock itself went back, which the heads show.
        """
        sealed_s = self._signed_time.timestamp() if self._signed_time else None
        for position, entry, at_s in self._round:
            problem = None
            latest_s = self._newest_s if sealed_s is None else min(self._newest_s, sealed_s)
            if entry > self._last_number:
                problem = f"its number is beyond {self._last_number}, the last that was given out"
            elif at_s < latest_s - self._late_s:
                problem = (
                    f"its time lies {latest_s - at_s:.0f} s before that of rows sealed earlier,"
                    f" and no transaction takes longer than {self._late_s:.0f} s"
                )
            elif sealed_s is not None and at_s > sealed_s + self._late_s:
                problem = f"its time lies {at_s - sealed_s:.0f} s after its sealing"
            else:
                self._newest_s = max(self._newest_s, at_s)
            if problem:
                said = f"it was put in behind the audit's back, since {problem}"
                self.odd.append(Finding(said, position - 1, position, entry))
        self._round.clear()
