"""What a caller hands over: validated fields, and the one error for a wrong one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sightline.dashboard.errors import InvalidError
from sightline.ingest.fields import EARLIEST, LATEST

LONGEST_TEXT = 4000
"""Characters that one text takes, unless its field says otherwise."""

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An id of anything that the database numbers, wherever it comes from: body, path, query or a page's address."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*", re.ASCII)
_MOMENT: Final = f"a time as in RFC 3339 with a zone, from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}"


def _moment_as_sent(value: Any) -> Any:
    """Numbers and texts of digits are refused: nobody could tell seconds from milliseconds."""
    moment = value
    if isinstance(value, str) and _RFC_3339.fullmatch(value.strip()):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value.strip())
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise PydanticCustomError("moment", f"Input should be {_MOMENT}")
    return moment


def _within_bounds(value: datetime) -> datetime:
    """In UTC. Outside of the bounds neither the database nor arithmetic with hours and days could take it."""
    if not EARLIEST <= value <= LATEST:
        raise PydanticCustomError("moment", f"Input should be {_MOMENT}")
    return value.astimezone(UTC)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment_as_sent, json_schema_input_type=datetime),
    AfterValidator(_within_bounds),
    Field(description=_MOMENT),
]
"""A time as every call takes it; in UTC from here on."""


def wrong(field: str, sentence: str) -> PydanticCustomError:
    """What a check of several fields raises: the one field to look at, and what is wrong with it, as *field sentence*."""
    return PydanticCustomError("wrong_field", "{sentence}", {"field": field, "sentence": sentence})


_NOT_STORABLE: Final = "has a character that cannot be stored (NUL or half of a pair)"


def is_readable(text: str) -> bool:
    """Whether there is more than blanks, controls and marks of direction, which stand on a screen as nothing."""
    return any(unicodedata.category(character)[0] not in "CZ" for character in text)


def _readable(value: str) -> str:
    if value and not is_readable(value):
        raise PydanticCustomError("unreadable", "Input should be a text with something to read")
    return value


Readable = AfterValidator(_readable)
"""For texts that somebody must be able to read; stands after their length."""


def _log_number(value: str) -> str:
    if "/" in value or "\N{REPLACEMENT CHARACTER}" in value or not value.isprintable():
        raise PydanticCustomError(
            "log_number", "Input should be 1 to 64 printable characters without /"
        )
    return value


LogNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    AfterValidator(_log_number),
]
"""The number of an incident in the force's command-and-control system, in a body as in a path."""


class Fields(BaseModel):
    """Base of all bodies: no unknown names, each value of its own type (a number is no text and no yes or no), blanks
    around texts taken off, nothing the database cannot store.
    """

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def storable(cls, value: Any) -> Any:
        """Refuse texts with characters that cannot be stored."""
        if (field := _not_storable(value)) is not None:
            raise wrong(field, _NOT_STORABLE)
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


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _not_storable(value: Any, field: str = "") -> str | None:
    """The dotted name of the first field that cannot be stored; None where all can."""
    if isinstance(value, str):
        return None if _is_storable(value) else field
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
    for name, content in inner:
        shown = str(name).encode("unicode_escape").decode()
        below = f"{field}.{shown}" if field else shown
        if isinstance(name, str) and not _is_storable(name):
            return below
        if (found := _not_storable(content, below)) is not None:
            return found
    return None


def _storable(value: str) -> str:
    if not _is_storable(value):
        raise PydanticCustomError("not_storable", "Input should be a text that can be stored")
    return value


Storable = AfterValidator(_storable)
"""For texts of an address, which no body's check has seen."""


_ID: Final[TypeAdapter[int]] = TypeAdapter(Id)
_LONGEST_ID: Final = 19


def id_from(value: Any) -> int | None:
    """The `Id` that stands in an address, a form or the browser's store; None where it is none."""
    text = value if isinstance(value, str) else ""
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID:
        value = int(text)
    try:
        return _ID.validate_python(value, strict=True)
    except ValidationError:
        return None


_SECRET: Final = frozenset({"password"})
"""Fields whose value no answer repeats."""

_NOT_FIELDS = (
    "body", "query", "path", "int", "str", "bool", "constrained-int", "constrained-str",
)  # fmt: skip
"""What pydantic puts into a location beside names: where the field was sent, and which branch of a union was tried."""


def invalid(errors: Sequence[Any]) -> InvalidError:
    """The error for pydantic's first finding: field, value and what is allowed.

    Args:
        errors: as `ValidationError.errors` gives them.
    """
    first = errors[0]
    where = [str(part) for part in first["loc"] if _is_name(part)]
    if first["type"] == "wrong_field":
        where.append(first["ctx"]["field"])
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
        case "wrong_field":
            sentence = f"{name} {first['ctx']['sentence']}."
        case _ if where and where[-1] in _SECRET:
            sentence = f"{name} is not what it must be: {allowed}."
        case _:
            sentence = f"{name} is {_shown(first.get('input'))}; it must be {allowed}."
    code = {"missing": "missing", "extra_forbidden": "unknown_field", "json_invalid": "not_json"}
    return InvalidError(sentence, field, allowed, code.get(first["type"]))


def _is_name(part: str | int) -> bool:
    return part not in _NOT_FIELDS and not str(part).startswith(("function-", "literal["))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


_ALLOWED: Final = {
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text like {pattern}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "uuid_parsing": "a UUID",
}
"""Kind of finding → what is allowed, in words that follow *it must be*; the rest as pydantic says it."""


def _allowed(error: Any) -> str | None:
    kind = error["type"]
    if kind in ("missing", "extra_forbidden", "json_invalid", "wrong_field"):
        return None
    if kind in _ALLOWED:
        return _ALLOWED[kind].format_map(error.get("ctx") or {})
    # pydantic, and the findings of our own, say "Input should be …"
    _, _, rest = error["msg"].partition(" should be ")
    return str(rest or error["msg"])


class PlaceFields(Fields):
    """A place in WGS 84 degrees: both coordinates, or neither."""

    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def both_or_neither(self) -> Self:
        """A place has both coordinates."""
        if (self.lat is None) != (self.lon is None):
            missing = "lat" if self.lat is None else "lon"
            raise wrong(missing, "is missing: lat and lon are given together or not at all")
        return self
