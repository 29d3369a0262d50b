"""Drive tests: each column means what it means, and nothing is made up."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.gnettrack import read_file, read_text
from sightline.ingest.adapters.tracks import Unread

DUBLIN = ZoneInfo("Europe/Dublin")
COLUMNS = (
    "Timestamp,Longitude,Latitude,Speed,Operatorname,CellID,NetworkMode,RSRP,RSRQ,SNR,CQI,RSSI,"
    "DL_bitrate,UL_bitrate,State,RAWCELLID"
)
ROW = "2019.12.14_10.16.30,-8.388186,51.935604,36,B,12,5G,-99,-15,6.0,12,-90,7,900,D,11016972"

SHARED = Path(
    os.environ.get("SIGHTLINE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data")
)
CORK = SHARED / "drivetests" / "cork-5g-drivetests.zip"


def log(*rows: str, columns: str = COLUMNS) -> str:
    return "\n".join((columns, *rows)) + "\n"


def changed(**values: str) -> str:
    cells = dict(zip(COLUMNS.split(","), ROW.split(","), strict=True)) | values
    return ",".join(cells.values())


def only(row: str):
    track = read_text(log(row), "x.csv", DUBLIN)
    (fix,) = track.fixes
    return fix, track.remarks


def test_a_row_is_a_fix():
    fix, remarks = only(ROW)
    assert (fix.lat, fix.lon, fix.speed_mps, fix.recording) == (51.935604, -8.388186, 10, "unknown")
    assert datetime.fromtimestamp(fix.time / 1000, UTC) == datetime(
        2019, 12, 14, 10, 16, 30, tzinfo=UTC
    )
    s = fix.signal
    assert (s.bearer, s.operator, s.cell) == ("nr", "B", "11016972")
    assert (s.rsrp_dbm, s.rsrq_db, s.sinr_db, s.rssi_dbm) == (-99, -15, 6, -90)
    assert s.uplink_kbps is None, "what was in use is not what there was room for"
    assert (fix.accuracy_m, fix.altitude_m, fix.battery_pct) == (None, None, None)
    assert remarks == []


def test_clocks_are_local_and_summer_counts():
    fix, _ = only(changed(Timestamp="2019.07.14_10.16.30"))
    assert datetime.fromtimestamp(fix.time / 1000, UTC).hour == 9


@pytest.mark.parametrize(
    "mode", ["HSPA+", "HSPA", "HSUPA", "HSDPA", "UMTS", "EDGE", "GPRS", "IWLAN"]
)
def test_the_level_of_older_networks_is_not_rsrp(mode: str):
    fix, remarks = only(changed(NetworkMode=mode, RSRP="-71", RSRQ="-2", SNR="-", RSSI="-"))
    assert fix.signal.bearer == "other"
    assert fix.signal.cell == "11016972"
    assert (fix.signal.rsrp_dbm, fix.signal.rsrq_db, fix.signal.sinr_db) == (None, None, None)
    assert remarks == []


def test_a_dash_is_unknown_not_zero():
    fix, remarks = only(
        changed(RSRP="-", RSRQ="-", SNR="-", RSSI="-", Speed="-", Operatorname="-", RAWCELLID="-")
    )
    s = fix.signal
    assert (s.rsrp_dbm, s.rsrq_db, s.sinr_db, s.rssi_dbm, s.operator) == (None,) * 5
    assert (fix.speed_mps, s.cell) == (None, "12")
    assert remarks == []
    nothing = {
        "NetworkMode": "-",
        "RSRP": "-",
        "Operatorname": "-",
        "CellID": "-",
        "RAWCELLID": "-",
    }
    assert only(changed(**nothing))[0].signal is None


def test_where_the_network_is_unknown_operator_and_cell_still_count():
    fix, remarks = only(changed(NetworkMode="-", RSRP="-"))
    s = fix.signal
    assert (s.bearer, s.operator, s.cell, s.rsrp_dbm) == (None, "B", "11016972", None)
    assert remarks == []
    _, (remark,) = only(changed(NetworkMode="-"))
    assert "NetworkMode is '-', but must be one of 5G" in str(remark), "a level was left out"


@pytest.mark.parametrize("mode", ["LTE-A", "LTE+", "LTE_CA", "lte-a", "4G"])
def test_every_kind_of_lte_has_rsrp(mode: str):
    fix, remarks = only(changed(NetworkMode=mode))
    assert (fix.signal.bearer, fix.signal.rsrp_dbm) == ("lte", -99)
    assert remarks == []


@pytest.mark.parametrize("mode", ["WIFI", "WiFi", "Wi-Fi", "WLAN"])
def test_wifi_is_wifi_and_its_level_is_not_rsrp(mode: str):
    fix, remarks = only(changed(NetworkMode=mode))
    assert (fix.signal.bearer, fix.signal.operator, fix.signal.rsrp_dbm) == ("wifi", "B", None)
    assert remarks == []


def test_a_network_that_nobody_knows_is_unknown_and_said():
    fix, (remark,) = only(changed(NetworkMode="6G"))
    s = fix.signal
    assert (s.bearer, s.operator, s.cell, s.rsrp_dbm) == (None, "B", "11016972", None)
    assert str(remark).startswith("x.csv, line 2: NetworkMode is '6G', but must be one of 5G, NR,")
    assert str(remark).endswith("; taken as unknown")


def test_a_name_that_is_too_long_is_cut_and_said():
    fix, (remark,) = only(changed(Operatorname="o" * 50))
    assert fix.signal.operator == "o" * 32
    assert remark.kept
    assert str(remark).endswith(f"1 to 32 printable characters; taken as '{'o' * 32}'")


def test_an_open_quote_takes_one_line_and_no_other():
    rows = [changed(Timestamp=f"2019.12.14_10.16.{second}") for second in range(10, 60)]
    rows[1] = rows[1].replace(",B,", ',"B,')
    track = read_text(log(*rows), "x.csv", DUBLIN)
    assert len(track.fixes) == 49
    (remark,) = track.remarks
    assert (remark.file, remark.line, remark.kept) == ("x.csv", 3, False)
    assert "must be CSV" in str(remark)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (ROW[: ROW.index("51.")] + "5", 3),  # the last line of a log that was cut off
        (ROW.replace("51.935604", "51,935604"), 17),
        (ROW + ",", 17),
    ],
)
def test_a_row_with_other_columns_than_the_first_is_skipped_and_said(row: str, columns: int):
    track = read_text(log(ROW, row), "x.csv", DUBLIN)
    assert len(track.fixes) == 1
    (remark,) = track.remarks
    assert str(remark) == (
        f"x.csv, line 3: the number of columns is '{columns}', but must be 16, as in the first line;"
        " line skipped"
    )


def test_an_endless_field_is_skipped_and_said_in_short():
    track = read_text(log(ROW, changed(Operatorname=f'"{"x" * 200_000}"')), "x.csv", DUBLIN)
    assert len(track.fixes) == 1
    (remark,) = track.remarks
    assert remark.line == 3
    assert len(str(remark)) < 300


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_end_and_quotes_are_quotes(end: str):
    text = log(ROW, "", changed(Operatorname='"B, of Cork"', RSRP="-98")).replace("\n", end)
    track = read_text(text, "x.csv", DUBLIN)
    assert [fix.signal.operator for fix in track.fixes] == ["B", "B, of Cork"]
    assert track.remarks == []


def test_an_impossible_level_is_unknown_and_said():
    fix, (remark,) = only(changed(RSRP="-200"))
    assert fix.signal.rsrp_dbm is None
    assert fix.signal.rsrq_db == -15
    assert str(remark) == (
        "x.csv, line 2: RSRP is '-200', but must be a number, -140 to -44; taken as unknown"
    )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Latitude", "bad"), ("Latitude", "91"), ("Latitude", "-"), ("Longitude", "181"),
        ("Longitude", "nan"), ("Longitude", "1_0"), ("Timestamp", "14/12/2019 10:16"),
        ("Timestamp", "2019.13.14_10.16.30"), ("Timestamp", "1970.01.01_00.00.00"),
    ],
)  # fmt: skip
def test_a_row_without_time_or_place_is_skipped_and_said(column: str, value: str):
    track = read_text(log(ROW, changed(**{column: value})), "folder/x.csv", DUBLIN)
    assert len(track.fixes) == 1
    (remark,) = track.remarks
    assert (remark.file, remark.line, remark.field, remark.value, remark.kept) == (
        "folder/x.csv", 3, column, value, False,
    )  # fmt: skip
    assert track.name == "x"


def test_rows_of_one_second_are_shared_out_in_their_order():
    rows = [ROW, changed(RSRP="-98"), changed(RSRP="-97"), changed(Timestamp="2019.12.14_10.16.31")]
    track = read_text(log(*rows), "x.csv", DUBLIN)
    first = track.fixes[0].time
    assert [f.time - first for f in track.fixes] == [0, 333, 666, 1000]
    assert [f.signal.rsrp_dbm for f in track.fixes] == [-99, -98, -97, -99]


def test_rows_that_are_equal_in_every_column_are_one():
    other_download = changed(DL_bitrate="8")
    track = read_text(log(ROW, ROW, other_download), "x.csv", DUBLIN)
    assert len(track.fixes) == 2


def test_something_else_is_not_taken_for_a_log():
    with pytest.raises(TrackFormatError, match="no column Timestamp, Longitude"):
        read_text("time,Latitude\n1,2\n", "other.csv", DUBLIN)
    with pytest.raises(TrackFormatError, match="no line of it is a fix"):
        read_text(log(), "empty.csv", DUBLIN)


def test_a_zip_holds_several_logs(tmp_path: Path):
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("b/two.csv", log(ROW))
        archive.writestr("a/one.csv", log(ROW))
        archive.writestr("readme.txt", "nothing")
    assert [t.name for t in read_file(file, DUBLIN)] == ["one", "two"]
    file.write_bytes(b"not a zip")
    with pytest.raises(TrackFormatError, match=r"logs.zip is not a ZIP file"):
        list(read_file(file, DUBLIN))
    (tmp_path / "latin.csv").write_bytes(COLUMNS.encode() + b"\n\xff\xfe")
    with pytest.raises(TrackFormatError, match="not text in UTF-8"):
        list(read_file(tmp_path / "latin.csv", DUBLIN))


def test_what_cannot_be_read_of_a_zip_does_not_keep_the_rest_out(tmp_path: Path):
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.csv", log(ROW))
        archive.writestr("__MACOSX/._one.csv", b"\0\5\x16\7\xff")
        archive.writestr("settings.csv", "name,value\na,b\n")
        archive.writestr("latin.csv", COLUMNS.encode() + b"\n\xff\xfe")
        archive.writestr("void.csv", log())
    unread: list[Unread] = []
    assert [t.name for t in read_file(file, DUBLIN, unread)] == ["one"]
    assert {u.file: u.is_log for u in unread} == {
        "__MACOSX/._one.csv": False, "settings.csv": False, "latin.csv": True, "void.csv": True,
    }  # fmt: skip
    assert all(str(u).endswith(". It was left out.") for u in unread)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("settings.csv", "name,value\na,b\n")
    with pytest.raises(TrackFormatError, match="no G-NetTrack log that can be read"):
        list(read_file(file, DUBLIN, unread))


@pytest.mark.skipif(not CORK.exists(), reason=f"the Cork drive tests are not at {CORK}")
def test_the_cork_drive_tests_are_read_exactly():
    """Against a second reading that shares nothing with the adapter but the standard library."""
    tracks = {track.name: track for track in read_file(CORK, DUBLIN)}
    assert len(tracks) == 37
    with zipfile.ZipFile(CORK) as archive:
        for member in archive.namelist():
            rows = list(csv.DictReader(io.StringIO(archive.read(member).decode())))
            track = tracks[Path(member).stem]
            expected, found = Counter(), Counter()
            for row in {tuple(row.items()) for row in rows}:
                expected[_plain(dict(row))] += 1
            for fix in track.fixes:
                s = fix.signal
                second = datetime.fromtimestamp(fix.time // 1000, DUBLIN)
                found[
                    second.strftime("%Y.%m.%d_%H.%M.%S"), fix.lat, fix.lon, s.bearer, s.operator,
                    s.cell, s.rsrp_dbm, s.rsrq_db, s.sinr_db, s.rssi_dbm,
                ] += 1  # fmt: skip
                assert s.uplink_kbps is None
            assert found == expected
            times = [fix.time for fix in track.fixes]
            assert len(set(times)) == len(times)
    assert sum(len(track.fixes) for track in tracks.values()) == 65_321
    remarks = [remark for track in tracks.values() for remark in track.remarks]
    assert [(r.field, r.value, r.kept) for r in remarks] == [("RSRP", "-200", True)] * 3


def _plain(row: dict[str, str]) -> tuple[object, ...]:
    modern = row["NetworkMode"] in ("LTE", "5G")

    def level(column: str) -> float | None:
        text = row[column]
        if not modern or text == "-" or (column == "RSRP" and text == "-200"):
            return None
        return float(text)

    return (
        row["Timestamp"], float(row["Latitude"]), float(row["Longitude"]),
        {"LTE": "lte", "5G": "nr"}.get(row["NetworkMode"], "other"), row["Operatorname"],
        row["RAWCELLID"], level("RSRP"), level("RSRQ"), level("SNR"), level("RSSI"),
    )  # fmt: skip
