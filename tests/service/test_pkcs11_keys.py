"""Keys in a token: they sign like any other, and nothing else passes for them."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.service.softhsm import PIN, SoftHsm, softhsm
from tests.support import misuse, no_statement
from warifu.base.errors import Misuse
from warifu.base.keys import ring as ring_rules
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRecord, KeyRing
from warifu.base.keys.sealed import LEAST
from warifu.base.keys.signer import Signer, SoftwareSigner
from warifu.base.pki import signature
from warifu.base.secret import Secret
from warifu.service import key_rules as rules
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.adapters.pkcs11_keys import Token, TokenSigner, read_token_configuration

__all__ = ["softhsm"]

pkcs11 = pytest.importorskip("pkcs11", reason="the extra warifu[pkcs11] is not installed")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PASSPHRASE = Secret(b"correct horse battery staple")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def token(softhsm: SoftHsm, folder: Path) -> Iterator[Token]:
    token = Token(read_token_configuration(softhsm.configuration(folder)))
    yield token
    if token._session:
        token._session.close()


def record_of(signer: Signer) -> KeyRecord:
    ring = KeyRing().rotate(KeyPurpose.EAR, signer, custody=Custody.TOKEN, now=NOW)
    return ring.records[0]


def verify(public_key: bytes, raw: bytes, message: bytes) -> None:
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    key = signature.load_public_key(public_key)
    signature.check_signature(signature.ECDSA_SHA256, key, encode_dss_signature(r, s), message)


def test_a_token_signs_es256(token: Token) -> None:
    signer = token.generate()
    for n in range(32):
        raw = signer.sign(b"message %d" % n)
        assert len(raw) == 64
        verify(signer.public_key, raw, b"message %d" % n)


def test_a_key_on_record_is_found_again(token: Token) -> None:
    made = [token.generate() for _ in range(3)]
    found = token.signer(record_of(made[1]))
    assert (found.key_id, found.algorithm) == (made[1].key_id, "ES256")
    verify(made[1].public_key, found.sign(b"message"), b"message")


def test_a_private_key_never_leaves_the_token(token: Token) -> None:
    signer = token.generate()
    signer.sign(b"message")
    private = token._found[signer.public_key]
    assert private[pkcs11.Attribute.NEVER_EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        private[pkcs11.Attribute.VALUE]


def test_a_token_rotates_like_a_file(token: Token, folder: Path) -> None:
    directory = KeyDirectory(folder / "keys", PASSPHRASE, token=token, derivation=LEAST)

    def add(ring: KeyRing) -> KeyRing:
        return ring.rotate(KeyPurpose.EAR, token.generate(), custody=Custody.TOKEN, now=NOW)

    directory.create(add)
    directory.change(add, now=NOW)
    ring = directory.ring(now=NOW)
    before = ring.signer(KeyPurpose.EAR, NOW)
    after = ring.signer(KeyPurpose.EAR, NOW + timedelta(days=1))
    assert before.key_id != after.key_id
    for signer in (before, after):
        verify(signer.public_key, signer.sign(b"message"), b"message")
    without = KeyDirectory(folder / "keys", PASSPHRASE).ring(now=NOW)
    with no_statement(ring_rules.NO_SIGNER):
        without.signer(KeyPurpose.EAR, NOW)


def test_a_token_that_lost_its_session_is_asked_again(token: Token) -> None:
    signer = token.generate()
    signer.sign(b"before")
    assert token._session is not None
    token._session.close()
    verify(signer.public_key, signer.sign(b"after"), b"after")


def test_a_key_of_another_token_is_not_on_record(token: Token) -> None:
    stranger = SoftwareSigner.generate("ES256", os.urandom)
    with no_statement(rules.TOKEN_KEY):
        token.signer(record_of(stranger))


def test_a_record_of_another_kind_is_not_in_the_token(token: Token) -> None:
    stranger = SoftwareSigner.generate("EdDSA", os.urandom)
    with no_statement(rules.TOKEN_KEY):
        token.signer(record_of(stranger))


def test_a_key_that_can_be_extracted_is_refused(token: Token) -> None:
    public = _pair(token, sensitive=False)
    with no_statement(rules.TOKEN_KEY):
        token.signer(record_of(TokenSigner(token, public)))


def test_a_key_put_in_the_place_of_ours_is_refused(token: Token) -> None:
    ours = SoftwareSigner.generate("ES256", os.urandom)
    identifier = os.urandom(16)
    _pair(token, identifier=identifier)
    attribute = pkcs11.Attribute
    with token._use() as session:
        session.create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY,
                attribute.KEY_TYPE: pkcs11.KeyType.EC,
                attribute.EC_PARAMS: _curve(),
                attribute.EC_POINT: b"\x04\x41" + ours.public_key[-65:],
                attribute.ID: identifier,
                attribute.TOKEN: True,
            }
        )
    with no_statement(rules.TOKEN_KEY):
        token.signer(record_of(ours))


def test_a_token_holds_es256_only(token: Token) -> None:
    with misuse(rules.TOKEN_ALGORITHM):
        token.generate("EdDSA")


@pytest.mark.parametrize(
    "fields", [{"label": "nobody"}, {"module": "/nowhere.so"}, {"module": "/etc/hostname"}]
)
def test_a_token_that_is_not_there_makes_no_statement(
    softhsm: SoftHsm, folder: Path, fields: dict[str, str]
) -> None:
    token = Token(read_token_configuration(softhsm.configuration(folder, **fields)))
    with no_statement(rules.TOKEN):
        token.generate()


def test_a_wrong_pin_is_not_told_on(
    softhsm: SoftHsm, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "a-wrong-pin-1234"
    path = softhsm.configuration(folder, pin=wrong, label="another")
    configuration = read_token_configuration(path)
    with pytest.raises(Exception, match="keys/token") as caught:
        Token(configuration).generate()
    shown = f"{caught.value!r} {caught.value} {caplog.text} {configuration}"
    assert wrong not in shown
    assert caught.value.__cause__ is None


def test_a_wrong_pin_is_tried_once_and_does_not_lock_the_token(
    softhsm: SoftHsm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = softhsm.configuration(folder, pin="a-wrong-pin-1234", label="another")
    token = Token(read_token_configuration(path))
    signer = TokenSigner(token, SoftwareSigner.generate("ES256", os.urandom).public_key)
    asked: list[str] = []
    lib = pkcs11.lib

    def load(module: str) -> object:
        asked.append(module)
        return lib(module)

    monkeypatch.setattr(pkcs11, "lib", load)
    for _ in range(3):
        with no_statement(rules.TOKEN):
            signer.sign(b"message")
    assert len(asked) == 1


def test_the_pin_shows_nowhere(token: Token) -> None:
    signer = token.generate()
    assert PIN not in f"{token!r} {token._configuration!r} {signer!r} {vars(token)}"


@pytest.mark.parametrize(
    "content",
    ["", "module = 1\n", "not toml", 'module = "a"\nlabel = "b"\n', "\xff"],
)
def test_a_configuration_of_another_form_is_refused(folder: Path, content: str) -> None:
    path = folder / "token.toml"
    path.write_bytes(content.encode("latin-1"))
    path.chmod(0o600)
    with misuse(rules.TOKEN_CONFIGURATION):
        read_token_configuration(path)


def test_a_pin_that_is_no_text_is_refused_and_not_shown(folder: Path) -> None:
    path = SoftHsm(Path("/nowhere.so")).configuration(folder)
    (folder / "pin").write_bytes(b"hidden\xff")
    with pytest.raises(Misuse) as caught:
        read_token_configuration(path)
    assert caught.value.code == rules.TOKEN_CONFIGURATION.code
    assert caught.value.__cause__ is None
    assert "hidden" not in str(caught.value)


def test_a_pin_that_others_can_read_is_refused(folder: Path) -> None:
    path = SoftHsm(Path("/nowhere.so")).configuration(folder)
    (folder / "pin").chmod(0o644)
    with misuse(rules.PRIVATE):
        read_token_configuration(path)


def test_without_the_extra_a_person_is_told_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = read_token_configuration(SoftHsm(Path("/nowhere.so")).configuration(folder))
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with misuse(rules.TOKEN_SUPPORT):
        Token(configuration)


def _curve() -> bytes:
    from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415

    return bytes(encode_named_curve_parameters("secp256r1"))


def _pair(token: Token, *, sensitive: bool = True, identifier: bytes | None = None) -> bytes:
    """A key pair somebody else made; its public key."""
    attribute: Any = pkcs11.Attribute
    with token._use() as session:
        domain = session.create_domain_parameters(
            pkcs11.KeyType.EC, {attribute.EC_PARAMS: _curve()}, local=True
        )
        public, _ = domain.generate_keypair(
            store=True,
            id=identifier or os.urandom(16),
            private_template={
                attribute.SENSITIVE: sensitive,
                attribute.EXTRACTABLE: not sensitive,
            },
        )
        prefix = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
        return prefix + bytes(public[attribute.EC_POINT])[2:]
