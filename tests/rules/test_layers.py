"""Imports run one way, sql ← ingest ← dashboard, and logic knows no Dash."""

from __future__ import annotations

import pytest

from tests.rules.repository import PACKAGES, imports, modules

MAY_IMPORT = {
    "sql": {"sql"},
    "ingest": {"sql", "ingest"},
    "dashboard": {"sql", "ingest", "dashboard"},
}
WEB = ("dash", "plotly", "fastapi", "starlette", "uvicorn")
DASH_FILES = {"app.py", "page.py", "layout.py", "callbacks.py", "charts.py"}
"""The files of a dashboard feature that may import Dash or Plotly; everything else is logic."""
DASH_FOLDERS = {"shell"}
"""Folders that are nothing but layout: the frame around every page."""


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    wrong = [
        f"{module}:{line} imports {imported}"
        for module, tree in modules(package)
        for line, imported in imports(tree)
        if imported.startswith("sightline.") and imported.split(".")[1] not in MAY_IMPORT[package]
    ]
    assert not wrong, "\n".join(wrong)


def test_packages_import_each_other_by_their_installed_name() -> None:
    wrong = [
        f"{module}:{line} imports {imported}"
        for module, tree in modules()
        for line, imported in imports(tree)
        if imported.startswith(".") or imported.split(".")[0] in PACKAGES
    ]
    assert not wrong, "import absolutely, as sightline.…:\n" + "\n".join(wrong)


@pytest.mark.parametrize("package", ["sql", "ingest"])
def test_below_the_dashboard_nobody_knows_the_web_framework(package: str) -> None:
    wrong = [
        f"{module}:{line} imports {imported}"
        for module, tree in modules(package)
        for line, imported in imports(tree)
        if imported.startswith(WEB)
    ]
    assert not wrong, "\n".join(wrong)


def test_logic_of_the_dashboard_knows_no_dash() -> None:
    wrong = [
        f"{module}:{line} imports {imported}"
        for module, tree in modules("dashboard")
        for line, imported in imports(tree)
        if imported.startswith(("dash", "plotly"))
        and module.split("/")[-1] not in DASH_FILES
        and module.split("/")[1] not in DASH_FOLDERS
    ]
    assert not wrong, f"only {sorted(DASH_FILES)} may:\n" + "\n".join(wrong)


def test_nobody_imports_the_tests() -> None:
    wrong = [
        f"{module}:{line}"
        for module, tree in modules()
        for line, imported in imports(tree)
        if imported.split(".")[0] == "tests"
    ]
    assert not wrong, "\n".join(wrong)
