"""COSE keys: each algorithm with exactly its own keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import readable, refused
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.pki import cose
from warifu.base.pki import signature as pki_signature
from warifu.handset.webauthn import CredentialKey

KEYS = {algorithm: CredentialKey(algorithm) for algorithm in (-7, -35, -8, -53, -257, -48)}


def changed(algorithm: int, **members: Any) -> bytes:
    """A key map with members changed; names are kty, alg, crv, x, y."""
    labels = {"kty": 1, "alg": 3, "crv": -1, "x": -2, "y": -3}
    item = {**KEYS[algorithm].public_map(), **{labels[k]: v for k, v in members.items()}}
    return cbor.encode_deterministic({k: v for k, v in item.items() if v is not None})


def test_the_canonical_form_and_any_other_give_the_same_key() -> None:
    canonical = KEYS[-7].public_key()
    x, y = (KEYS[-7].public_map()[label] for label in (-2, -3))
    other = b"\xa5\x03\x26\x01\x02\x20\x01\x22\x58\x20" + y + b"\x21\x58\x20" + x
    assert cose.is_canonical_es256(canonical, 0)
    assert not cose.is_canonical_es256(other, 0)
    first, second = cose.read_key(canonical), cose.read_key(other)
    assert (first.spki, first.algorithm, first.name) == (second.spki, second.algorithm, second.name)


@pytest.mark.parametrize("cut", [1, 35, 76])
def test_a_canonical_key_cut_short_is_not_taken_for_one(cut: int) -> None:
    assert not cose.is_canonical_es256(KEYS[-7].public_key()[:-cut], 0)


def test_a_point_that_is_not_on_its_curve_is_refused() -> None:
    with refused(cose.KEY):
        cose.read_key(changed(-7, y=bytes(32)))


@pytest.mark.parametrize(
    ("algorithm", "members"),
    [
        (-7, {"kty": 1}),
        (-7, {"kty": None}),
        (-7, {"kty": 2.0}),
        (-7, {"crv": 2}),
        (-7, {"crv": None}),
        (-7, {"crv": 8}),
        (-7, {"crv": True}),
        (-7, {"x": bytes(31)}),
        (-7, {"y": None}),
        (-7, {"y": True}),
        (-35, {"alg": -7}),
        (-7, {"alg": -35}),
        (-8, {"alg": -7}),
        (-8, {"crv": 7}),
        (-8, {"x": bytes(31)}),
        (-8, {"x": None}),
        (-53, {"alg": -8}),
        (-257, {"alg": -7}),
        (-257, {"x": None}),
        (-257, {"x": 65537}),
        (-257, {"x": bytes(9)}),
        (-257, {"x": b"\x02"}),
        (-257, {"crv": None}),
        (-257, {"crv": bytes(1026)}),
        (-48, {"crv": None}),
        (-48, {"crv": bytes(1311)}),
        (-48, {"alg": -49}),
    ],
    ids=readable,
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused(
    algorithm: int, members: dict[str, Any]
) -> None:
    with refused(cose.KEY):
        cose.read_key(changed(algorithm, **members))


@pytest.mark.parametrize("more", [{-4: bytes(32)}, {2: b"kid"}, {4: [1, 2]}], ids=readable)
@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_key_with_private_or_optional_members_is_refused(
    algorithm: int, more: dict[int, Any]
) -> None:
    with refused(cose.KEY):
        cose.read_key(cbor.encode_deterministic({**KEYS[algorithm].public_map(), **more}))


@pytest.mark.parametrize("algorithm", [-65535, -47, None, "ES256", True, 0, []])
def test_an_algorithm_we_do_not_take_is_refused(algorithm: Any) -> None:
    with refused(cose.ALGORITHM):
        cose.read_key(changed(-7, alg=algorithm))


@pytest.mark.parametrize("label", [True, 1.0])
def test_labels_that_are_not_integers_are_not_taken_for_them(label: object) -> None:
    """In Python true, 1 and 1.0 are one key of a map; for other readers they are not."""
    key = {(label if name == 1 else name): value for name, value in KEYS[-257].public_map().items()}
    with refused(cose.KEY):
        cose.read_key(cbor.encode_deterministic(key))


def test_a_weak_rsa_key_is_refused() -> None:
    modulus = (1 << 511 | 1).to_bytes(64, "big")
    with refused(pki_signature.PUBLIC_KEY):
        cose.read_key(changed(-257, crv=modulus))


def test_an_oversized_key_is_refused_unread() -> None:
    with refused(cose.KEY):
        cose.read_key(bytes(cose.MAX_KEY_BYTES + 1))


def test_sha_1_is_no_algorithm_of_credentials() -> None:
    assert cose.RS1 not in cose.ALGORITHMS


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([1, 3, -1, -2, -3]), st.integers(-5, 5), st.text(max_size=2)),
        st.one_of(
            st.sampled_from([*cose.ALGORITHMS, 1, 2, 3, 6, 7]),
            st.binary(max_size=70),
            st.booleans(),
            st.none(),
        ),
        max_size=6,
    )
)
def test_any_map_is_a_key_or_refused(item: dict[Any, Any]) -> None:
    try:
        key = cose.read_key(cbor.encode_deterministic(item))
    except BadEvidence:
        return
    assert key.algorithm == item[3]


@given(st.sampled_from(sorted(KEYS)), st.data())
def test_any_changed_byte_is_another_key_or_refused(algorithm: int, data: st.DataObject) -> None:
    honest = bytearray(KEYS[algorithm].public_key())
    position = data.draw(st.integers(0, len(honest) - 1))
    honest[position] ^= data.draw(st.integers(1, 255))
    try:
        key = cose.read_key(bytes(honest))
    except BadEvidence:
        return
    original = cose.read_key(KEYS[algorithm].public_key())
    assert (key.spki, key.algorithm) != (original.spki, original.algorithm)


@pytest.mark.parametrize("bits", [pki_signature.MAX_RSA_BITS, pki_signature.MAX_RSA_BITS + 1])
def test_an_rsa_key_may_be_as_long_as_the_limit_and_no_longer(bits: int) -> None:
    modulus = ((1 << bits - 1) + 1).to_bytes((bits + 7) // 8, "big")
    encoded = cbor.encode_deterministic({1: 3, 3: -257, -1: modulus, -2: b"\x01\x00\x01"})
    if bits == pki_signature.MAX_RSA_BITS:
        assert cose.read_key(encoded).algorithm == -257
    else:
        with refused(pki_signature.PUBLIC_KEY):
            cose.read_key(encoded)


@pytest.mark.parametrize(
    "exponent", [b"\x01\x00\x01".rjust(8, b"\0"), b"\x01\x00\x01".rjust(9, b"\0")]
)
def test_an_rsa_exponent_may_be_as_long_as_the_limit_and_no_longer(exponent: bytes) -> None:
    modulus = KEYS[-257].public_map()[-1]
    encoded = cbor.encode_deterministic({1: 3, 3: -257, -1: modulus, -2: exponent})
    if len(exponent) == cose.MAX_RSA_EXPONENT_OCTETS:
        assert cose.read_key(encoded).algorithm == -257
    else:
        with refused(cose.KEY):
            cose.read_key(encoded)
