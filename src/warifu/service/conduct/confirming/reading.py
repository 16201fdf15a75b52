"""What is read when a transaction is asked or answered: once, in one picture.

Which appraisal and which history the decision will ask for is known only when what is sealed is
open, so it is expected: as it was when the device was last asked something, or else as it is for
most. What was expected wrongly is read again, and never used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.authentication.binding.rules import USABLE
from warifu.authentication.transaction.encoding import digest
from warifu.base.errors import Denied, Misuse, VerifierFault
from warifu.risk.decision.facts import Operation
from warifu.service.composition import Owner
from warifu.service.conduct.binding.keeping import BoundDevice, read_binding
from warifu.service.conduct.confirming.kept import Held, opened
from warifu.service.conduct.confirming.shown import read_shown
from warifu.service.conduct.decisions.laid import Laid
from warifu.service.conduct.evidence.appraisal import trust_digest
from warifu.service.conduct.evidence.standing import judged_since
from warifu.service.conduct.evidence.submission import FAILURES_COUNT_FOR
from warifu.service.conduct.memory import Memory
from warifu.service.conduct.registrations.registration import RegisteredApp, known, registered
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.sealing import owner_of, user_index_of
from warifu.service.store import confirming as store
from warifu.service.store.desk import Desk
from warifu.service.vault.rules import OPENS

if TYPE_CHECKING:
    from warifu.service.conduct.confirming.asked import TransactionRequest
    from warifu.service.conduct.work import Work
    from warifu.service.store.confirming import Answering, Expected

MAX_DEVICES_REMEMBERED = 20_000
ANY_DEVICE = ""
"""No device is called so: what was last expected of any."""


class Askable(Struct, frozen=True, kw_only=True):
    """Who is asked, and by which app."""

    owner: Owner
    app: RegisteredApp


class AnswerPicture(Struct, frozen=True, kw_only=True):
    """All that is read for an answer."""

    held: Held
    active: tuple[BoundDevice, ...]
    """Active bindings of the user on the device that was asked, by the app that was asked, oldest
    first."""
    found: Answering
    expected: Expected

    def laid(self, bound: BoundDevice) -> Laid:
        """For the decision, where it rests on the registration of a bound key alone."""
        found, standing = self.found, self.found.standings.get(bound.stored.id)
        wanted = None
        if standing is not None and standing.evidence == bound.kept.evidence:
            wanted = (standing.id, standing.document)
        return Laid(
            operation=self.expected.operation,
            policy=self.expected.policy,
            trust=self.expected.trust,
            desk=Desk(
                tenant_key=found.tenant_key,
                app=found.apps.get(bound.stored.app),
                governance=found.governance,
                challenge=None,
                device_key=found.device_key,
                device_seen=found.device_seen,
                key=None,
                standing=wanted,
                appraisal=None,
                history=found.history,
            ),
        )


def look_before_asking(work: Work, asked: TransactionRequest) -> Askable:
    """What asking needs.

    Raises:
        Misuse: ``request/known``.
        Denied: ``binding/usable`` where the device cannot answer for the user.
        VerifierFault: ``vault/opens``.
    """
    found = store.read_for_asking(
        work.house.database,
        work.tenant,
        app=asked.app,
        user_index=user_index_of(work, asked.user),
        device=asked.device,
    )
    app = registered(work.house, work.house.database, work.tenant, known(found.app))
    owner = owner_of(work, found.tenant_key)
    if asked.device is not None:
        if found.binding is None:
            raise Denied(USABLE, asked.device)
        if read_binding(work, owner, found.binding).stored.app != asked.app:
            raise Denied(USABLE, "bound for another app")
    return Askable(owner=owner, app=app)


def expect(work: Work, device: str | None, app: RegisteredApp, operation: Operation) -> None:
    """Remember what the decision about an answer by this device will ask for."""
    made = (operation, app.policy(operation).digest)
    _expected.keep((work.tenant, device or ANY_DEVICE), made)
    _expected.keep((work.tenant, ANY_DEVICE), made)


def look_at_answer(work: Work, wanted: str, *, device: str) -> AnswerPicture:
    """What an answer needs.

    Args:
        work: The request.
        wanted: The transaction's id.
        device: Which device is said to have answered.

    Raises:
        Misuse: ``request/known``.
        VerifierFault: ``vault/opens``, also where the row names another user, device or time.
    """
    expected = _expect(work, device)
    found = store.read_for_answer(work.house.database, work.tenant, wanted, expected)
    if found.transaction is None:
        raise Misuse(KNOWN, "transaction")
    held = opened(work, owner_of(work, found.tenant_key), found.transaction)
    asked = held.kept.asked
    if user_index_of(work, asked.user) != found.transaction.user_index:
        raise VerifierFault(OPENS, f"the transaction {wanted} is of another user")
    active = tuple(
        read_binding(work, held.owner, each) for each in found.bindings if each.app == asked.app
    )
    # Nobody can answer any more what an erasure renamed.
    if active:
        _require_as_sealed(held)
    return AnswerPicture(held=held, active=active, found=found, expected=expected)


def app_of(work: Work, picture: AnswerPicture, bound: BoundDevice) -> RegisteredApp:
    """The app that was asked, as it stands.

    Raises:
        Misuse: ``request/known``.
    """
    row = known(picture.found.apps.get(bound.stored.app))
    return registered(work.house, work.house.database, work.tenant, row)


def _require_as_sealed(held: Held) -> None:
    """Whoever writes to the database alone neither moves a question to his phone nor gives it time.

    Raises:
        VerifierFault: ``vault/opens``.
    """
    data, stored = held.kept.data, held.stored
    if data is None:
        return
    asked = read_shown(data)[0]
    said = (asked.device, asked.expires_at, digest(data))
    if said != (stored.device, stored.expires_at, stored.digest):
        raise VerifierFault(OPENS, f"the transaction {stored.id} is of another device or time")


def _expect(work: Work, device: str) -> Expected:
    operation, policy = (
        _expected.get((work.tenant, device))
        or _expected.get((work.tenant, ANY_DEVICE))
        or (Operation.TRANSFER, None)
    )
    return store.Expected(
        operation=operation,
        policy=policy,
        trust=_trust(work),
        refused_since=work.now - FAILURES_COUNT_FOR,
        judged_since=judged_since(work),
        now=work.now,
    )


def _trust(work: Work) -> str:
    """Nobody is kept from refusing where nothing is believed: then no appraisal is found."""
    try:
        return trust_digest(work.house.trust.now(work.now))
    except VerifierFault:
        return ""


_expected: Memory[tuple[str, str], tuple[Operation, str]] = Memory(MAX_DEVICES_REMEMBERED)
"""By tenant and device: the operation last asked of it, and the digest of its policy."""
