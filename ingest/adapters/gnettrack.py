"""Drive tests logged with G-NetTrack Pro (CSV, or a ZIP of them) → the fixes of the camera protocol.

What the columns mean here:

    Timestamp           local time without a zone, whole seconds; the rows of a second are shared out
    Longitude, Latitude WGS 84, as written
    Speed               km/h → `speed_mps`
    Operatorname        as written → `operator` (data sets anonymise it)
    RAWCELLID, CellID   the former where there is one → `cell`
    NetworkMode         5G → nr, LTE and LTE-A → lte, WiFi → wifi, anything older → other; a name that
                        is not known: unknown, with a remark
    RSRP, RSRQ, SNR, RSSI   only with 5G and LTE. With HSPA, UMTS, EDGE or GPRS the same columns hold
                        RSCP and Ec/No, which are something else: unknown
    UL_bitrate          what was in use while downloading or playing, not what the uplink could carry:
                        not taken

`-` and nothing mean unknown. The log knows no state of recording. Rows that are equal in every column
are one. A row is a line and has as many columns as the first: one that was cut off, or that a stray comma
or quote has shifted, is skipped with a remark and takes no other with it.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from sightline.ingest import fields as f
from sightline.ingest.adapters.errors import NotALogError, TrackFormatError
from sightline.ingest.adapters.tracks import (
    BadValueError,
    Remark,
    Track,
    Unread,
    in_order,
    number,
    spread,
)
from sightline.ingest.camera.messages import Bearer, Fix, Signal

TIME_FORMAT = "%Y.%m.%d_%H.%M.%S"
UNKNOWN = ("-", "")
NEEDED = ("Timestamp", "Longitude", "Latitude")
MODES: dict[str, Bearer] = {
    **dict.fromkeys(("5G", "NR", "5G NSA", "5G SA", "NR NSA", "NR SA"), "nr"),
    **dict.fromkeys(("LTE", "LTE+", "LTE-A", "LTE_CA", "LTE-CA", "4G", "4G+"), "lte"),
    **dict.fromkeys(("WIFI", "WI-FI", "WLAN"), "wifi"),
    **dict.fromkeys(
        ("HSPA+", "HSPAP", "HSPA", "HSUPA", "HSDPA", "UMTS", "WCDMA", "TD-SCDMA", "3G"), "other"
    ),
    **dict.fromkeys(
        ("EDGE", "GPRS", "GSM", "2G", "CDMA", "1XRTT", "EVDO", "EHRPD", "IWLAN"), "other"
    ),
}
"""Network → bearer."""
WITH_RSRP = ("nr", "lte")
"""Bearers whose level in these columns is RSRP."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_KMH = f.NumberField("Speed", 0, f.SPEED.high * 3.6)


def read_file(path: Path, zone: ZoneInfo, unread: list[Unread] | None = None) -> Iterator[Track]:
    """The tracks of a CSV file, or of all CSV files in a ZIP file.

    Args:
        path: the file.
        zone: of the logger's clock.
        unread: takes what cannot be read of a ZIP file, so that the rest still is; without it, that raises.

    Raises:
        TrackFormatError: the file is something else, or holds no track.
    """
    if path.suffix.lower() == ".zip":
        yield from _read_zip(path, zone, unread)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrackFormatError(f"{path.name} is not text in UTF-8 ({error.reason}).") from error
    except OSError as error:
        raise TrackFormatError(f"{path} cannot be read ({error.strerror}).") from error
    yield read_text(text, path.name, zone)


def _read_zip(path: Path, zone: ZoneInfo, unread: list[Unread] | None) -> Iterator[Track]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise TrackFormatError(f"{path.name} is not a ZIP file ({error}).") from error
    except OSError as error:
        raise TrackFormatError(f"{path} cannot be read ({error.strerror}).") from error
    with archive:
        members = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if not members:
            raise TrackFormatError(f"{path.name} holds no CSV file.")
        found = False
        for name in sorted(members):
            try:
                track = _read_member(archive, path.name, name, zone)
            except TrackFormatError as error:
                if unread is None:
                    raise
                unread.append(Unread(name, str(error), not isinstance(error, NotALogError)))
            else:
                found = True
                yield track
        if not found:
            why = f": {unread[-1].why}" if unread else "."
            raise TrackFormatError(f"{path.name} holds no G-NetTrack log that can be read{why}")


