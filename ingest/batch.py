"""Everything received in one flush window, its plain reports laid out together. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import numpy as np

from sightline.ingest.by_camera import Arrivals, fixes_of
from sightline.ingest.columns import Pair, Readings, one_after_the_other
from sightline.ingest.fields import CELL, OPERATOR, is_clean_text
from sightline.ingest.messages import Report, Status
from sightline.ingest.received import Block, Laid, Received, lay_out_loose, valued


@dataclass(slots=True)
class Batch:
    """What was received in one flush window.

    Attributes:
        received: in order of arrival.
        laid_out: places of the reports whose fixes are in `made`.
        others: places of everything else.
        arrivals: of these reports.
        made: their fixes as columns; None: there are none. There may be fixes of others between them.
    """

    received: Sequence[Received]
    laid_out: list[int]
    others: list[int]
    arrivals: Arrivals | None
    made: Readings | None

    @property
    def pairs(self) -> set[Pair]:
        """Networks and cells that are named in it."""
        pairs = self.other_pairs
        return pairs if self.made is None else pairs.union(self.made.names)

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
    blocks: dict[int, Block] = {}
    newest: Block | None = None
    next_number, in_order = 0, True
    for place, one in enumerate(received):
        message = one.message
        if type(message) is Laid and not one.refused:
            places.append(place)
            if message.block is not newest:
                newest, next_number = message.block, 0
                blocks[id(newest)] = newest
            in_order &= message.number == next_number
            next_number += 1
        else:
            others.append(place)
    if not places:
        return Batch(received, places, others, None, None)
    together = list(blocks.values())
    arrivals = Arrivals.one_after_the_other([block.arrivals for block in together])
    made = one_after_the_other([block.made for block in together])
    if not in_order or len(places) != len(made.starts):  # there are only parts of some blocks
        first = itertools.accumulate(map(_reports, together), initial=0)
        begin = dict(zip(blocks, first, strict=False))
        laid = cast("list[Laid]", [received[place].message for place in places])
        which = np.array([begin[id(one.block)] + one.number for one in laid])
        arrivals = arrivals.some(which)
        made.starts, made.sizes = made.starts[which], made.sizes[which]
        made.names = _used_names(made)
    return Batch(received, places, others, arrivals, made)


def _used_names(made: Readings) -> list[Pair]:
    """Its names with nothing in place of those that only reports have which were laid out with its own."""
    used = np.zeros(len(made.names), bool)
    used[made.name[fixes_of(made.starts, made.sizes)]] = True
    return [
        pair if is_used else (None, None)
        for pair, is_used in zip(made.names, used.tolist(), strict=True)
    ]


def _reports(block: Block) -> int:
    return len(block.made.starts)


def without_unclean(batch: Batch, new: Collection[Pair]) -> Batch:
    """The batch with reports that name a network or cell in characters that no name has taken field by field.

    Args:
        batch: as laid out.
        new: names that were not seen before.
    """
    unclean = {pair for pair in new if not _is_clean(pair)}
    if not unclean or batch.made is None or unclean.isdisjoint(batch.made.names):
        return batch
    is_unclean = np.array([pair in unclean for pair in batch.made.names])[batch.made.name]
    received = list(batch.received)
    for start, size, place in zip(
        batch.made.starts.tolist(), batch.made.sizes.tolist(), batch.laid_out, strict=True
    ):
        if is_unclean[start : start + size].any():
            one = received[place]
            received[place] = msgspec.structs.replace(one, message=valued(one.message))
    return lay_out(received)


def _is_clean(pair: Pair) -> bool:
    operator, cell = pair
    return (operator is None or is_clean_text(operator, OPERATOR.max_length)) and (
        cell is None or is_clean_text(cell, CELL.max_length)
    )
