"""What our keys sign verifies elsewhere, and nothing shows their private values."""

import copy
import logging
import os
import pickle
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.support import misuse
from warifu.base.keys import signer as rules
from warifu.base.keys.signer import ALGORITHMS, SoftwareSigner
from warifu.base.pki import signature
from warifu.base.secret import Secret

P256_ORDER = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_verifies_under_the_public_key(algorithm: str) -> None:
    signer = SoftwareSigner.generate(algorithm, os.urandom)
    key = signature.load_public_key(signer.public_key)
    for n in range(64):
        raw = signer.sign(b"message %d" % n)
        assert len(raw) == 64
        if algorithm == "ES256":
            r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
            raw = encode_dss_signature(r, s)
        scheme = signature.ECDSA_SHA256 if algorithm == "ES256" else signature.ED25519
        signature.check_signature(scheme, key, raw, b"message %d" % n)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_comes_again_from_its_private_value(algorithm: str) -> None:
    first = SoftwareSigner.generate(algorithm, os.urandom)
    again = SoftwareSigner(algorithm, first.private())
    assert (again.key_id, again.public_key) == (first.key_id, first.public_key)


@pytest.mark.parametrize("algorithm", ["RS256", "none", "", "es256"])
def test_no_other_algorithm_signs(algorithm: str) -> None:
    with misuse(rules.ALGORITHM):
        SoftwareSigner.generate(algorithm, os.urandom)


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [
        ("ES256", bytes(32)),
        ("ES256", P256_ORDER),
        ("ES256", b"\1" * 33),
        ("ES256", b"\1" * 31),
        ("EdDSA", b"\1" * 31),
        ("EdDSA", b""),
    ],
)
def test_a_private_value_that_is_none_is_refused(algorithm: str, private: bytes) -> None:
    with misuse(rules.ALGORITHM):
        SoftwareSigner(algorithm, Secret(private))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_value_shows_nowhere(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    private = sha256(b"private").digest()
    signer = SoftwareSigner(algorithm, Secret(private))
    logging.getLogger("test").error("%s %r %s", signer, [signer], signer.private())
    shown = caplog.text + repr(signer) + str(signer) + f"{signer}"
    for spelling in (private.hex(), repr(private), str(int.from_bytes(private, "big"))):
        assert spelling not in shown
    assert signer.key_id in shown
    with pytest.raises(TypeError, match=r"pickle|slots"):
        pickle.dumps(signer)
    with pytest.raises(TypeError, match=r"pickle|copied"):
        copy.deepcopy(signer)


def test_an_error_does_not_carry_the_private_value() -> None:
    with pytest.raises(Exception, match="keys/algorithm") as caught:
        SoftwareSigner("ES256", Secret(P256_ORDER))
    assert caught.value.__cause__ is None
    assert P256_ORDER.hex() not in str(caught.value)
