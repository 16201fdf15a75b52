"""Leaves about what has no receipt: late answers, "this was not me", cancellation, expiry.

Each is written in the commit of what it tells of. What opens its commitments is sealed there, with
the answer or the case, and goes with it when that is forgotten.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from warifu.authentication.ledger.leaf import LeafKind
from warifu.authentication.receipt.parts import Outcome, outcome_bytes
from warifu.authentication.transaction.template import template_digest
from warifu.service.conduct.books.leaves import KeptLeaf, make_kept_leaf

if TYPE_CHECKING:
    from warifu.authentication.transaction.states import State
    from warifu.service.conduct.confirming.kept import Held, KeptAnswer
    from warifu.service.conduct.work import Work

NO_DECISION = "none"
"""No rule set was asked."""


def late_answer_leaf(work: Work, held: Held, proof: bytes) -> KeptLeaf:
    """An answer came too late.

    Args:
        work: The request.
        held: The transaction.
        proof: The answer as it was received.
    """
    values = {**_about(held), "proof": sha256(proof).digest()}
    return make_kept_leaf(work, LeafKind.LATE_ANSWER, values=values)


def not_me_leaf(work: Work, held: Held, case: str) -> KeptLeaf:
    """Somebody disowned a transaction, which opened a case."""
    return make_kept_leaf(work, LeafKind.NOT_ME, values={**_about(held), "case": case.encode()})


def ended_leaf(
    work: Work, held: Held, *, state: State, said: KeptAnswer, code: str | None = None
) -> KeptLeaf | None:
    """A transaction ended without an answer that counts; None where no device ever had it.

    Args:
        work: The request.
        held: The transaction.
        state: In which it ended.
        said: What the person had answered until then.
        code: The rule by which it ended.
    """
    digest = held.stored.digest
    if digest is None:
        return None
    outcome = Outcome(
        transaction=digest,
        template=template_digest(held.kept.template),
        state=state,
        verdict=said.verdict,
        reason=said.reason,
        decision=NO_DECISION,
        reasons=() if code is None else (code,),
        rule_set=sha256(b"").digest(),
        at=work.now,
    )
    values = {**_about(held), "outcome": outcome_bytes(outcome)}
    if held.stored.device is not None:
        values["device"] = held.stored.device.encode()
    return make_kept_leaf(work, LeafKind.CONFIRMATION, values=values)


def _about(held: Held) -> dict[str, bytes]:
    return {"user": held.kept.asked.user.encode(), "transaction": held.stored.digest or b""}
