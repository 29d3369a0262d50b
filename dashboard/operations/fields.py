"""What a caller hands over: validated fields, and the one error for a wrong one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sightline.dashboard.errors import InvalidError

LONGEST_TEXT = 4000
"""Characters that one text takes, unless its field says otherwise."""


class Fields(BaseModel):
    """Base of all bodies: no unknown names, blanks around texts taken off, nothing the database cannot store."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def storable(cls, value: Any) -> Any:
        """Refuse texts with characters that cannot be stored."""
        if isinstance(value, Mapping):
            for name, content in value.items():
                if not _storable(name) or not _storable(content):
                    raise ValueError(
                        "has a character that cannot be stored (NUL or half of a pair)"
                    )
        return value

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The fields from names and values, as a page has them.

        Raises:
            InvalidError: one is wrong; names it and says what is allowed.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise invalid(error.errors()) from error


def _storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any(
            "\ud800" <= character <= "\udfff" for character in value
        )
    if isinstance(value, Mapping):
        return all(_storable(name) and _storable(content) for name, content in value.items())
    if isinstance(value, list | tuple):
        return all(map(_storable, value))
    return True


_NOT_FIELDS = ("body", "query", "path", "int", "str", "bool", "constrained-int", "constrained-str")
"""What pydantic puts into a location beside names: where the field was sent, and which branch of a union was tried."""


def invalid(errors: Sequence[Any]) -> InvalidError:
    """The error for pydantic's first finding: field, value and what is allowed.

    Args:
        errors: as `ValidationError.errors` gives them.
    """
    first = errors[0]
    where = [str(part) for part in first["loc"] if part not in _NOT_FIELDS]
    field = ".".join(where) or None
    allowed = _allowed(first)
    name = field or "the body"
    match first["type"]:
        case "missing":
            sentence = f"{name} is missing."
        case "extra_forbidden":
            sentence = f"{name} is not a field of this call."
        case "json_invalid":
            sentence = "The body is not JSON."
        case "value_error":
            sentence = f"{name} {first['ctx']['error']}."
        case _:
            sentence = f"{name} is {_shown(first.get('input'))}; it must be {allowed}."
    code = {"missing": "missing", "extra_forbidden": "unknown_field", "json_invalid": "not_json"}
    return InvalidError(sentence, field, allowed, code.get(first["type"]))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _allowed(error: Any) -> str | None:
    context = error.get("ctx") or {}
    match error["type"]:
        case "missing" | "extra_forbidden" | "json_invalid" | "value_error":
            return None
        case "literal_error" | "enum":
            return f"one of {context['expected']}"
        case "string_too_short":
            return f"a text of at least {context['min_length']} characters"
        case "string_too_long":
            return f"a text of at most {context['max_length']} characters"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
    # pydantic says "Input should be …" or "Value should have …"
    _, _, rest = error["msg"].partition(" should ")
    return str(rest.removeprefix("be ") or error["msg"])
