"""What the supervisor knows before it starts anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sightline.dashboard.settings import SettingsError, load_settings, variable
from sightline.dashboard.supervisor.child import child_environment, how_it_ended
from sightline.dashboard.supervisor.errors import HostError, PortTakenError
from sightline.dashboard.supervisor.part import run_part
from sightline.dashboard.supervisor.parts import (
    DASHBOARD,
    DEMO_PARTS,
    GATEWAY,
    KEEPER,
    MEDIA,
    STOP_WAVES,
    UP_PARTS,
    part_named,
)
from sightline.dashboard.supervisor.ports import check_ports
from sightline.dashboard.supervisor.run import restart_pause_s
from sightline.dashboard.supervisor.status import PartStatus, Status, problems
from sightline.ingest import keeper
from sightline.sql.errors import ClusterError


def test_sources_stop_first_and_everything_stops() -> None:
    order = [part.name for wave in STOP_WAVES for part in wave]
    assert order[:2] == ["fleet", "gateway"]
    assert set(order) == {part.name for part in DEMO_PARTS}
    assert {part.name for part in DEMO_PARTS} - {part.name for part in UP_PARTS} == {"fleet"}


def test_every_part_is_where_it_says(  # an import error would show only when it is started
) -> None:
    for part in DEMO_PARTS:
        assert part_named(part.name) is part
        module = part.runs.partition(":")[0].removeprefix("sightline.").replace(".", "/")
        root = Path(__file__).resolve().parents[3]
        assert (root / f"{module}.py").exists() or (root / module / "__init__.py").exists()


def test_a_child_gets_the_settings_as_resolved_and_no_others(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, gateway_port=1234, internal_secret="s" * 40)
    environment = child_environment(
        settings, {"PATH": "/bin", "SIGHTLINE_DATABASE_URL": "postgresql://x/y"}
    )
    assert environment["PATH"] == "/bin"
    assert environment["SIGHTLINE_GATEWAY_PORT"] == "1234"
    assert environment["SIGHTLINE_INTERNAL_SECRET"] == "s" * 40
    assert "SIGHTLINE_DATABASE_URL" not in environment
    assert environment["SIGHTLINE_SETTINGS"] == "/dev/null"


def test_a_child_reads_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data_dir=tmp_path, gateway_port=1234, demo=True)
    monkeypatch.chdir(tmp_path)
    Path("sightline.toml").write_text("host = '192.0.2.1'\n")
    for name, value in child_environment(settings, {}).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_free_ports_are_no_problem(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, gateway_port=0, gateway_http_port=0, gateway_cot_port=0, media_port=0,
        media_internal_port=0, dashboard_port=0,
    )  # fmt: skip
    check_ports(UP_PARTS, settings)


@pytest.mark.parametrize(
    ("part", "kind", "setting", "says"),
    [
        (DASHBOARD, socket.SOCK_STREAM, "dashboard_port", "The dashboard needs TCP port {}"),
        (GATEWAY, socket.SOCK_STREAM, "gateway_http_port", "The gateway needs TCP port {}"),
        (MEDIA, socket.SOCK_DGRAM, "media_port", "The media relay needs UDP port {}"),
    ],
)
def test_a_taken_port_says_which_who_needs_it_and_how_to_move_it(
    tmp_path: Path, part: object, kind: int, setting: str, says: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen(1)
        number = other.getsockname()[1]
        settings = load_settings(data_dir=tmp_path, **{setting: number})
        with pytest.raises(PortTakenError) as raised:
            check_ports([part], settings)
    assert says.format(number) in str(raised.value)
    assert variable(setting) in str(raised.value)
    assert ("--port" in str(raised.value)) == (setting == "dashboard_port")


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("nosuch.host.invalid", "The host 'nosuch.host.invalid' is not known"),
        ("ä" * 70 + ".example", "is not known (it is not a name)"),
        ("192.0.2.1", "The host '192.0.2.1' is not an address of this machine"),
    ],
)
def test_a_wrong_host_is_said_to_be_wrong(tmp_path: Path, host: str, says: str) -> None:
    settings = load_settings(data_dir=tmp_path, host=host, media_port=0)
    with pytest.raises(HostError) as raised:
        check_ports(UP_PARTS, settings)
    assert says in str(raised.value)
    assert str(raised.value).endswith("with --host or SIGHTLINE_HOST.")


def test_gateways_share_a_port_only_where_all_of_them_say_so(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        number = other.getsockname()[1]
        alone = load_settings(
            data_dir=tmp_path, gateway_port=number, gateway_http_port=0, gateway_cot_port=0
        )
        shared = load_settings(
            data_dir=tmp_path,
            gateway_port=number,
            gateway_http_port=0,
            gateway_cot_port=0,
            gateway_share_port=True,
        )
        with pytest.raises(PortTakenError, match=f"TCP port {number}"):
            check_ports([GATEWAY], alone)
        check_ports([GATEWAY], shared)
        with pytest.raises(PortTakenError):  # nothing but gateways shares
            check_ports([DASHBOARD], shared.model_copy(update={"dashboard_port": number}))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ExceptionGroup("x", [ConnectionRefusedError("nobody is there")]), "nobody is there"),
        (
            ExceptionGroup("x", [ExceptionGroup("y", [ClusterError("No database.")])]),
            "No database.",
        ),
        (SystemExit(3), "see above"),
        (ClusterError("No database."), "No database."),
    ],
)
def test_a_part_that_cannot_run_says_why_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    fault: BaseException, says: str,
) -> None:  # fmt: skip
    async def run(_settings: object, _stop: object) -> None:
        raise fault

    monkeypatch.setattr(keeper, "run", run)
    code = run_part(KEEPER, load_settings(data_dir=tmp_path))
    assert code == (3 if isinstance(fault, SystemExit) else 1)
    (record,) = [r for r in caplog.records if r.levelname == "CRITICAL"]
    assert says in record.getMessage()
    assert not record.exc_info


def test_a_fault_of_ours_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(_settings: object, _stop: object) -> None:
        raise ExceptionGroup("x", [OSError("lost"), TypeError("a fault")])

    monkeypatch.setattr(keeper, "run", run)
    assert run_part(KEEPER, load_settings(data_dir=tmp_path)) == 1
    assert caplog.records[-1].exc_info


def test_two_parts_cannot_have_the_same_port(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, gateway_port=28050, dashboard_port=28050)
    with pytest.raises(SettingsError, match="are both 28050"):
        check_ports([GATEWAY, DASHBOARD], settings)


def test_a_part_that_keeps_failing_is_started_again_ever_more_slowly() -> None:
    pauses = [0.0]
    for _ in range(9):
        pauses.append(restart_pause_s(pauses[-1], ran_s=1))
    assert pauses == [0.0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert restart_pause_s(30, ran_s=61) == 0.5


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL")]
)
def test_exit_codes_are_said_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


def well() -> Status:
    return Status(
        data_dir="data", url="http://127.0.0.1:8050", supervisor_pid=1,
        parts=[PartStatus("gateway", 2, True)], database="ok", gateways=1, cameras=400,
        cameras_live=390, behind_s=0.4, late_s=-0.6, keeper_silent_s=1.2, unsealed_audit_s=2.0,
    )  # fmt: skip


def test_status_is_well_when_nothing_is_wrong() -> None:
    assert problems(well()) == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("parts", [PartStatus("media", None, False)], "The media relay is not ready."),
        (
            "parts",
            [PartStatus("gateway", 2, True, restarts=3, restarted_s=5.2)],
            "The gateway failed and was started again 5 s ago (3 times so far).",
        ),
        ("parts", [PartStatus("gateway", 2, True, restarts=3, restarted_s=500.0)], None),
        ("gateways", 0, "No gateway reports to the database."),
        ("keeper_silent_s", 42.0, "The keeper has done nothing for 42 s."),
        ("keeper_silent_s", None, "No keeper is connected to the database."),
        ("unsealed_audit_s", 300.0, "The audit has not been sealed for 300 s."),
        (
            "database",
            "no schema",
            "The database has no schema, or an old one: run 'sightline migrate'.",
        ),
        ("database", "connection refused", "The database does not answer: connection refused."),
    ],
)
def test_status_says_what_is_wrong(field: str, value: object, sentence: str | None) -> None:
    status = well()
    setattr(status, field, value)
    assert problems(status) == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("demo", "cameras_live", "behind_s", "late_s", "sentence"),
    [
        (False, 390, 12.0, 11.0, "The newest report of any camera is 12 s old."),
        (False, 1, 58.0, -2.0, None),  # switched off: due once a minute
        (False, 1, 75.0, 15.0, "The newest report of any camera is 75 s old."),
        (False, 0, 900.0, 840.0, None),  # nobody is on duty
        (False, 0, None, None, None),
        (True, 0, 900.0, 899.0, "The newest report of any camera is 900 s old."),
        (True, 0, None, None, "No simulated camera has reported yet."),
    ],
)
def test_status_says_when_the_cameras_are_silent(
    demo: bool,
    cameras_live: int,
    behind_s: float | None,
    late_s: float | None,
    sentence: str | None,
) -> None:
    status = well()
    status.demo, status.cameras_live = demo, cameras_live
    status.behind_s, status.late_s = behind_s, late_s
    assert problems(status) == ([sentence] if sentence else [])


def test_status_of_nothing_says_that_nothing_runs() -> None:
    status = well()
    status.supervisor_pid = None
    status.parts = [PartStatus("gateway", None, False), PartStatus("media", None, False)]
    assert problems(status) == ["Nothing runs with the data directory data."]
