"""Drive tests logged with G-NetTrack Pro (CSV, or a ZIP of them) → the fixes of the camera protocol.

What the columns mean here:

    Timestamp           local time without a zone, whole seconds; the rows of a second are shared out
    Longitude, Latitude WGS 84, as written
    Speed               km/h → `speed_mps`
    Operatorname        as written → `operator` (data sets anonymise it)
    RAWCELLID, CellID   the former where there is one → `cell`
    NetworkMode         5G → nr, LTE → lte, anything older → other
    RSRP, RSRQ, SNR, RSSI   only with 5G and LTE. With HSPA, UMTS, EDGE or GPRS the same columns hold
                        RSCP and Ec/No, which are something else: unknown
    UL_bitrate          what was in use while downloading or playing, not what the uplink could carry:
                        not taken

`-` and nothing mean unknown. The log knows no state of recording. Rows that are equal in every column
are one.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from sightline.ingest import fields as f
from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.tracks import (
    BadValueError,
    Remark,
    Track,
    in_order,
    number,
    spread,
)
from sightline.ingest.camera.messages import Bearer, Fix, Signal

TIME_FORMAT = "%Y.%m.%d_%H.%M.%S"
UNKNOWN = ("-", "")
NEEDED = ("Timestamp", "Longitude", "Latitude")
MODES: dict[str, Bearer] = {"5G": "nr", "NR": "nr", "LTE": "lte", "LTE+": "lte", "4G": "lte"}
"""Networks whose level is RSRP; every other one is ``other``."""

_KMH = f.NumberField("Speed", 0, f.SPEED.high * 3.6)


def read_file(path: Path, zone: ZoneInfo) -> Iterator[Track]:
    """The tracks of a CSV file, or of all CSV files in a ZIP file.

    Args:
        path: the file.
        zone: of the logger's clock.

    Raises:
        TrackFormatError: the file is something else, or holds no track.
    """
    if path.suffix.lower() == ".zip":
        yield from _read_zip(path, zone)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrackFormatError(f"{path.name} is not text in UTF-8 ({error.reason}).") from error
    yield read_text(text, path.name, zone)


def _read_zip(path: Path, zone: ZoneInfo) -> Iterator[Track]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise TrackFormatError(f"{path.name} is not a ZIP file ({error}).") from error
    with archive:
        members = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if not members:
            raise TrackFormatError(f"{path.name} holds no CSV file.")
        for name in sorted(members):
            try:
                text = archive.read(name).decode("utf-8-sig")
            except (UnicodeDecodeError, zipfile.BadZipFile) as error:
                raise TrackFormatError(f"{path.name}: {name} cannot be read ({error}).") from error
            yield read_text(text, name, zone)


def read_text(text: str, file: str, zone: ZoneInfo) -> Track:
    """One log.

    Args:
        text: the file's content.
        file: its name, for remarks; folders and ending are left out of the track's name.
        zone: of the logger's clock.

    Raises:
        TrackFormatError: a column is missing that every log has, or no row is a fix.
    """
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise TrackFormatError(
            f"{file} is not a G-NetTrack log: its first line has no column {', '.join(missing)}."
        )
    fixes: list[Fix] = []
    remarks: list[Remark] = []
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        content = tuple(str(value) for value in row.values())
        if content in seen:
            continue
        seen.add(content)
        reader = _Row(row, file, rows.line_num, zone)
        try:
            fixes.append(reader.fix())
        except BadValueError as error:
            remarks.append(Remark(file, rows.line_num, error.field, error.value, error.allowed))
        else:
            remarks += reader.remarks
    found = in_order(Track(PurePosixPath(file).stem, fixes, remarks))
    return Track(found.name, spread(found.fixes), remarks)


class _Row:
    """One row of a log."""

    def __init__(self, row: Mapping[str, str | None], file: str, line: int, zone: ZoneInfo) -> None:
        self._row = row
        self._file = file
        self._line = line
        self._zone = zone
        self.remarks: list[Remark] = []

    def fix(self) -> Fix:
        """The fix; raises BadValueError where time or place is not one."""
        kmh = self._optional("Speed", _KMH)
        return Fix(
            time=self._time_ms(),
            lat=number(self._text("Latitude"), "Latitude", f.LAT),
            lon=number(self._text("Longitude"), "Longitude", f.LON),
            recording="unknown",
            speed_mps=None if kmh is None else kmh / 3.6,
            signal=self._signal(),
        )

    def _text(self, column: str) -> str:
        return (self._row.get(column) or "").strip()

    def _time_ms(self) -> int:
        text = self._text("Timestamp")
        try:
            local = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=self._zone)
        except ValueError:
            allowed = "a time like 2019.12.14_10.16.30"
            raise BadValueError("Timestamp", text, allowed) from None
        time_ms = int(local.astimezone(UTC).timestamp()) * 1000
        if not f.EARLIEST_US <= time_ms * 1000 <= f.LATEST_US:
            raise BadValueError("Timestamp", text, "from 2000 to 2100")
        return time_ms

    def _signal(self) -> Signal | None:
        mode = self._text("NetworkMode").upper()
        if mode in UNKNOWN:
            return None
        bearer = MODES.get(mode, "other")
        modern = bearer != "other"
        return Signal(
            bearer=bearer,
            operator=self._word("Operatorname", f.OPERATOR),
            cell=self._word("RAWCELLID", f.CELL) or self._word("CellID", f.CELL),
            rsrp_dbm=self._optional("RSRP", f.RSRP) if modern else None,
            rsrq_db=self._optional("RSRQ", f.RSRQ) if modern else None,
            sinr_db=self._optional("SNR", f.SINR) if modern else None,
            rssi_dbm=self._optional("RSSI", f.RSSI) if modern else None,
        )

    def _word(self, column: str, bounds: f.TextField) -> str | None:
        text = self._text(column)
        return None if text in UNKNOWN else text[: bounds.max_length]

    def _optional(self, column: str, bounds: f.NumberField) -> float | None:
        """A number, or None where it is unknown or cannot be one (with a remark)."""
        text = self._text(column)
        if text in UNKNOWN:
            return None
        try:
            return number(text, column, bounds)
        except BadValueError as error:
            self.remarks.append(
                Remark(self._file, self._line, column, text, error.allowed, kept=True)
            )
            return None
