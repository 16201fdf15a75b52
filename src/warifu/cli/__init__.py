"""The command line: the edge where files are read and the clock is looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from warifu.cli.ending import NO_STATEMENT, USAGE, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def make_app() -> App:
    """Assemble all commands."""
    from warifu.cli import trust
    from warifu.cli.explain import explain, replay
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
    app.command(demo)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    from warifu.base.errors import Misuse, VerifierFault

    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = make_app()(tokens, exit_on_error=False, print_error=True)
    except CycloptsError:
        return USAGE
    except (UsageError, Misuse) as error:
        sys.stderr.write(f"warifu: {error}\n")
        return USAGE
    except VerifierFault as error:
        sys.stderr.write(f"warifu: {error}\n")
        return NO_STATEMENT
    return status if isinstance(status, int) else 0


def entry() -> None:
    """Entry point of the installed command."""
    sys.exit(main())