def _read_member(archive: zipfile.ZipFile, file: str, name: str, zone: ZoneInfo) -> Track:
    if "__MACOSX" in PurePosixPath(name).parts or PurePosixPath(name).name.startswith("._"):
        raise NotALogError(f"{file}: {name} is what macOS notes about a file, and no log.")
    try:
        text = archive.read(name).decode("utf-8-sig")
    # RuntimeError: it is encrypted; NotImplementedError: compressed in a way unknown here.
    except (UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise TrackFormatError(f"{file}: {name} cannot be read ({error}).") from error
    return read_text(text, name, zone)


def read_text(text: str, file: str, zone: ZoneInfo) -> Track:
    """One log.

    Args:
        text: the file's content.
        file: its name, for remarks; folders and ending are left out of the track's name.
        zone: of the logger's clock.

    Raises:
        TrackFormatError: a column is missing that every log has, or no row is a fix.
    """
    lines = ((count, line) for count, line in enumerate(_LINE_END.split(text), 1) if line)
    _, first = next(lines, (1, ""))
    try:
        columns = _cells(first)
    except BadValueError:
        columns = []
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise NotALogError(
            f"{file} is not a G-NetTrack log: its first line has no column {', '.join(missing)}."
        )
    fixes: list[Fix] = []
    remarks: list[Remark] = []
    seen: set[tuple[str, ...]] = set()
    for count, line in lines:
        try:
            cells = _row(line, columns)
            if tuple(cells) in seen:
                continue
            seen.add(tuple(cells))
            reader = _Row(dict(zip(columns, cells, strict=True)), file, count, zone)
            fixes.append(reader.fix())
        except BadValueError as error:
            remarks.append(Remark(file, count, error.field, error.value, error.allowed))
        else:
            remarks += reader.remarks
    found = in_order(Track(PurePosixPath(file).stem, fixes, remarks))
    return Track(found.name, spread(found.fixes), remarks)


def _cells(line: str) -> list[str]:
    """The columns of one line: a field of these logs never goes over several."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise BadValueError("the line", line, f"CSV ({error})") from None


def _row(line: str, columns: Sequence[str]) -> list[str]:
    cells = _cells(line)
    if len(cells) != len(columns):
        allowed = f"{len(columns)}, as in the first line"
        raise BadValueError("the number of columns", str(len(cells)), allowed)
    return cells


class _Row:
    """One row of a log."""

    def __init__(self, row: Mapping[str, str], file: str, line: int, zone: ZoneInfo) -> None:
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
        return self._row.get(column, "").strip()

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
        mode = self._text("NetworkMode")
        bearer = MODES.get(mode.upper())
        if bearer is None and (mode not in UNKNOWN or self._text("RSRP") not in UNKNOWN):
            self._remark("NetworkMode", mode, f"one of {', '.join(MODES)}")
        modern = bearer in WITH_RSRP
        found = Signal(
            bearer=bearer,
            operator=self._word("Operatorname", f.OPERATOR),
            cell=self._word("RAWCELLID", f.CELL) or self._word("CellID", f.CELL),
            rsrp_dbm=self._optional("RSRP", f.RSRP) if modern else None,
            rsrq_db=self._optional("RSRQ", f.RSRQ) if modern else None,
            sinr_db=self._optional("SNR", f.SINR) if modern else None,
            rssi_dbm=self._optional("RSSI", f.RSSI) if modern else None,
        )
        return None if found == Signal() else found

    def _word(self, column: str, bounds: f.TextField) -> str | None:
        text = self._text(column)
        if text in UNKNOWN:
            return None
        if len(text) > bounds.max_length:
            cut = text[: bounds.max_length]
            self._remark(column, text, bounds.allowed, taken_as=repr(cut))
            return cut
        return text

    def _optional(self, column: str, bounds: f.NumberField) -> float | None:
        """A number, or None where it is unknown or cannot be one (with a remark)."""
        text = self._text(column)
        if text in UNKNOWN:
            return None
        try:
            return number(text, column, bounds)
        except BadValueError as error:
            self._remark(column, text, error.allowed)
            return None

    def _remark(self, column: str, text: str, allowed: str, *, taken_as: str = "unknown") -> None:
        """The row is taken, but not this value as it stands."""
        self.remarks.append(
            Remark(self._file, self._line, column, text, allowed, kept=True, taken_as=taken_as)
        )
