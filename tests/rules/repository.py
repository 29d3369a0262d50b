"""The repository's own files, for the rules: found by walking, so that no git is needed."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sql", "ingest", "dashboard")

_NOT_OURS = {
    ".git",
    ".venv",
    "__pycache__",
    "node_modules",
    "build",
    "dist",
    "test-results",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}
_BINARY = {".png", ".jpg", ".woff2", ".ico", ".gpkg", ".pmtiles", ".npz", ".pyc", ".zip"}


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Files of ours, with one of the suffixes if any are given."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in _NOT_OURS and not name.endswith(".egg-info")
        ]
        found += [
            Path(folder) / name for name in names if name != ".git"
        ]  # a linked worktree has a file
    return tuple(
        sorted(
            file
            for file in found
            if file.is_file()
            and (file.suffix in suffixes if suffixes else file.suffix not in _BINARY)
        )
    )


def name(file: Path) -> str:
    """Path from the root, for messages."""
    return str(file.relative_to(ROOT))


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of each Python file of the packages (all of ours by default)."""
    for file in files(".py"):
        if file.relative_to(ROOT).parts[0] in (packages or PACKAGES):
            yield name(file), ast.parse(file.read_text(encoding="utf-8"), name(file))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of each string constant that is not a docstring; f-strings with gaps as ?."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside_joined: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside_joined.update(id(part) for part in node.values)
            parts = (
                str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values
            )
            yield node.lineno, "".join(parts)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and id(node) not in inside_joined
        ):
            yield node.lineno, node.value
