"""``warifu``: all commands together, and how each of them ends."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from warifu.cli import output
from warifu.cli.ending import NO_STATEMENT, REFUSED, USAGE, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def make_app() -> App:
    """Assemble all commands."""
    from warifu.cli import callers, data, db, keys, ledger, receipt, rules, threat, trust
    from warifu.cli.explain import explain, replay
    from warifu.cli.reappraise import reappraise
    from warifu.cli.serve import serve
    from warifu.cli.verify import verify
    from warifu.demo import demo

    app = App(
        name="warifu",
        help="Device trust and transaction confirmation for mobile finance.",
        result_action="return_value",
    )
    app.command(verify)
    app.command(explain)
    app.command(replay)
    app.command(trust.make_app())
    app.command(keys.make_app())
    app.command(receipt.make_app())
    app.command(ledger.make_app())
    app.command(db.make_app())
    app.command(serve)
    app.command(callers.make_tenants_app())
    app.command(callers.make_callers_app())
    app.command(data.make_app())
    app.command(rules.make_app())
    app.command(threat.make_app())
    app.command(reappraise)
    app.command(demo)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status, whatever happens."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = make_app()(tokens, exit_on_error=False, print_error=True)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - the interpreter would end with 1: evidence refused
        return _end(error)
    return status if isinstance(status, int) else 0


def _end(error: Exception) -> int:
    """Tell the person why there is no verdict; return the exit status."""
    from warifu.base.errors import BadEvidence, Misuse, WarifuError

    if isinstance(error, CycloptsError):
        return USAGE
    if isinstance(error, BrokenPipeError):
        output.abandon_output()
        return USAGE
    if not isinstance(error, (UsageError, WarifuError, OSError)):
        traceback.print_exception(error)
        return NO_STATEMENT
    sys.stderr.write(f"warifu: {error}\n")
    if isinstance(error, BadEvidence):
        return REFUSED
    return USAGE if isinstance(error, (UsageError, Misuse, OSError)) else NO_STATEMENT


def entry() -> None:
    """Entry point of the installed command."""
    output.speak_any_terminal()
    sys.exit(main())
