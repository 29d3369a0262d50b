"""Forms whose text the browser keeps until it is sent or cleared: what such a form must say about itself.

The draft stays in the browser, for the tab and the user; nothing of it is on the server until it is sent. A form is
drawn with its draft already in it, so that nothing that comes late can overwrite what is being typed.
"""

from __future__ import annotations

from typing import Any

from dash import html


def about(name: str, fields: str) -> dict[str, str]:
    """Attributes of the form.

    Args:
        name: under which the browser keeps its draft.
        fields: type of its fields' ids.
    """
    return {"data-draft": name, "data-fields": fields}


def field(name: str, first: Any, box: Any, class_name: str = "") -> html.Div:
    """A field of such a form.

    Args:
        name: of the field.
        first: what stands there without a draft; ticks are not kept, since who is ticked beforehand may be somebody
            else by then.
        box: its input.
        class_name: CSS classes.
    """
    marked: dict[str, Any] = {
        "data-field": name,
        "data-first": first if isinstance(first, str) else "",
    }
    return html.Div(box, className=class_name, **marked)


BACK: dict[str, Any] = {"data-draft-back": ""}
"""Attribute of the words that say that something came back; the browser takes them away with the draft."""
CLEAR: dict[str, Any] = {"data-does": "clear"}
"""Attribute of the button that drops the draft."""
