"""What must not stand in any file, and how long files may be."""

from __future__ import annotations

import re

import pytest

from tests.rules.repository import ROOT, files, name

MOST_LINES = 1000
MACHINE = re.compile(
    # registries and indexes are the configuration of pip and npm on the machine
    r"registry\.(npm|yarn)js|py"
    r"pi\.org|python"
    r"hosted\.org|index-url\s+http|"
    # places that exist on somebody's machine only
    r"(?<![\w.])/(work|home|Users|root|mnt|private)/\w"
)
ALLOWED = {
    # says where the data of root would be unreachable, which is the point
}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def test_no_module_is_too_long() -> None:
    long = [
        f"{name(file)}: {lines}"
        for file in files(".py", ".js", ".mjs", ".css", ".sql", ".md")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    ]
    assert not long, "\n".join(long)


def test_nothing_names_a_registry_or_a_place_on_a_machine() -> None:
    wrong = [
        f"{name(file)}:{number} {found[0]}"
        for file in files()
        if name(file) not in ALLOWED
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if (found := MACHINE.search(line))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("lock", ["requirements.lock", "dashboard/libraries/package-lock.json"])
def test_locks_name_no_host(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_every_locked_python_package_has_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^(\S+==\S+).*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    bare = [
        entry.split()[0]
        for entry in re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
        if "--hash=sha256:" not in entry
    ]
    assert len(pinned) > 50
    assert not bare


def test_nothing_is_left_unfinished() -> None:
    wrong = [
        f"{name(file)}:{number}"
        for file in files(".py", ".js", ".mjs", ".css", ".sql", ".md", ".toml", "")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not wrong, "\n".join(wrong)
