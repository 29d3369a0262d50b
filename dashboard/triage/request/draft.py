"""A request that was begun and not sent: what was written stands in the form again when it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sightline.dashboard.triage.drafted.texts import texts
from sightline.dashboard.triage.request.form import FIELDS
from sightline.dashboard.triage.request.start import Start


def first_values(begun: Start, grades: Mapping[str, str]) -> dict[str, str | None]:
    """What stands in the form without a draft, by name: whatever differs was written since."""
    values: dict[str, str | None] = {
        field.code: begun.values.get(field.code, "") for field in FIELDS
    }
    return values | {
        "incident": begun.chosen,
        "new_title": begun.title,
        "new_grade": begun.grade or next(iter(grades), None),
        "new_place": begun.place,
    }


def with_draft(begun: Start, draft: object) -> Start:
    """The form with what was written in it before.

    Args:
        begun: as it opens.
        draft: name of a field → what was written; whatever else a browser sends is left out.
    """
    written = texts(draft)
    if not written:
        return begun
    # An incident that was closed meanwhile cannot be chosen any more.
    chosen = written.get("incident")
    codes = {field.code for field in FIELDS}
    return replace(
        begun,
        chosen=chosen if chosen in dict(begun.options) else begun.chosen,
        values=begun.values | {code: text for code, text in written.items() if code in codes},
        place=written.get("new_place", begun.place),
        title=written.get("new_title", begun.title),
        grade=written.get("new_grade", begun.grade),
        back=True,
    )
