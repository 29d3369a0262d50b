"""The wheel: everything is in it, below `sightline.`, and its command starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.repository import PACKAGES, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """A wheel built from a copy of the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
            "--no-index", "--wheel-dir", copy / "wheels", copy,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (copy / "wheels").glob("sightline-*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_nothing_is_installed_at_the_top_but_sightline(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sightline"}


def test_all_that_the_packages_need_is_in_it(wheel: zipfile.ZipFile) -> None:
    packed = set(wheel.namelist())
    missing = [
        name
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file()
        and "__pycache__" not in file.parts
        and (name := f"sightline/{file.relative_to(ROOT)}") not in packed
    ]
    assert not missing, "add to package_data in setup.py:\n" + "\n".join(missing)


def test_the_command_starts_from_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from sightline.dashboard.cli import main; import sightline.dashboard.cli as cli;"
        f"assert cli.__file__.startswith({str(tmp_path)!r}), cli.__file__;"
        "sys.exit(main(['settings']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "SIGHTLINE_GATEWAY_PORT" in done.stdout
