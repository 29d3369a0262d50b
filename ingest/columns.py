"""Plain reports of many cameras → columns of readings, one row a fix. Pure.

A Python object for every value of every fix costs more than everything else that happens to it, so reports without
anything special are laid out here soon after they were decoded, as long as they are in the processor's cache, and only
the columns wait for the flush. Unknown numbers are NaN.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from sightline.ingest.content import contents_of
from sightline.ingest.fields import BEARER_CODES, RECORDING_CODES
from sightline.ingest.wire import BearerWord, PlainFix, PlainReport, PlainSignal, RecordingWord

Array = npt.NDArray[Any]
Pair = tuple[str | None, str | None]
"""Network and cell, as a camera names them; None is unknown."""

NO_ID: Final = -1
"""Where a name has no number."""

MOTION: Final = ("accuracy_m", "altitude_m", "speed_mps", "heading_deg")
RADIO: Final = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps")

IN_CACHE: Final = 1_000
"""Fixes that are laid out together: each is looked at once for every column, and is better still in the cache then."""

_RECORDING: Final = dict[str | None, int](((None, 0), *RECORDING_CODES.items()))
_BEARER: Final = dict[str | None, int](((None, 0), *BEARER_CODES.items()))
_RECORDING_WORDS: Final = cast(
    "dict[int, RecordingWord]", {code: word for word, code in RECORDING_CODES.items()}
)
_BEARER_WORDS: Final = cast(
    "dict[int, BearerWord]", {code: word for word, code in BEARER_CODES.items()}
)
_SILENT: Final = PlainSignal()

_NUMBERS: Final = ("lat", "lon", *MOTION, "battery_pct", *RADIO)
_ROW: Final = np.dtype(
    [
        ("time_ms", np.int64),
        ("numbers", np.float64, len(_NUMBERS)),
        ("name", np.uint32),
        ("recording", np.uint8),
        ("bearer", np.uint8),
    ],
    align=True,
)
"""A fix as the array of a block of them has it, before its columns are taken apart."""
_pack_row: Final = struct.Struct(f"q{len(_NUMBERS)}dIBB2x").pack


def _none_yet() -> Array:
    return np.empty(0, np.int64)


@dataclass(slots=True)
class Readings:
    """n reports and m fixes, the reports in order of arrival.

    Attributes:
        starts: (n,) place of each report's first fix.
        sizes: (n,) how many fixes each has.
        time_us: (m,) the device's time, microseconds since 1970 UTC.
        recording: (m,) codes of `fields.RECORDING_CODES`.
        bearer: (m,) codes of `fields.BEARER_CODES`.
        numbers: name → (m,) of lat and lon (WGS 84 degrees), `MOTION`, battery_pct and `RADIO`; NaN is unknown.
        names: networks and cells that are named, at least once each.
        name: (m,) place in these of what each fix names.
        heard: (m,) whether anything of the signal is known.
        operator_id: (m,) number of the network in the database, `NO_ID` where it has none; set by `named`.
        cell_id: (m,) number of the cell; likewise.
        content: (m,) see `sightline.ingest.content`; likewise.
    """

    starts: Array
    sizes: Array
    time_us: Array
    recording: Array
    bearer: Array
    numbers: dict[str, Array]
    names: list[Pair]
    name: Array
    heard: Array
    operator_id: Array = field(default_factory=_none_yet)
    cell_id: Array = field(default_factory=_none_yet)
    content: Array = field(default_factory=_none_yet)


def one_after_the_other(parts: Sequence[Readings]) -> Readings:
    """All reports of several, at least one."""
    if len(parts) == 1:
        return replace(parts[0])
    before = np.cumsum([0, *(len(part.time_us) for part in parts)])
    named_before = np.cumsum([0, *(len(part.names) for part in parts)])

    def whole(name: str, offsets: Array | None = None) -> Array:
        columns = [getattr(part, name) for part in parts]
        if offsets is not None:
            columns = [column + offset for column, offset in zip(columns, offsets, strict=False)]
        return np.concatenate(columns)

    return Readings(
        starts=whole("starts", before),
        sizes=whole("sizes"),
        time_us=whole("time_us"),
        recording=whole("recording"),
        bearer=whole("bearer"),
        numbers={
            name: np.concatenate([part.numbers[name] for part in parts])
            for name in parts[0].numbers
        },
        names=[pair for part in parts for pair in part.names],
        name=whole("name", named_before),
        heard=whole("heard"),
    )


def readings(reports: Sequence[PlainReport]) -> Readings:
    """The columns of these reports, at least one; what `named` sets is still to come."""
    names = _Numbered()
    try:
        rows = _rows(reports, names)
    except struct.error:  # there is a None among them: somebody wrote null
        rows = _rows([_without_null(report) for report in reports], names)
    made = np.frombuffer(rows, _ROW)
    numbers = np.ascontiguousarray(made["numbers"].T)
    sizes = np.array([len(report.fixes) for report in reports], np.int64)
    bearer = made["bearer"].astype(np.int16)
    return Readings(
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        time_us=made["time_ms"] * 1000,
        recording=made["recording"].astype(np.int16),
        bearer=bearer,
        numbers=dict(zip(_NUMBERS, numbers, strict=True)),
        names=list(names),
        name=made["name"].astype(np.int64),
        heard=(bearer != 0) | ~np.isnan(numbers[-len(RADIO) :]).all(axis=0),
    )


class _Numbered(dict[Pair, int]):
    """Numbers whatever is looked up, in order of appearance."""

    def __missing__(self, pair: Pair) -> int:
        number = self[pair] = len(self)
        return number


def _rows(reports: Sequence[PlainReport], names: _Numbered) -> bytes:
    """One `_ROW` a fix.

    All values of a fix in one call, and while it is at hand: a list for each column takes half as long again.

    Raises:
        struct.error: a number is None.
    """
    pack, recording, bearer = _pack_row, _RECORDING, _BEARER
    return b"".join(
        [
            pack(
                fix.time,
                fix.lat,
                fix.lon,
                fix.accuracy_m,
                fix.altitude_m,
                fix.speed_mps,
                fix.heading_deg,
                fix.battery_pct,
                (signal := fix.signal or _SILENT).rsrp_dbm,
                signal.rsrq_db,
                signal.sinr_db,
                signal.rssi_dbm,
                signal.uplink_kbps,
                names[signal.operator, signal.cell],
                recording[fix.recording],
                bearer[signal.bearer],
            )
            for report in reports
            for fix in report.fixes
        ]
    )


def _without_null(report: PlainReport) -> PlainReport:
    """The report with NaN for every number that is None."""
    return PlainReport(report.seq, [_all_numbers(fix) for fix in report.fixes], report.camera)


def _all_numbers(fix: PlainFix) -> PlainFix:
    signal = fix.signal or _SILENT
    return msgspec.structs.replace(
        fix,
        signal=msgspec.structs.replace(signal, **_nan_for_none(signal, RADIO)),
        **_nan_for_none(fix, (*MOTION, "battery_pct")),
    )


def _nan_for_none(said: PlainFix | PlainSignal, names: Iterable[str]) -> dict[str, float]:
    return {name: math.nan for name in names if getattr(said, name) is None}


def report_of(made: Readings, number: int, seq: int, camera: str | None) -> PlainReport:
    """A report as it was decoded, made again from its columns.

    Args:
        made: the columns.
        number: which of their reports.
        seq: the report's.
        camera: its id, where the message names it.
    """
    start, size = int(made.starts[number]), int(made.sizes[number])
    rows = slice(start, start + size)
    numbers = {name: column[rows].tolist() for name, column in made.numbers.items()}
    fixes = []
    for place, (time_us, recording, bearer, name) in enumerate(
        zip(
            made.time_us[rows].tolist(),
            made.recording[rows].tolist(),
            made.bearer[rows].tolist(),
            made.name[rows].tolist(),
            strict=True,
        )
    ):
        operator, cell = made.names[name]
        signal = PlainSignal(
            _BEARER_WORDS[bearer], operator, cell, **{name: numbers[name][place] for name in RADIO}
        )
        said = {name: column[place] for name, column in numbers.items() if name not in RADIO}
        fixes.append(
            PlainFix(
                time=time_us // 1000, recording=_RECORDING_WORDS[recording], signal=signal, **said
            )
        )
    return PlainReport(seq, fixes, camera)


def named(made: Readings, operator_id: Array, cell_id: Array, text: Array) -> None:
    """Put the numbers of networks and cells in, and number each reading.

    Args:
        made: the readings.
        operator_id: of each of their names.
        cell_id: of each of their names.
        text: `content.text_word` of each of their names.
    """
    made.operator_id, made.cell_id = operator_id[made.name], cell_id[made.name]
    word = text[made.name]
    made.heard = made.heard | (word != 0)
    made.content = contents_of(
        made.time_us, made.recording + 256 * made.bearer.astype(np.int64), word, made.numbers
    )
