"""The HTML that every page begins with, before Dash draws into it."""

from __future__ import annotations

from collections.abc import Sequence

_INDEX = """<!DOCTYPE html>
<html lang="en-GB" data-theme="dark" data-mantine-color-scheme="dark">
<head>
  {%metas%}
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="dark light">
  <title>{%title%}</title>
  <link rel="icon" href="/static/mark.svg" type="image/svg+xml">
  <script src="/static/theme_boot.js"></script>
  {%css%}
STYLES
  <script src="/static/clientside.js" data-modules="MODULES"></script>
</head>
<body>
  {%app_entry%}
  <footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


def index_html(styles: Sequence[str], modules: Sequence[str]) -> str:
    """The template for Dash.

    Args:
        styles: paths of stylesheets, in order.
        modules: names of the JavaScript modules in ``assets/`` that clientside callbacks call.
    """
    links = "\n".join(f'  <link rel="stylesheet" href="{path}">' for path in styles)
    return _INDEX.replace("STYLES", links).replace("MODULES", " ".join(modules))
