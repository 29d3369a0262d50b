"""The commands: `./sightline COMMAND` in a checkout, `sightline COMMAND` once installed.

`parser` says which commands there are; the other modules do them. Start-up is kept fast: a
command's module is imported only when the command runs.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from sightline.dashboard.cli.parser import build_parser, explain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 well, 1 not well, 2 wrongly asked, 130 interrupted.

    An error that a person can do something about is one sentence on standard error.
    """
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    try:
        sys.stdout.flush()
    except OSError:  # the reader of our output has enough
        from sightline.dashboard.cli.console import stop_writing

        stop_writing()
        return code or 1
    return code


def _run(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    options, further = parser.parse_known_args(arguments)
    if further and not options.passes_on:
        options.parser.error("unrecognised arguments: " + " ".join(further))
    options.arguments = further
    if options.handler is None:
        return explain(parser, options.topic)
    module_name, _, function = options.handler.partition(":")
    from sightline.dashboard.cli.errors import EXPECTED_ERRORS, exit_code

    try:
        handler = getattr(importlib.import_module(module_name), function)
        return int(handler(options))
    except EXPECTED_ERRORS as error:
        sys.stderr.write(f"sightline: {error}\n")
        return exit_code(error)
