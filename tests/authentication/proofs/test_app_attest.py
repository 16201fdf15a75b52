"""App Attest over an answer: the answer is the client data, the counter goes up."""

from __future__ import annotations

from msgspec import structs

from tests.authentication.proofs.world import (
    EXPECTED,
    KEY,
    OK,
    PHONE,
    app_attest,
    bound_key,
    judge,
)
from tests.support import misuse, no_statement, refused
from warifu.attestation.evidence.rules import app_attest_assertion as app_attest_rules
from warifu.authentication.transaction.confirmation import Display, ProofKind
from warifu.base.codec import cbor
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import app_attest_proof

KIND = ProofKind.APP_ATTEST
WITHOUT_PIN = structs.replace(EXPECTED, user_verification=False)


def test_assertion_is_confirmed_with_its_counter() -> None:
    phone = AppAttestDevice(apple=PHONE.apple, key=PHONE.key, counter=6)
    bound = bound_key(KIND, counter=6)
    found = judge(app_attest_proof(OK, phone), KIND, bound=bound, expected=WITHOUT_PIN)
    assert found.counter == phone.counter
    assert found.display is Display.APPLICATION


def test_counter_that_goes_back_is_refused() -> None:
    with refused(app_attest_rules.COUNTER):
        judge(app_attest(OK), KIND, bound=bound_key(KIND, counter=1), expected=WITHOUT_PIN)


def test_key_without_a_counter_is_no_basis_for_a_statement() -> None:
    with no_statement(app_attest_rules.COUNTER):
        judge(app_attest(OK), KIND, bound=bound_key(KIND, counter=None), expected=WITHOUT_PIN)


def test_assertion_of_another_app_is_refused() -> None:
    with refused(app_attest_rules.APP):
        bound = bound_key(KIND, app="TEAM123456.com.evil")
        judge(app_attest(OK), KIND, bound=bound, expected=WITHOUT_PIN)


def test_assertion_over_another_request_is_refused() -> None:
    draft = AppAttestDevice(apple=PHONE.apple, key=PHONE.key).assertion(b'{"amount":1}')
    proof = cbor.encode_deterministic({1: OK, 2: draft.encode()})
    with refused(app_attest_rules.SIGNATURE):
        judge(proof, KIND, expected=WITHOUT_PIN)


def test_stored_key_of_another_curve_is_the_callers_fault() -> None:
    bound = bound_key(KIND, public_key=spki(new_key("p384")))
    with misuse(app_attest_rules.STORED_KEY):
        judge(app_attest(OK), KIND, bound=bound, expected=WITHOUT_PIN)


def test_flag_of_real_phones_is_counted() -> None:
    found = judge(app_attest(OK), KIND, expected=WITHOUT_PIN)
    names = [used.name for used in found.leniencies]
    assert names == [app_attest_rules.ATTESTED_FLAG_WITHOUT_DATA.name]


def test_proof_of_a_trusted_display_is_no_assertion() -> None:
    with refused(app_attest_rules.SIGNATURE):
        judge(app_attest(OK), KIND, bound=bound_key(KIND, public_key=spki(KEY)))
