"""The data directory: secrets, the lock, and which demo is in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline.dashboard.settings import Settings, SettingsError, load_settings
from sightline.dashboard.supervisor.data_directory import (
    DataDirectory,
    Demo,
    with_internal_secret,
)
from sightline.dashboard.supervisor.demo import DemoSupervisor, choose_demo
from sightline.dashboard.supervisor.errors import DataDirectoryError


def mode(file: Path) -> str:
    return oct(stat.S_IMODE(file.stat().st_mode))


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "data")
    made.prepare()
    return made


def test_credentials_are_for_their_owner_only(directory: DataDirectory) -> None:
    directory.write_credentials({"fim": "secret"})
    assert mode(directory.credentials_file) == "0o600"
    assert directory.credentials() == {"fim": "secret"}


def test_the_internal_secret_is_made_once_and_kept(directory: DataDirectory) -> None:
    first = directory.internal_secret()
    assert len(first) >= 32
    assert directory.internal_secret() == first
    assert mode(directory.path / "internal-secret") == "0o600"


def test_a_secret_that_is_set_goes_before_the_directorys(directory: DataDirectory) -> None:
    settings = with_internal_secret(
        load_settings(data_dir=directory.path, internal_secret="x" * 40)
    )
    assert settings.internal_secret is not None
    assert settings.internal_secret.get_secret_value() == "x" * 40
    assert not (directory.path / "internal-secret").exists()


def test_one_supervisor_at_a_time(directory: DataDirectory) -> None:
    with (
        directory.locked(),
        pytest.raises(DataDirectoryError, match=f"process {os.getpid()}") as raised,
        DataDirectory(directory.path).locked(),
    ):
        pass
    assert "--data-dir" in str(raised.value)
    with directory.locked():
        directory.write_run_state({"pid": 1})
    assert directory.run_state() is None


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryError, match="cannot be written"):
        DataDirectory(tmp_path / "file" / "data").prepare()


def settings_of(directory: DataDirectory, **given: int) -> Settings:
    return load_settings(data_dir=directory.path, **given)


def test_a_new_demo_is_as_the_settings_say(directory: DataDirectory) -> None:
    settings = settings_of(directory, fleet_cameras=20, fleet_seed=7)
    assert choose_demo(None, False, directory, settings) == Demo(seed=7, cameras=20)


def test_a_demo_that_is_there_is_used_as_it_is(directory: DataDirectory) -> None:
    present = Demo(seed=7, cameras=20, complete=True)
    assert choose_demo(present, True, directory, settings_of(directory)) == present
    same = settings_of(directory, fleet_cameras=20)
    assert choose_demo(present, True, directory, same) == present


@pytest.mark.parametrize(
    ("given", "option"), [({"fleet_cameras": 30}, "--cameras"), ({"fleet_seed": 8}, "--seed")]
)
def test_a_demo_does_not_change_its_size_or_seed(
    directory: DataDirectory, given: dict[str, int], option: str
) -> None:
    present = Demo(seed=7, cameras=20, complete=True)
    with pytest.raises(SettingsError, match=f"^{option} is"):
        choose_demo(present, True, directory, settings_of(directory, **given))


def test_an_interrupted_demo_is_made_afresh(directory: DataDirectory) -> None:
    present = Demo(seed=7, cameras=20)
    settings = settings_of(directory, fleet_cameras=30)
    assert choose_demo(present, True, directory, settings) == Demo(seed=1, cameras=30)


def test_a_demo_never_goes_into_real_data(directory: DataDirectory) -> None:
    with pytest.raises(DataDirectoryError, match="not a demo's"):
        choose_demo(None, True, directory, settings_of(directory))


def test_a_demo_never_goes_where_anything_stands_in_the_databases_place(
    directory: DataDirectory,
) -> None:
    precious = directory.path / "postgres" / "precious"
    precious.parent.mkdir()
    precious.write_text("mine")
    assert directory.has_database()
    with pytest.raises(DataDirectoryError, match="a demo never touches that: choose another"):
        choose_demo(None, directory.has_database(), directory, settings_of(directory))
    assert directory.demo() is None


def test_a_database_without_its_passwords_is_still_a_database(directory: DataDirectory) -> None:
    (directory.path / "postgres").mkdir()
    assert not directory.has_database()
    (directory.path / "postgres" / "PG_VERSION").write_text("15\n")
    assert directory.has_database()


async def discarded(directory: DataDirectory) -> list[str]:
    said: list[str] = []
    demo = DemoSupervisor(settings_of(directory), Demo(seed=1, cameras=20), said.append)
    await demo.discard_unfinished()
    return said


async def test_only_what_a_demo_has_left_unfinished_is_removed(directory: DataDirectory) -> None:
    precious = directory.path / "postgres" / "precious"
    precious.parent.mkdir()
    precious.write_text("mine")
    with pytest.raises(DataDirectoryError, match="holds something that no demo made"):
        await discarded(directory)
    assert precious.read_text() == "mine"
    assert directory.demo() is None, "what was refused must not look like a demo the next time"
    directory.write_demo(Demo(seed=1, cameras=20))
    assert "starting afresh" in (await discarded(directory))[0]
    assert not precious.exists()


@pytest.mark.parametrize(
    ("name", "read"),
    [("run.json", DataDirectory.run_state), ("demo.json", DataDirectory.demo)],
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    directory: DataDirectory, name: str, read: Callable[[DataDirectory], object]
) -> None:
    (directory.path / name).write_text("[1, 2")
    with pytest.raises(DataDirectoryError, match="does not hold what Sightline writes there"):
        read(directory)
    (directory.path / name).unlink()
    (directory.path / name).mkdir()  # a file closed to us is open to root, who runs tests too
    with pytest.raises(DataDirectoryError, match=rf"{name} cannot be read .*--data-dir"):
        read(directory)


def test_a_demo_of_another_kind_is_a_sentence(directory: DataDirectory) -> None:
    (directory.path / "demo.json").write_text('{"planet": "Mars"}')
    with pytest.raises(DataDirectoryError, match="does not hold what Sightline writes there"):
        directory.demo()


def test_the_demo_is_remembered(directory: DataDirectory) -> None:
    assert directory.demo() is None
    directory.write_demo(Demo(seed=7, cameras=20, complete=True))
    assert directory.demo() == Demo(seed=7, cameras=20, complete=True)
