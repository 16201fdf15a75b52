"""Keys and signatures: confusion, forgery, weak keys and keys made to be slow."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    mldsa,
    padding,
    rsa,
    x25519,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.support import refused
from warifu.base.errors import BadEvidence
from warifu.base.pki import memory, signature
from warifu.base.pki.certificate import read_certificate
from warifu.base.pki.signature import check_issued, check_signature, load_public_key
from warifu.handset import der_writer as w
from warifu.handset.authority import ECDSA_SHA256, Authority, CertificateDraft, name, new_key, spki

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.pki.signature import Scheme

MESSAGE = b"what is signed"
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)


def public(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def rsa_spki(modulus: int, exponent: int) -> bytes:
    return w.sequence(
        w.sequence(w.oid("1.2.840.113549.1.1.1"), w.null()),
        w.bit_string(w.sequence(w.integer(modulus), w.integer(exponent))),
    )


def ecdsa(digest: hashes.HashAlgorithm) -> Callable[[], tuple[object, bytes]]:
    return lambda: (P256, P256.sign(MESSAGE, ec.ECDSA(digest)))


def pkcs1(digest: hashes.HashAlgorithm) -> Callable[[], tuple[object, bytes]]:
    return lambda: (RSA, RSA.sign(MESSAGE, padding.PKCS1v15(), digest))


def pss(digest: hashes.HashAlgorithm) -> Callable[[], tuple[object, bytes]]:
    mode = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return lambda: (RSA, RSA.sign(MESSAGE, mode, digest))


def pure(key: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) -> tuple[object, bytes]:
    return key, key.sign(MESSAGE)


def ml_dsa(kind: type) -> Callable[[], tuple[object, bytes]]:
    def make() -> tuple[object, bytes]:
        key = kind.generate()  # type: ignore[attr-defined]
        return key, key.sign(MESSAGE)

    return make


CASES: list[tuple[Scheme, Callable[[], tuple[object, bytes]]]] = [
    (signature.ECDSA_SHA256, ecdsa(hashes.SHA256())),
    (signature.ECDSA_SHA384, ecdsa(hashes.SHA384())),
    (signature.ECDSA_SHA512, ecdsa(hashes.SHA512())),
    (signature.RSA_SHA1, pkcs1(hashes.SHA1())),  # noqa: S303 - for tpm statements only
    (signature.RSA_SHA256, pkcs1(hashes.SHA256())),
    (signature.RSA_SHA384, pkcs1(hashes.SHA384())),
    (signature.RSA_SHA512, pkcs1(hashes.SHA512())),
    (signature.RSA_PSS_SHA256, pss(hashes.SHA256())),
    (signature.RSA_PSS_SHA384, pss(hashes.SHA384())),
    (signature.RSA_PSS_SHA512, pss(hashes.SHA512())),
    (signature.ED25519, lambda: pure(ed25519.Ed25519PrivateKey.generate())),
    (signature.ED448, lambda: pure(ed448.Ed448PrivateKey.generate())),
    (signature.ML_DSA_44, ml_dsa(mldsa.MLDSA44PrivateKey)),
    (signature.ML_DSA_65, ml_dsa(mldsa.MLDSA65PrivateKey)),
    (signature.ML_DSA_87, ml_dsa(mldsa.MLDSA87PrivateKey)),
]
every_scheme = pytest.mark.parametrize(("scheme", "make"), CASES, ids=[c[0].name for c in CASES])


@every_scheme
def test_honest_signature_verifies(
    scheme: Scheme, make: Callable[[], tuple[object, bytes]]
) -> None:
    key, signed = make()
    check_signature(scheme, load_public_key(public(key)), signed, MESSAGE)


@every_scheme
def test_altered_message_is_refused(
    scheme: Scheme, make: Callable[[], tuple[object, bytes]]
) -> None:
    key, signed = make()
    with refused(signature.SIGNATURE):
        check_signature(scheme, load_public_key(public(key)), signed, MESSAGE + b".")


@every_scheme
@pytest.mark.parametrize("forged", [b"", b"\x00", b"\x30\x00", b"\xff" * 256, bytes(256)])
def test_forged_signature_is_refused(
    scheme: Scheme, make: Callable[[], tuple[object, bytes]], forged: bytes
) -> None:
    key, _ = make()
    with refused(signature.SIGNATURE):
        check_signature(scheme, load_public_key(public(key)), forged, MESSAGE)


@every_scheme
def test_key_of_another_kind_is_refused(
    scheme: Scheme, make: Callable[[], tuple[object, bytes]]
) -> None:
    other = load_public_key(public(RSA if scheme.key_type is not rsa.RSAPublicKey else P256))
    _, signed = make()
    with refused(signature.ALGORITHM):
        check_signature(scheme, other, signed, MESSAGE)


def test_signature_under_another_digest_is_refused() -> None:
    key, signed = ecdsa(hashes.SHA256())()
    with refused(signature.SIGNATURE):
        check_signature(signature.ECDSA_SHA512, load_public_key(public(key)), signed, MESSAGE)


def test_zero_signature_is_refused() -> None:
    zero = w.sequence(w.integer(0), w.integer(0))
    with refused(signature.SIGNATURE):
        check_signature(signature.ECDSA_SHA256, load_public_key(public(P256)), zero, MESSAGE)


def test_curve_fixed_by_the_scheme_is_held_to() -> None:
    scheme = signature.Scheme(
        "esp256",
        signature.Kind.ECDSA,
        ec.EllipticCurvePublicKey,
        hashes.SHA256(),
        ec.SECP256R1,
    )
    check_signature(
        scheme, P256.public_key(), P256.sign(MESSAGE, ec.ECDSA(hashes.SHA256())), MESSAGE
    )
    signed = P384.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    with refused(signature.ALGORITHM):
        check_signature(scheme, P384.public_key(), signed, MESSAGE)


def test_oversized_signature_is_refused_unread() -> None:
    with refused(signature.SIGNATURE):
        check_signature(
            signature.RSA_SHA256, RSA.public_key(), bytes(signature.MAX_SIGNATURE_BYTES + 1), b""
        )


def test_salt_longer_than_a_weak_key_can_hold_is_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - weak on purpose
    with refused(signature.SIGNATURE):
        check_signature(signature.RSA_PSS_SHA512, weak, bytes(128), MESSAGE)


def test_algorithm_that_the_platform_lacks_is_no_crash() -> None:
    class Lacking(ed25519.Ed25519PublicKey):
        def verify(self, *_: object) -> None:
            raise UnsupportedAlgorithm("not here")

        def public_bytes(self, *_: object) -> bytes:
            raise NotImplementedError

        def public_bytes_raw(self) -> bytes:
            raise NotImplementedError

        def __eq__(self, other: object) -> bool:
            return self is other

        def __copy__(self) -> ed25519.Ed25519PublicKey:
            return self

        def __deepcopy__(self, memo: object) -> ed25519.Ed25519PublicKey:
            return self

        __hash__ = None  # type: ignore[assignment]

    with refused(signature.SIGNATURE):
        check_signature(signature.ED25519, Lacking(), bytes(64), MESSAGE)


class TestKeys:
    @pytest.mark.parametrize("bits", [1024, 3072])
    def test_rsa_of_ordinary_size_is_loaded(self, bits: int) -> None:
        load_public_key(public(rsa.generate_private_key(65537, bits)))

    def test_rsa_of_the_largest_size_is_loaded(self) -> None:
        load_public_key(rsa_spki((1 << (signature.MAX_RSA_BITS - 1)) | 1, 65537))

    @pytest.mark.parametrize("bits", [512, 1016, 8200, 16384])
    def test_rsa_that_is_weak_or_made_to_be_slow_is_refused(self, bits: int) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(rsa_spki((1 << (bits - 1)) | 1, 65537))

    @pytest.mark.parametrize("exponent", [0, 1, 2, 4])
    def test_exponent_under_which_anything_verifies_is_refused(self, exponent: int) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(rsa_spki(RSA.public_key().public_numbers().n, exponent))

    @pytest.mark.parametrize(
        "curve", [ec.SECP224R1(), ec.SECP256K1(), ec.SECP521R1(), ec.BrainpoolP256R1()]
    )
    def test_sound_curves_are_loaded(self, curve: ec.EllipticCurve) -> None:
        load_public_key(public(ec.generate_private_key(curve)))

    def test_weak_curve_is_refused(self) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(public(ec.generate_private_key(ec.SECP192R1())))

    def test_point_that_is_not_on_the_curve_is_refused(self) -> None:
        encoded = public(P256)
        with refused(signature.PUBLIC_KEY):
            load_public_key(encoded[:-1] + bytes([encoded[-1] ^ 1]))

    def test_keys_that_do_not_sign_are_refused(self) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(public(x25519.X25519PrivateKey.generate()))

    def test_dsa_is_refused(self) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(public(dsa.generate_private_key(2048)))

    def test_oversized_key_is_refused_unread(self) -> None:
        with refused(signature.PUBLIC_KEY):
            load_public_key(bytes(signature.MAX_PUBLIC_KEY_BYTES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_key_or_one_error(data: bytes) -> None:
    with suppress(BadEvidence):
        load_public_key(data)


@given(st.sampled_from([public(P256), public(RSA)]), st.data())
def test_any_changed_byte_gives_a_key_or_one_error(encoded: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(encoded) - 1))
    value = data.draw(st.integers(0, 255))
    with suppress(BadEvidence):
        load_public_key(encoded[:position] + bytes([value]) + encoded[position + 1 :])


class TestCertificates:
    ROOT = Authority.root()

    @pytest.mark.parametrize("kind", ["p256", "p384", "p521", "rsa2048", "ed25519"])
    def test_issued_certificate_verifies(self, kind: str) -> None:
        root = Authority.root(key=new_key(kind))
        check_issued(read_certificate(root.certificate), load_public_key(spki(root.key)))

    @pytest.mark.parametrize(
        "dotted", ["1.2.840.113549.1.1.5", "1.2.840.10045.4.1", "1.2.840.113549.1.1.4", "1.2.3"]
    )
    def test_certificate_signed_with_a_retired_or_unknown_algorithm_is_refused(
        self, dotted: str
    ) -> None:
        draft = CertificateDraft(
            subject=name("Leaf"),
            issuer=self.ROOT.subject,
            public_key=spki(new_key()),
            signature_algorithm=w.sequence(w.oid(dotted), w.null()),
        )
        child = read_certificate(draft.sign(self.ROOT.key))
        with refused(signature.ALGORITHM):
            check_issued(child, load_public_key(spki(self.ROOT.key)))

    def test_algorithm_of_another_key_kind_is_refused(self) -> None:
        draft = self.ROOT.draft(name("Leaf"), spki(new_key()))
        draft.signature_algorithm = w.sequence(w.oid("1.2.840.113549.1.1.11"), w.null())
        with refused(signature.ALGORITHM):
            check_issued(
                read_certificate(self.ROOT.issue(draft)), load_public_key(spki(self.ROOT.key))
            )


class TestMemory:
    ROOT = Authority.root()

    def test_what_is_remembered_equals_what_is_read(self) -> None:
        data = self.ROOT.certificate
        assert memory.read_authority(data) == read_certificate(data)
        assert memory.read_authority(data) is memory.read_authority(bytes(bytearray(data)))

    def test_base64_of_an_authority_is_decoded_once(self) -> None:
        body = base64.encodebytes(self.ROOT.certificate)
        first = memory.read_armoured_authority(body)
        assert first == read_certificate(self.ROOT.certificate)
        assert memory.read_armoured_authority(bytes(bytearray(body))) is first
        memory.forget_everything()
        assert memory.read_armoured_authority(body) is not first

    def test_long_base64_is_read_but_not_kept(self) -> None:
        body = base64.encodebytes(self.ROOT.certificate) + b"\n" * memory.MAX_REMEMBERED_BYTES
        held = memory._read_armoured.cache_info().currsize
        assert memory.read_armoured_authority(body) == read_certificate(self.ROOT.certificate)
        assert memory._read_armoured.cache_info().currsize == held

    def test_key_is_loaded_once(self) -> None:
        encoded = spki(self.ROOT.key)
        assert memory.load_authority_key(encoded) is memory.load_authority_key(encoded)

    def test_forgetting_empties_the_memory(self) -> None:
        first = memory.read_authority(self.ROOT.certificate)
        memory.forget_everything()
        assert memory.read_authority(self.ROOT.certificate) is not first

    def test_large_items_are_judged_but_not_kept(self) -> None:
        draft = self.ROOT.draft(name("Large"), spki(self.ROOT.key))
        draft.extension("1.2.3", bytes(memory.MAX_REMEMBERED_BYTES))
        data = self.ROOT.issue(draft)
        assert memory.read_authority(data) is not memory.read_authority(data)
        memory.check_authority_issued(read_certificate(data), spki(self.ROOT.key))
        forged = read_certificate(draft.sign(new_key()))
        with refused(signature.SIGNATURE):
            memory.check_authority_issued(forged, spki(self.ROOT.key))

    def test_large_key_is_loaded_but_not_kept(self) -> None:
        with refused(signature.PUBLIC_KEY):
            memory.load_authority_key(bytes(memory.MAX_REMEMBERED_BYTES + 1))

    def test_failure_is_not_remembered_as_success(self) -> None:
        other = Authority.root("Other")
        child = read_certificate(self.ROOT.certificate)
        for _ in range(2):
            with refused(signature.SIGNATURE):
                memory.check_authority_issued(child, spki(other.key))
        memory.check_authority_issued(child, spki(self.ROOT.key))

    def test_memory_is_bounded(self) -> None:
        draft = self.ROOT.draft(name("Many"), spki(self.ROOT.key))
        for number in range(memory.MAX_REMEMBERED + 10):
            draft.serial = number
            signed = draft.to_be_signed(ECDSA_SHA256)
            memory.read_authority(w.sequence(signed, ECDSA_SHA256, w.bit_string(b"x")))
        assert memory._read.cache_info().currsize == memory.MAX_REMEMBERED
