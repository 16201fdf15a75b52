"""Every algorithm: registered, attested by itself, and used to sign in."""

import pytest

from tests.attestation.webauthn.world import verify
from tests.support import refused
from warifu.attestation.evidence.rules import webauthn as rules
from warifu.base.pki.cose import ALGORITHMS
from warifu.handset.webauthn import Authentication, CredentialKey, Registration
from warifu.handset.webauthn_statements import SelfStatement


@pytest.fixture(scope="module", params=sorted(ALGORITHMS), ids=lambda a: ALGORITHMS[a].name)
def key(request: pytest.FixtureRequest) -> CredentialKey:
    return CredentialKey(request.param)


def test_a_key_of_every_algorithm_registers_and_attests_itself(key: CredentialKey) -> None:
    claims = verify(Registration(key=key, statement=SelfStatement()))
    assert claims.key is not None
    assert claims.key.algorithm == ALGORITHMS[key.algorithm].name
    assert claims.key.public_key == key.spki()


def test_a_key_of_every_algorithm_signs_in(key: CredentialKey) -> None:
    claims = verify(Authentication(key=key))
    assert claims.key is not None
    assert claims.key.public_key == key.spki()


def test_a_changed_bit_of_every_signature_is_refused(key: CredentialKey) -> None:
    authentication = Authentication(key=key)
    key_that_errs = CredentialKey(key.algorithm, key.private)
    honest = key_that_errs.sign
    key_that_errs.sign = lambda message: _flipped(honest(message))  # type: ignore[method-assign]
    authentication.signing_key = key_that_errs
    with refused(rules.ASSERTION_SIGNATURE):
        verify(authentication)


def test_another_key_of_the_same_algorithm_is_refused(key: CredentialKey) -> None:
    with refused(rules.ASSERTION_SIGNATURE):
        verify(Authentication(key=key, signing_key=CredentialKey(key.algorithm)))


def _flipped(signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 1])
