"""A relay and the legacy one-time password; the same relay and what this project accepts."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.authentication.user.test_passkey import assertion, verify
from tests.support import refused
from warifu.attestation.evidence.rules import webauthn as webauthn_rules
from warifu.lab.one_time_password import LegacyBank, PhishingPage, Token

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
REACHED = """
import pkgutil, sys, importlib
import warifu.service, warifu.authentication, warifu.attestation, warifu.risk
for room in (warifu.service, warifu.authentication, warifu.attestation, warifu.risk):
    for entry in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        if "migrations.versions" not in entry.name:
            importlib.import_module(entry.name)
print([name for name in sys.modules if name.startswith(("warifu.lab", "warifu.handset"))])
print([name for name in sys.modules if "twofactor" in name])
"""


@pytest.mark.parametrize(
    ("seconds", "password"), [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
)
def test_the_passwords_are_those_of_the_standard(seconds: int, password: str) -> None:
    """RFC 6238 appendix B, the last six digits."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    assert Token(secret=b"12345678901234567890").password(at) == password


def test_a_phishing_page_that_relays_a_one_time_password_is_let_in() -> None:
    token = Token()
    page = PhishingPage(bank=LegacyBank(token=token))
    page.typed(token.password(NOW), NOW)
    assert len(page.sessions) == 1
    # The customer's own try comes too late: the step is used.
    assert page.bank.log_in(token.password(NOW), NOW) is None


def test_a_one_time_password_is_good_once_and_for_half_a_minute() -> None:
    token = Token()
    bank = LegacyBank(token=token)
    password = token.password(NOW)
    assert bank.log_in(password, NOW + timedelta(seconds=30)) is None
    assert bank.log_in(password, NOW) is not None
    assert bank.log_in(password, NOW) is None


def test_the_same_page_that_relays_a_passkeys_answer_is_refused() -> None:
    """The browser writes where it was asked into what the key signs."""
    with refused(webauthn_rules.ORIGIN):
        verify(assertion(origin="https://bank.example.phish.example"))


def test_what_serves_customers_reaches_no_one_time_password() -> None:
    run = subprocess.run(
        [sys.executable, "-c", REACHED], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.split() == ["[]", "[]"]
