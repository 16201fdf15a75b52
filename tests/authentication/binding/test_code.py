"""The app knows the bank by its code before it says a word."""

import base64
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authentication.binding.world import BANK_KEY, ID, LATE, NOW, VERIFIER, code, device
from tests.authentication.ceremony.support import denied
from tests.support import refused
from warifu.authentication.binding import rules
from warifu.authentication.binding.code import DOMAIN, MOST_CHARACTERS, PREFIX, Code, read_code
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki import sign1
from warifu.base.pki.signature import SIGNATURE
from warifu.base.secret import Secret

STRANGER = SoftwareSigner("EdDSA", Secret(sha256(b"a stranger").digest()))
P256_KEY = SoftwareSigner("ES256", Secret(sha256(b"the bank's other key").digest()))
PINNED = (BANK_KEY.public_key, P256_KEY.public_key)


def read(text: str, verifier: str = VERIFIER) -> Code:
    return read_code(text, keys=PINNED, verifier=verifier, now=NOW)


def signed(payload: object, signer: SoftwareSigner = BANK_KEY, *, key_id: bytes = b"") -> str:
    """A code with any payload, truly signed."""
    message = sign1.write_sign1(
        cbor.encode_deterministic(payload),
        algorithm=signer.algorithm,
        header={sign1.KEY_ID: key_id or sha256(signer.public_key).digest()[:8]},
        sign=signer.sign,
    )
    return PREFIX + base64.b32encode(message).rstrip(b"=").decode()


@pytest.mark.parametrize("signer", [BANK_KEY, P256_KEY], ids=lambda it: it.algorithm)
def test_a_code_of_a_pinned_key_is_read(signer: SoftwareSigner) -> None:
    assert read(code(signer)) == Code(
        activation=ID,
        verifier=VERIFIER,
        verifier_key=sha256(signer.public_key).digest(),
        expires_at=LATE,
    )


@pytest.mark.parametrize("signer", [BANK_KEY, P256_KEY], ids=lambda it: it.algorithm)
def test_another_reader_of_the_documents_reads_it_too(signer: SoftwareSigner) -> None:
    phone = device(pinned=signer.public_key)
    phone.scan(code(signer))
    assert phone.said == [DOMAIN, ID, VERIFIER, int(LATE.timestamp())]


def test_a_code_fits_into_a_qr_code_of_the_alphanumeric_set() -> None:
    text = code()
    assert len(text) < 300
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:")


def test_a_code_of_a_phishing_site_is_refused() -> None:
    with refused(rules.CODE_KEY):
        read(code(STRANGER))
    with pytest.raises(ValueError, match="pinned"):
        device().scan(code(STRANGER))


def test_a_strangers_signature_under_the_name_of_a_pinned_key_is_refused() -> None:
    payload = [DOMAIN, ID, VERIFIER, int(LATE.timestamp())]
    named = sha256(BANK_KEY.public_key).digest()[:8]
    with refused(SIGNATURE):
        read(signed(payload, STRANGER, key_id=named))


def test_a_pinned_key_with_another_algorithm_is_refused() -> None:
    payload = [DOMAIN, ID, VERIFIER, int(LATE.timestamp())]
    named = sha256(P256_KEY.public_key).digest()[:8]
    with refused(rules.CODE_KEY):
        read(signed(payload, BANK_KEY, key_id=named))


def test_a_code_replayed_at_another_verifier_is_refused() -> None:
    with refused(rules.CODE_VERIFIER):
        read(code(), verifier="other-bank.example")
    with pytest.raises(ValueError, match="another verifier"):
        device(verifier="other-bank.example").scan(code())


def test_an_expired_code_is_refused() -> None:
    read_code(code(), keys=PINNED, verifier=VERIFIER, now=LATE - timedelta(seconds=1))
    with denied(rules.IN_TIME):
        read_code(code(), keys=PINNED, verifier=VERIFIER, now=LATE)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        ["warifu-checkpoint-v1", ID, VERIFIER, 0],
        [DOMAIN, ID[1:], VERIFIER, 0],
        [DOMAIN, ID, VERIFIER, -1],
        [DOMAIN, ID, VERIFIER, 1 << 60],
        [DOMAIN, ID, VERIFIER, 0, 0],
        [DOMAIN, ID, VERIFIER, "0"],
    ],
)
def test_whatever_else_the_key_signed_is_no_code(payload: object) -> None:
    with refused(rules.CODE_FORM):
        read(signed(payload))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "WARIFU2:" + code().removeprefix(PREFIX),
        code().lower(),
        PREFIX + code().removeprefix(PREFIX).lower(),
        code() + "=",
        code() + "!",
        PREFIX + "あ",
        PREFIX + "A" * MOST_CHARACTERS,
        PREFIX + "MB",
    ],
)
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with refused(rules.CODE_FORM):
        read(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_refusal(data: bytes) -> None:
    with pytest.raises(WarifuError):
        read(PREFIX + base64.b32encode(data).rstrip(b"=").decode())


@given(st.text(max_size=40))
def test_any_text_is_a_refusal(text: str) -> None:
    with pytest.raises(WarifuError):
        read(PREFIX + text)
