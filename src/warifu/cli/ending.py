"""How commands end: exit statuses, and the usage error."""

from __future__ import annotations

from warifu.attestation.verdict import Outcome

ACCEPTED = 0
REFUSED = 1
USAGE = 2
NO_STATEMENT = 3

EXIT_CODES = {
    Outcome.ACCEPTED: ACCEPTED,
    Outcome.REFUSED: REFUSED,
    Outcome.NO_STATEMENT: NO_STATEMENT,
}


class UsageError(Exception):
    """The command was called wrongly, or a file cannot be read."""
