"""How each kind of transaction is asked and what approves it: a template, kept as data.

A refusal needs the bound key alone, whatever the template says. What approves is the stronger the
larger the amount: steps say which display is enough up to which amount of one currency; above the
last step, and in every other currency, the template's own display holds.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.authentication.transaction import rules
from warifu.authentication.transaction.answer import Verdict
from warifu.authentication.transaction.confirmation import (
    CAN_APPROVE,
    DISPLAYED_BY,
    Confirmation,
    Display,
    ProofKind,
)
from warifu.authentication.transaction.currency import EXPONENTS, MAX_MINOR
from warifu.authentication.transaction.fields import MAX_WINDOW, MIN_WINDOW
from warifu.authentication.transaction.value import Amount, Kind, Transaction
from warifu.base.codec import cbor, toml
from warifu.base.errors import Denied, MalformedEvidence

MAX_BYTES = 16 << 10
MAX_TRIES = 10
MAX_HOLD_SECONDS = 7 * 86_400
MAX_STEPS = 8

_STRENGTH = {Display.APPLICATION: 1, Display.BROWSER: 2, Display.TRUSTED_ENVIRONMENT: 3}

Minor = Annotated[int, Meta(ge=1, le=MAX_MINOR)]
Window = Annotated[
    int, Meta(ge=int(MIN_WINDOW.total_seconds()), le=int(MAX_WINDOW.total_seconds()))
]
Tries = Annotated[int, Meta(ge=1, le=MAX_TRIES)]
Hold = Annotated[int, Meta(ge=0, le=MAX_HOLD_SECONDS)]


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """One table of a template file; names in TOML have hyphens."""


class Step(_Table, frozen=True, kw_only=True):
    """A display that is enough up to an amount, itself included."""

    currency: str
    up_to: Minor
    """In minor units."""
    display: Display


class Template(_Table, frozen=True, kw_only=True):
    """How transactions of one kind are asked."""

    methods: frozenset[ProofKind] = CAN_APPROVE
    """That may approve."""
    display: Display = Display.TRUSTED_ENVIRONMENT
    """The weakest that may have shown the text, where no step says otherwise."""
    steps: Annotated[tuple[Step, ...], Meta(max_length=MAX_STEPS)] = ()
    """Each of a larger amount than those before it in its currency; the first that fits holds."""
    user_verified: bool = True
    """An approval needs PIN or biometrics."""
    expiry_seconds: Window = 300
    tries: Tries = 3
    """Wrong answers before the transaction fails."""
    pushed: bool = True
    """May be sent to the device of a person who is known."""
    claimable: bool = False
    """May be asked without a person, to be claimed by QR or deep link."""
    hold_seconds: Hold = 0
    """Between approval and hand-off, when it can still be disowned."""
    buttons_swapped: bool = False
    """The app puts OK and NG in each other's place, against fingers that know the way."""
    blocked_during_call: bool = False
    """The app takes no approval while the person is on the telephone."""
    warning_first: bool = False
    """The app shows a warning of scams that must be moved aside first."""


Templates = dict[Kind, Template]

TEMPLATES: Templates = {
    Kind.TRANSFER: Template(
        display=Display.BROWSER,
        steps=(Step(currency="JPY", up_to=1_000_000, display=Display.APPLICATION),),
        claimable=True,
        blocked_during_call=True,
    ),
    Kind.LINK_ACCOUNT: Template(
        display=Display.APPLICATION,
        hold_seconds=3_600,
        blocked_during_call=True,
        warning_first=True,
    ),
    Kind.RAISE_LIMIT: Template(
        display=Display.APPLICATION,
        hold_seconds=86_400,
        buttons_swapped=True,
        blocked_during_call=True,
        warning_first=True,
    ),
    Kind.REGISTER_PAYEE: Template(display=Display.APPLICATION, blocked_during_call=True),
    Kind.SIGN_DOCUMENT: Template(display=Display.APPLICATION, expiry_seconds=1_800, claimable=True),
}
"""What holds where a bank says nothing."""


def required_display(template: Template, amount: Amount | None) -> Display:
    """The weakest display that is enough for `amount`."""
    if amount is not None:
        for step in template.steps:
            if step.currency == amount.currency and amount.minor <= step.up_to:
                return step.display
    return template.display


def accept(
    template: Template, transaction: Transaction, confirmation: Confirmation
) -> Confirmation:
    """Hold a proved answer to what the template asks of an approval. A refusal is always taken.

    Raises:
        Denied: ``transaction/method``, ``transaction/display``, ``transaction/user-verified``.
    """
    if confirmation.answer.verdict is Verdict.NG:
        return confirmation
    if confirmation.kind not in template.methods & CAN_APPROVE:
        raise Denied(rules.METHOD, confirmation.kind)
    required = required_display(template, transaction.amount)
    if _STRENGTH[confirmation.display] < _STRENGTH[required]:
        raise Denied(rules.DISPLAY, f"{confirmation.display}, {required} required")
    if template.user_verified and not confirmation.user_verified:
        raise Denied(rules.USER_VERIFIED)
    return confirmation


def read_templates(data: bytes) -> Templates:
    """Read a bank's templates: TOML with one table for each kind, such as ``[raise-limit]``.

    Returns:
        A template for every kind, the shipped one where the file has none.

    Raises:
        MalformedEvidence: ``toml/well-formed``, ``transaction/template``.
    """
    item = toml.decode(data, max_bytes=MAX_BYTES)
    try:
        read = msgspec.convert(item, Templates)
    except msgspec.ValidationError as error:
        raise MalformedEvidence(rules.TEMPLATE, str(error)[:200]) from error
    return complete(read)


def complete(templates: Templates) -> Templates:
    """Templates for every kind: the given ones, the shipped ones for the rest.

    Raises:
        MalformedEvidence: ``transaction/template``.
    """
    for kind, template in templates.items():
        _check(kind, template)
    return TEMPLATES | templates


def template_digest(template: Template) -> bytes:
    """SHA-256 of a template in deterministic CBOR, for the receipt."""
    plain = msgspec.to_builtins(template)
    plain["methods"] = sorted(plain["methods"])
    return sha256(cbor.encode_deterministic(plain)).digest()


def _check(kind: Kind, template: Template) -> None:
    if not template.methods or not template.methods <= CAN_APPROVE:
        raise MalformedEvidence(rules.TEMPLATE, f"{kind}: methods")
    if not template.pushed and not template.claimable:
        raise MalformedEvidence(rules.TEMPLATE, f"{kind}: neither pushed nor claimable")
    strongest = max(_STRENGTH[DISPLAYED_BY[method]] for method in template.methods)
    displays = {template.display, *(step.display for step in template.steps)}
    if any(_STRENGTH[display] > strongest for display in displays):
        raise MalformedEvidence(rules.TEMPLATE, f"{kind}: no method has such a display")
    reached: dict[str, int] = {}
    for step in template.steps:
        if step.currency not in EXPONENTS or step.up_to <= reached.get(step.currency, 0):
            raise MalformedEvidence(rules.TEMPLATE, f"{kind}: steps")
        reached[step.currency] = step.up_to
