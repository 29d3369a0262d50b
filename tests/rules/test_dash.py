"""How Dash is used: callbacks never block the loop, and no JavaScript hides in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.rules.repository import modules

LONGEST_CALLBACK_LINES = 30


def callbacks() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Place and definition of each function decorated as a Dash callback."""
    for module, tree in modules("dashboard"):
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if ast.unparse(called).split(".")[-1] == "callback":
                        yield f"{module}:{node.lineno} {node.name}", node


def test_every_callback_is_async() -> None:
    blocking = [place for place, node in callbacks() if isinstance(node, ast.FunctionDef)]
    assert not blocking, "a synchronous callback blocks everybody:\n" + "\n".join(blocking)


def test_callbacks_are_thin() -> None:
    thick = [
        f"{place}: {lines} lines"
        for place, node in callbacks()
        if (lines := (node.end_lineno or 0) - node.body[0].lineno + 1) > LONGEST_CALLBACK_LINES
    ]
    assert not thick, "move the logic into a module without Dash:\n" + "\n".join(thick)


def test_no_javascript_in_python() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in modules("dashboard")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "clientside_callback"
        and node.args
        and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
    ]
    assert not wrong, "use ClientsideFunction and a file in assets:\n" + "\n".join(wrong)


def test_missing_ids_are_not_waved_through() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in modules("dashboard")
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "suppress_callback_exceptions"
        and isinstance(node.value, ast.Constant)
        and node.value.value is True
    ]
    assert not wrong, "\n".join(wrong)
