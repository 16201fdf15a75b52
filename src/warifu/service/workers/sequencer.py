"""The sequencer in each process that serves: looks once a second whether a log is to be extended.

Of all processes one has the lease of a log and extends it; the others find it taken and wait. It is
quiet where there is nothing to do, and no error of its own ends the process.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Denied, VerifierFault, WarifuError
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import NO_SIGNER, KeyRing
from warifu.service.conduct.books.keys import PUBLISHED, key_leaves
from warifu.service.conduct.books.sequencing import AT_ONCE, give_back, sequence
from warifu.service.identifiers import new_id
from warifu.service.observe import events
from warifu.service.observe.log import log
from warifu.service.store.ledger import has_log, must_extend
from warifu.service.store.tenants import list_tenants

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.composition import Composition

TICK_SECONDS = 1.0
STOP_SECONDS = 10
"""How long a commit that is under way may take; it is made whole or not at all."""


class Turn(Struct, frozen=True, kw_only=True):
    """What one turn over all logs did."""

    placed: int = 0
    """Leaves that got their places."""
    logs: int = 0
    """That were extended or signed."""
    taken: int = 0
    """That another process extends."""


class Sequencer:
    """One holder of leases; a new one with every start."""

    def __init__(self, house: Composition) -> None:
        """Hold nothing yet."""
        self._house = house
        self.holder = new_id(house.clock())
        self._published: set[tuple[str, frozenset[tuple[str, bool]]]] = set()
        self._held: set[str] = set()

    def turn(self) -> Turn:
        """Publish our keys in all logs that miss them, and extend all logs that have to be.

        Raises:
            VerifierFault: ``store/available``; ``keys/no-signer`` where leaves wait, but there is
                no key for checkpoints: then no leaf gets a place.
        """
        house = self._house
        ring = house.keys.ring(house.clock())
        self._publish(ring)
        with house.database.read() as transaction:
            known = [each.tenant for each in list_tenants(transaction)]
            tenants = [each for each in known if must_extend(transaction, each)]
        if tenants:
            ring.signer(KeyPurpose.CHECKPOINT, house.clock())
        placed = logs = taken = 0
        for tenant in tenants:
            try:
                placed += self._extend(tenant)
                logs += 1
            except Denied:
                self._held.discard(tenant)
                taken += 1
        return Turn(placed=placed, logs=logs, taken=taken)

    def end(self) -> None:
        """Give all leases back, so that nobody has to wait for them.

        Raises:
            VerifierFault: ``store/available``.
        """
        for tenant in sorted(self._held):
            try:
                give_back(self._house, tenant, holder=self.holder)
            except Denied:
                continue
        self._held.clear()

    def _extend(self, tenant: str) -> int:
        placed = 0
        while True:
            done = sequence(self._house, tenant, holder=self.holder)
            self._held.add(tenant)
            placed += done.placed
            if done.placed < AT_ONCE:
                return placed

    def _publish(self, ring: KeyRing) -> None:
        """Once for each log and each state of the ring; writing it again changes nothing."""
        state = frozenset(
            (each.key_id, each.revoked_at is not None)
            for each in ring.records
            if each.purpose in PUBLISHED
        )
        if not state:
            return
        with self._house.database.read() as transaction:
            known = [each.tenant for each in list_tenants(transaction)]
            tenants = [each for each in known if has_log(transaction, each)]
        for tenant in tenants:
            if (tenant, state) not in self._published:
                self._house.database.apply(key_leaves(ring, tenant))
                self._published.add((tenant, state))


class SequencerThread:
    """A sequencer beside the requests of a process."""

    def __init__(self, house: Composition, *, every: float = TICK_SECONDS) -> None:
        """Not begun yet."""
        self._sequencer = Sequencer(house)
        self._every = every
        self._stop = Event()
        self._thread = Thread(target=self._run, name="sequencer", daemon=True)
        self._told: str | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the commit that is under way, and give leases back."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._try(self._sequencer.turn)
        self._try(self._sequencer.end)

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except WarifuError as error:
            self._tell(error)
        except Exception as error:  # noqa: BLE001 - requests are served whatever happens here
            events.unexpected(error)
        else:
            self._told = None

    def _tell(self, error: WarifuError) -> None:
        """Once, and not each second; counted each time."""
        events.failed(error)
        if self._told != error.code:
            self._told = error.code
            is_usual = isinstance(error, VerifierFault) and error.rule is NO_SIGNER
            log().warning(
                "no key signs checkpoints: receipts stay pending"
                if is_usual
                else "the ledger is not extended",
                code=error.code,
            )
