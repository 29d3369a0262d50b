"""Everything received in one flush window, its plain reports laid out together. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from sightline.ingest.columns import Laid, Pair, Readings, gathered
from sightline.ingest.fields import CELL, OPERATOR, is_clean_text
from sightline.ingest.messages import Report, Status
from sightline.ingest.received import Received, lay_out_loose, valued


@dataclass(slots=True)
class Batch:
    """What was received in one flush window.

    Attributes:
        received: in order of arrival.
        laid_out: places of the reports whose fixes are in `made`.
        others: places of everything else.
        made: their fixes as columns; None: there are none.
    """

    received: Sequence[Received]
    laid_out: list[int]
    others: list[int]
    made: Readings | None

    @property
    def pairs(self) -> set[Pair]:
        """Networks and cells that are named in it."""
        pairs = self.other_pairs
        return pairs if self.made is None else pairs.union(self.made.pairs)

    @property
    def other_pairs(self) -> set[Pair]:
        """Networks and cells that are named in messages that are not laid out."""
        pairs: set[Pair] = set()
        for place in self.others:
            message = self.received[place].message
            if isinstance(message, Status):
                heard = [message.signal]
            elif isinstance(message, Report):
                heard = [fix.signal for fix in message.fixes]
            else:
                continue
            pairs.update((signal.operator, signal.cell) for signal in heard if signal is not None)
        return pairs


def lay_out(received: Sequence[Received]) -> Batch:
    """Bring the columns of plain reports together, without their names' numbers yet."""
    lay_out_loose(received)
    places: list[int] = []
    others: list[int] = []
    for place, one in enumerate(received):
        (places if type(one.message) is Laid and not one.refused else others).append(place)
    reports = cast("list[Laid]", [received[place].message for place in places])
    return Batch(received, places, others, gathered(reports) if reports else None)


def without_unclean(batch: Batch, new: Collection[Pair]) -> Batch:
    """The batch with reports that name a network or cell in characters that no name has taken field by field.

    Args:
        batch: as laid out.
        new: names that were not seen before.
    """
    unclean = {pair for pair in new if not _is_clean(pair)}
    if not unclean or batch.made is None or unclean.isdisjoint(batch.made.pairs):
        return batch
    received = list(batch.received)
    for start, size, place in zip(
        batch.made.starts.tolist(), batch.made.sizes.tolist(), batch.laid_out, strict=True
    ):
        if not unclean.isdisjoint(batch.made.pairs[start : start + size]):
            one = received[place]
            received[place] = msgspec.structs.replace(one, message=valued(one.message))
    return lay_out(received)


def _is_clean(pair: Pair) -> bool:
    operator, cell = pair
    return (operator is None or is_clean_text(operator, OPERATOR.max_length)) and (
        cell is None or is_clean_text(cell, CELL.max_length)
    )
