"""A process that extends a log until it is killed, and takes the lease from whoever has it.

Usage: python -m tests.service.books.extender URL FOLDER SINCE

Its clock runs a hundred times too fast since SINCE, so that leases run out under whoever has them.
What it signs, it writes to FOLDER as a witness would see it, before anybody knows that it is kept.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.service.house import TENANT, make_house
from warifu.authentication.ledger.checkpoint import Checkpoint, sign_checkpoint
from warifu.base.errors import Denied, VerifierFault
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import Custody, KeyRing
from warifu.base.keys.signer import Signer, SoftwareSigner
from warifu.base.secret import Secret
from warifu.service.composition import Composition
from warifu.service.conduct.books import sequencing
from warifu.service.conduct.books.sequencing import sequence
from warifu.service.identifiers import new_id
from warifu.service.store.opening import open_database

AT_ONCE = 5
FASTER = 100
RESTARTS = 0.2
"""How often it forgets that it has the lease."""


class SameKeys:
    """The same keys in all processes."""

    def __init__(self) -> None:
        ring = KeyRing()
        now = datetime.now(UTC) - timedelta(days=1)
        for purpose in (KeyPurpose.CHECKPOINT, KeyPurpose.RECEIPT):
            seed = Secret(sha256(purpose.value.encode()).digest())
            signer = SoftwareSigner(TERMS[purpose].algorithm, seed)
            ring = ring.rotate(purpose, signer, custody=Custody.FILE, now=now)
        self._ring = ring

    def ring(self, now: datetime) -> KeyRing:
        """The ring."""
        del now
        return self._ring


def open_house(url: str, since: float) -> Composition:
    """A process of the service."""
    start = datetime.fromtimestamp(since, UTC)

    def present() -> datetime:
        return start + FASTER * (datetime.now(UTC) - start)

    return make_house(open_database(url), clock=present, keys=SameKeys())


def extend(house: Composition, folder: Path) -> None:
    """For ever."""

    def seen(checkpoint: Checkpoint, signer: Signer) -> bytes:
        note = sign_checkpoint(checkpoint, signer)
        (folder / new_id(house.clock())).write_bytes(note)
        return note

    vars(sequencing)["sign_checkpoint"] = seen
    holder = new_id(house.clock())
    while True:
        if Random().random() < RESTARTS:
            holder = new_id(house.clock())
        with suppress(Denied, VerifierFault):
            sequence(house, TENANT, holder=holder, at_once=AT_ONCE)


if __name__ == "__main__":
    extend(open_house(sys.argv[1], float(sys.argv[3])), Path(sys.argv[2]))
