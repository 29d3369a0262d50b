"""Plain values as YAML, for the documents of interfaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def to_yaml(value: Any, indent: str = "") -> str:
    """Plain values as YAML in block style; text is quoted as JSON, which YAML contains."""
    return "".join(f"{indent}{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    entries = value.items() if isinstance(value, dict) else ((None, part) for part in value)
    for key, part in entries:
        head = "-" if key is None else f"{_key(key)}:"
        if not isinstance(part, dict | list) or not part:
            yield f"{head} {json.dumps(part, ensure_ascii=False)}"
        elif key is None:
            first, *rest = _lines(part)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
        else:
            yield head
            yield from (f"  {line}" for line in _lines(part))


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalpha() else json.dumps(key)
