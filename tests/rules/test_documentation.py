"""The documentation lists every setting, every command and every decision."""

from __future__ import annotations

import argparse
import re

import pytest

from sightline.dashboard.cli.parser import build_parser
from sightline.dashboard.settings import FILE_VARIABLE, Settings, variable
from tests.rules.repository import ROOT, files

DOCS = ROOT / "docs"


def setting_row(setting: str) -> str:
    """The row of docs/settings.md that a setting must have."""
    field = Settings.model_fields[setting]
    if setting == "data_dir":
        default = "see below"
    else:
        value = field.get_default(call_default_factory=True)
        default = "" if value is None else f"`{str(value).lower() if value is False else value}`"
    return f"| `{variable(setting)}` | {default} | {field.description} |".replace("|  |", "| |")


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    missing = [
        row for setting in Settings.model_fields if (row := setting_row(setting)) not in text
    ]
    assert not missing, "docs/settings.md lacks these rows:\n" + "\n".join(missing)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {variable(setting) for setting in Settings.model_fields} | {FILE_VARIABLE}
    text = "".join(
        file.read_text(encoding="utf-8") for file in [*DOCS.rglob("*.md"), ROOT / "README.md"]
    )
    unknown = set(re.findall(r"SIGHTLINE_[A-Z_]+[A-Z]", text)) - known
    assert not unknown


@pytest.mark.parametrize("setting", list(Settings.model_fields))
def test_every_setting_says_what_it_is(setting: str) -> None:
    assert Settings.model_fields[setting].description


def commands() -> list[str]:
    """All commands, with their actions: "demo", "user add", …."""
    return sorted(_names(build_parser(), ""))


def _names(parser: argparse.ArgumentParser, prefix: str) -> list[str]:
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, below in action.choices.items():
                found += _names(below, f"{prefix} {command}".strip()) or [
                    f"{prefix} {command}".strip()
                ]
    return found


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    missing = [command for command in commands() if not re.search(rf"`{command}[ `]", text)]
    assert not missing


def test_every_option_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z-]+", build_parser().format_help()))
    for action in _all_actions(build_parser()):
        options.update(option for option in action.option_strings if option.startswith("--"))
    missing = {option for option in options if option not in text}
    assert not missing


def _all_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found += _all_actions(below)
    return found


def test_every_decision_is_listed() -> None:
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    decisions = sorted(file.name for file in (DOCS / "decisions").glob("0*.md"))
    assert decisions
    assert [file for file in decisions if f"({file})" not in index] == []
    for file in decisions:
        text = (DOCS / "decisions" / file).read_text(encoding="utf-8")
        for heading in ("Status:", "## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{file} lacks {heading}"


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text(encoding="utf-8"))
        if "://" not in target and not (file.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_documents_that_code_names_are_here() -> None:
    known = {file.name for file in files() if file.suffix == ".md"}
    strangers = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files()
        if file.suffix in {".py", ".sql", ".js", ".mjs", ".css"}
        for name in re.findall(r"\b[\w-]+\.md\b", file.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert not strangers, "\n".join(strangers)
