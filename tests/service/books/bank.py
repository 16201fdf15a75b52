"""A bank with a log, whose customers confirm; and whoever checks its receipts elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.authentication.ledger.logs import signer
from tests.service.house import TENANT
from warifu.authentication.ledger.note import read_note, write_signature_line, write_verifier_key
from warifu.authentication.ledger.witness import cosign, witness_key
from warifu.receipt_check.check import Known, check_receipt
from warifu.receipt_check.keys import read_note_keys
from warifu.service.conduct.books.issuing import Issued, issue_receipt
from warifu.service.conduct.books.keys import verifier_keys
from warifu.service.settings import LedgerSettings, Settings
from warifu.service.workers.sequencer import Sequencer, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from tests.service.confirming.counter import Counter
    from warifu.attestation.trust.view import TrustView
    from warifu.receipt_check.findings import CheckedReceipt
    from warifu.receipt_check.keys import NoteKey
    from warifu.service.composition import Composition

WITNESS = "witness.example"
_SEED = signer(WITNESS)
WITNESS_KEY = write_verifier_key(witness_key(WITNESS, _SEED.public_key[-32:]))
WITNESSED = Settings(ledger=LedgerSettings(witnesses=(WITNESS_KEY,)))
"""Settings that name one witness, without whom receipts are complete."""


def line_of(checkpoint: bytes, *, at: datetime, name: str = WITNESS) -> str:
    """What a witness answers."""
    made = cosign(read_note(checkpoint).text, name=name, signer=signer(name), at=at)
    return write_signature_line(made)


def log_keys(house: Composition, tenant: str = TENANT) -> tuple[NoteKey, ...]:
    """The log's keys, as they were given to whoever checks."""
    return read_note_keys("\n".join(verifier_keys(house, tenant)).encode())


def extend(house: Composition) -> Turn:
    """One turn of a process that has just started, and gives its leases back."""
    sequencer = Sequencer(house)
    done = sequencer.turn()
    sequencer.end()
    return done


def receipt_of(counter: Counter, transaction: str, *, personal: bool = True) -> Issued:
    """The receipt as it is now."""
    return issue_receipt(counter.work(), transaction, personal=personal)


def check(
    data: bytes,
    keys: tuple[NoteKey, ...],
    *,
    at: datetime,
    trust: TrustView | None = None,
    witnesses: int = 0,
) -> CheckedReceipt:
    """Checked elsewhere, with nothing but keys of the log and trust."""
    known = Known(log_keys=keys, trust=trust, witnesses=witnesses)
    return check_receipt(data, known=known, at=at)
