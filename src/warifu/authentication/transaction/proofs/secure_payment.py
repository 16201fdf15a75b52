"""Secure Payment Confirmation: the browser displayed amount and payee, out of the page's reach.

A WebAuthn assertion of another type whose client data has one more member, `payment`. The origin in
it is whoever called the browser, which may be a merchant; what the person saw is in `payment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.authentication.transaction.encoding import decode
from warifu.authentication.transaction.proofs import rules
from warifu.authentication.transaction.proofs.assertion import (
    BROWSER_SIGNATURE,
    CLIENT_DATA,
    Asked,
    check_assertion,
)
from warifu.authentication.transaction.proofs.evidence import Proved
from warifu.authentication.transaction.proofs.payment import check_payment, read_payment
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.pki.cose import read_key
from warifu.base.pki.signature import check_signature

if TYPE_CHECKING:
    from warifu.authentication.transaction.proofs.evidence import Question
    from warifu.base.rule import Rule


def verify(proof: bytes, question: Question) -> Proved:
    """Verify an assertion of a payment and every member that the browser signed with it.

    Raises:
        BadEvidence: As `check_assertion`, or ``secure-payment/*``.
        Misuse: ``usage/payment-expected``, ``usage/bound-key``.
    """
    expected = question.expected.payment
    if expected is None:
        raise Misuse(rules.PAYMENT_EXPECTED)
    # Step 1: WebAuthn §7.2 steps 3 to 21, with another type. A frame is taken only below the page
    # that was expected.
    asked = Asked(
        ceremony="payment.get",
        top_origins=(expected.top_origin,),
        optional=frozenset({BROWSER_SIGNATURE}),
    )
    parts, proved = check_assertion(proof, asked, question)
    # Step 2: what the person saw is what the transaction says.
    payment = read_payment(parts[CLIENT_DATA])
    check_payment(payment, decode(question.transaction), question.bound.app, expected)
    # Step 3: in the browser that was enrolled.
    more = _check_browser(
        payment.browser_bound_key,
        expected.browser_bound_key,
        parts.get(BROWSER_SIGNATURE),
        parts[CLIENT_DATA],
    )
    return Proved(
        answer=proved.answer,
        user_verified=proved.user_verified,
        counter=proved.counter,
        rules=(*proved.rules, *rules.SECURE_PAYMENT, *more),
        leniencies=proved.leniencies,
    )


def _check_browser(
    named: str | None, stored: bytes | None, signature: bytes | None, client_data: bytes
) -> tuple[Rule, ...]:
    """The browser's own key, which does not leave the device as a passkey may.

    Returns:
        The rule, where it is proved that this is the browser that was enrolled.
    """
    if (named is None) != (signature is None):
        raise MalformedEvidence(rules.BROWSER_BOUND_KEY, "a key without signature, or the reverse")
    if named is None or signature is None:
        if stored is not None:
            raise BadEvidence(rules.BROWSER_BOUND_KEY, "none named")
        return ()
    encoded = text.from_base64url(named)
    if stored is not None and encoded != stored:
        raise BadEvidence(rules.BROWSER_BOUND_KEY, "another than the one stored")
    key = read_key(encoded)
    try:
        check_signature(key.scheme, key.key, signature, client_data)
    except BadEvidence as error:
        raise BadEvidence(rules.BROWSER_BOUND_KEY, error.detail) from error
    return () if stored is None else (rules.BROWSER_BOUND_KEY,)
