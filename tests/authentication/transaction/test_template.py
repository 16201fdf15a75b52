"""Templates: what approves a transaction, and files that would make approval easier by a slip."""

import re

import msgspec
import pytest

from tests.authentication.ceremony.support import denied
from tests.authentication.transaction.cases import ASKED, ONE_OF_EACH, TRANSFER, changed
from tests.support import refused
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.answer import Answer, Reason, Verdict
from warifu.authentication.transaction.confirmation import (
    DISPLAYED_BY,
    Confirmation,
    Display,
    ProofKind,
)
from warifu.authentication.transaction.template import (
    MAX_BYTES,
    TEMPLATES,
    Step,
    Template,
    accept,
    read_templates,
    required_display,
    template_digest,
)
from warifu.authentication.transaction.value import Amount, Kind
from warifu.base.codec import toml

FILE = b"""
[transfer]
methods = ["secure-payment", "trusted-ui"]
display = "trusted-environment"
expiry-seconds = 120
hold-seconds = 60
buttons-swapped = true
steps = [
    { currency = "JPY", up-to = 1000, display = "browser" },
    { currency = "USD", up-to = 1000, display = "browser" },
]
"""


FALLING = """
[transfer]
steps = [
    { currency = "JPY", up-to = 2, display = "browser" },
    { currency = "JPY", up-to = 1, display = "application" },
]
"""


def confirmation(
    kind: ProofKind = ProofKind.WEBAUTHN,
    *,
    reason: Reason | None = None,
    user_verified: bool = True,
) -> Confirmation:
    verdict = Verdict.OK if reason is None else Verdict.NG
    return Confirmation(
        answer=Answer(digest=bytes(32), verdict=verdict, reason=reason),
        kind=kind,
        display=DISPLAYED_BY[kind],
        key=bytes(32),
        user_verified=user_verified,
        at=ASKED,
        proved=(),
    )


SMALL = changed(amount=Amount(minor=1_000_000, currency="JPY"))
LARGE = changed(amount=Amount(minor=1_000_001, currency="JPY"))


def test_a_display_that_is_enough_for_the_amount_approves() -> None:
    template = TEMPLATES[Kind.TRANSFER]
    for transaction, kind in (
        (SMALL, ProofKind.WEBAUTHN),
        (LARGE, ProofKind.SECURE_PAYMENT),
        (LARGE, ProofKind.TRUSTED_UI),
    ):
        answered = confirmation(kind)
        assert accept(template, transaction, answered) is answered


@pytest.mark.parametrize(
    "amount",
    [Amount(minor=1_000_001, currency="JPY"), Amount(minor=1, currency="USD")],
    ids=["above the step", "another currency"],
)
def test_a_weaker_display_is_a_downgrade(amount: Amount) -> None:
    with denied(rules.DISPLAY):
        accept(TEMPLATES[Kind.TRANSFER], changed(amount=amount), confirmation())


def test_an_approval_by_the_device_key_alone_is_refused_whatever_the_template_says() -> None:
    template = Template(methods=frozenset(ProofKind), display=Display.APPLICATION)
    with denied(rules.METHOD):
        accept(template, SMALL, confirmation(ProofKind.DEVICE_KEY))


def test_a_method_that_the_template_does_not_name_is_refused() -> None:
    template = Template(methods=frozenset({ProofKind.TRUSTED_UI}), display=Display.APPLICATION)
    with denied(rules.METHOD):
        accept(template, SMALL, confirmation())


def test_an_approval_without_pin_or_biometrics_is_refused() -> None:
    with denied(rules.USER_VERIFIED):
        accept(TEMPLATES[Kind.TRANSFER], SMALL, confirmation(user_verified=False))
    unasked = msgspec.structs.replace(TEMPLATES[Kind.TRANSFER], user_verified=False)
    answered = confirmation(user_verified=False)
    assert accept(unasked, SMALL, answered) is answered


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_needs_the_bound_key_only(reason: Reason) -> None:
    answered = confirmation(ProofKind.DEVICE_KEY, reason=reason, user_verified=False)
    assert accept(Template(methods=frozenset()), LARGE, answered) is answered


def test_every_kind_has_a_template_that_some_proof_meets() -> None:
    assert set(TEMPLATES) == set(Kind)
    for kind, template in TEMPLATES.items():
        answered = confirmation(ProofKind.TRUSTED_UI)
        assert accept(template, ONE_OF_EACH[kind], answered) is answered


def test_without_an_amount_the_template_speaks() -> None:
    template = Template(steps=(Step(currency="JPY", up_to=1, display=Display.APPLICATION),))
    assert required_display(template, None) is Display.TRUSTED_ENVIRONMENT
    assert required_display(template, Amount(minor=1, currency="JPY")) is Display.APPLICATION
    assert required_display(template, Amount(minor=2, currency="JPY")) is template.display


def test_a_file_replaces_the_kinds_that_it_has() -> None:
    read = read_templates(FILE)
    assert read[Kind.TRANSFER] == Template(
        methods=frozenset({ProofKind.SECURE_PAYMENT, ProofKind.TRUSTED_UI}),
        expiry_seconds=120,
        hold_seconds=60,
        buttons_swapped=True,
        steps=(
            Step(currency="JPY", up_to=1000, display=Display.BROWSER),
            Step(currency="USD", up_to=1000, display=Display.BROWSER),
        ),
    )
    assert read | {Kind.TRANSFER: TEMPLATES[Kind.TRANSFER]} == TEMPLATES
    assert read_templates(b"") == TEMPLATES


@pytest.mark.parametrize(
    "text",
    [
        "[transfers]",
        "transfer = 1",
        "[transfer]\nholdseconds = 1",
        "[transfer]\nhold-seconds = -1",
        "[transfer]\nhold-seconds = 1.5",
        "[transfer]\nexpiry-seconds = 86401",
        "[transfer]\ntries = 0",
        "[transfer]\nuser-verified = 'no'",
        "[transfer]\nmethods = []",
        "[transfer]\nmethods = ['device-key']",
        "[transfer]\nmethods = ['one-time-password']",
        "[transfer]\nmethods = ['webauthn']",
        "[transfer]\npushed = false",
        "[transfer]\nsteps = [{currency = 'XXX', up-to = 1, display = 'browser'}]",
        "[transfer]\nsteps = [{currency = 'JPY', up-to = 0, display = 'browser'}]",
        FALLING,
    ],
    ids=lambda text: re.sub(r"\W+", "-", text),
)
def test_a_slip_in_a_file_is_refused(text: str) -> None:
    with refused(rules.TEMPLATE):
        read_templates(text.encode())


def test_a_file_that_is_no_toml_is_refused() -> None:
    for data in (b"[", b"\xff", b" " * (MAX_BYTES + 1)):
        with refused(toml.WELL_FORMED):
            read_templates(data)


def test_a_digest_names_one_template() -> None:
    digests = {template_digest(template) for template in TEMPLATES.values()}
    assert len(digests) == len(TEMPLATES)
    assert template_digest(Template()) == template_digest(Template())
    assert template_digest(Template(tries=2)) != template_digest(Template())
    assert len(template_digest(TEMPLATES[TRANSFER.kind])) == 32
