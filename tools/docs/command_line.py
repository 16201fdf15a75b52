"""The page of the command line: every command's help text as it is printed."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

from rich.console import Console

from tools.docs.rules import GENERATED
from warifu.command import make_app

COMMANDS = (
    (),
    ("verify",),
    ("explain",),
    ("replay",),
    ("trust",),
    ("trust", "refresh"),
    ("trust", "show"),
    ("trust", "export"),
    ("trust", "import"),
    ("keys",),
    ("keys", "init"),
    ("keys", "list"),
    ("keys", "rotate"),
    ("keys", "revoke"),
    ("keys", "reseal"),
    ("keys", "publish"),
    ("serve",),
    ("tenants",),
    ("callers",),
    ("callers", "add"),
    ("callers", "list"),
    ("callers", "rotate"),
    ("callers", "revoke"),
    ("db",),
    ("db", "upgrade"),
    ("db", "status"),
    ("db", "backup"),
    ("db", "restore"),
    ("data",),
    ("data", "init-key"),
    ("data", "rotate-key"),
    ("data", "rewrap"),
    ("data", "remove-key"),
    ("data", "sweep"),
    ("data", "erase"),
    ("data", "erasures"),
    ("data", "erase-again"),
    ("reappraise",),
    ("rules",),
    ("rules", "check"),
    ("rules", "diagram"),
    ("rules", "dry-run"),
    ("rules", "shadow"),
    ("rules", "standard"),
    ("threat",),
    ("threat", "table"),
    ("threat", "explain"),
    ("threat", "advise"),
    ("threat", "impact"),
    ("threat", "export"),
    ("threat", "report"),
    ("receipt",),
    ("receipt", "verify"),
    ("receipt", "follow"),
    ("demo",),
)


def command_line_page() -> str:
    """Help texts in the order of `COMMANDS`."""
    parts = ["# The command line", GENERATED]
    for command in COMMANDS:
        title = " ".join(("warifu", *command))
        parts += [f"## `{title}`", "", "```text", _help(command), "```", ""]
    return "\n".join(parts)


def _help(command: tuple[str, ...]) -> str:
    written = io.StringIO()
    console = Console(file=written, width=96, color_system=None, force_terminal=False)
    with redirect_stdout(written):
        make_app().help_print(list(command), console=console)
    return "\n".join(line.rstrip() for line in written.getvalue().strip().splitlines())
