"""Compact JWS and JWE: what a token may not choose for itself."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe as peer_jwe
from joserfc import jws as peer_jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.support import refused
from warifu.base.codec import jose
from warifu.base.codec import json as codec_json
from warifu.base.errors import WarifuError
from warifu.base.pki.signature import load_public_key
from warifu.handset.authority import new_key, spki
from warifu.handset.jose_writer import encoded, json_bytes, make_jwe, make_jws

KEY = new_key()
PUBLIC = load_public_key(spki(KEY))
OTHER = new_key()
SECRET = bytes(range(32))
ES256 = frozenset({"ES256"})
PAYLOAD = b'{"a":1}'
ENCRYPTED = {"alg": "A256KW", "enc": "A256GCM"}


def jws(header: dict[str, Any] | bytes, key: Any = KEY) -> bytes:
    return make_jws(header, PAYLOAD, key)


def read(token: bytes, algorithms: frozenset[str] = ES256) -> jose.Jws:
    taken = jose.read_jws(token, algorithms=algorithms)
    jose.check_jws(taken, PUBLIC)
    return taken


def test_an_honest_jws_is_read() -> None:
    taken = read(jws({"alg": "ES256", "typ": "JWT", "unknown": 1}))
    assert taken.payload == PAYLOAD
    assert taken.algorithm == "ES256"


def test_unsigned_token_is_refused() -> None:
    with refused(jose.ALGORITHM):
        read(jws({"alg": "none"}, None))


def test_unsigned_token_is_refused_even_where_a_caller_allows_it() -> None:
    with refused(jose.ALGORITHM):
        read(jws({"alg": "none"}, None), frozenset({"none"}))


def test_hmac_under_the_public_key_is_refused() -> None:
    with refused(jose.ALGORITHM):
        read(jws({"alg": "HS256"}, spki(KEY)), frozenset({"ES256", "HS256"}))


def test_hmac_under_the_public_key_in_an_es256_token_is_refused() -> None:
    with refused(jose.SIGNATURE):
        read(jws({"alg": "ES256"}, spki(KEY)))


@pytest.mark.parametrize("name", ["es256", "ES256 ", "ES384", "RS256", "EdDSA", ""])
def test_algorithm_outside_the_list_is_refused(name: str) -> None:
    with refused(jose.ALGORITHM):
        read(jws({"alg": name}))


@pytest.mark.parametrize("value", [None, 1, ["ES256"], {"ES256": 1}, True])
def test_algorithm_of_another_type_is_refused(value: object) -> None:
    with refused(jose.WELL_FORMED):
        read(jws({"alg": value}))


def test_header_without_algorithm_is_refused() -> None:
    with refused(jose.WELL_FORMED):
        read(jws({"typ": "JWT"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jku", "https://attacker.example/keys"),
        ("x5u", "https://attacker.example/chain"),
        ("jwk", {"kty": "EC"}),
        ("kid", "../../attacker"),
        ("kid", "' OR 1=1 --"),
        ("x5c", ["AAAA"]),
        ("x5t", "AAAA"),
        ("x5t#S256", "AAAA"),
    ],
)
def test_header_that_brings_or_names_a_key_is_refused(name: str, value: object) -> None:
    with refused(jose.NO_KEY_REFERENCE):
        read(jws({"alg": "ES256", name: value}))


@pytest.mark.parametrize(("name", "value"), [("crit", ["b64"]), ("b64", False), ("zip", "DEF")])
def test_header_that_asks_for_an_extension_is_refused(name: str, value: object) -> None:
    with refused(jose.NO_EXTENSION):
        read(jws({"alg": "ES256", name: value}))


def test_giant_iteration_count_is_refused_before_any_work() -> None:
    with refused(jose.ALGORITHM):
        jose.decrypt_jwe(
            make_jwe(
                {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31, "p2s": "AAAA"},
                PAYLOAD,
                SECRET,
            ),
            SECRET,
        )


@pytest.mark.parametrize("name", ["p2c", "p2s", "epk", "apu", "apv", "iv", "tag"])
def test_parameter_of_another_algorithm_is_refused(name: str) -> None:
    with refused(jose.ALGORITHM):
        jose.decrypt_jwe(make_jwe({**ENCRYPTED, name: 1}, PAYLOAD, SECRET), SECRET)


def test_header_name_given_twice_is_refused() -> None:
    with refused(codec_json.WELL_FORMED):
        read(jws(b'{"alg":"ES256","alg":"none"}'))


def test_header_that_is_no_object_is_refused() -> None:
    with refused(codec_json.EXPECTED_TYPE):
        read(jws(b'["ES256"]'))


def test_header_nested_without_end_is_refused() -> None:
    with refused(codec_json.WELL_FORMED):
        read(jws(b'{"alg":"ES256","a":' + b"[" * 20_000 + b"]" * 20_000 + b"}"))


def test_header_with_half_a_surrogate_pair_is_refused() -> None:
    with refused(codec_json.WELL_FORMED):
        read(jws(b'{"alg":"ES256","a":"\\ud800"}'))


def test_oversized_header_is_refused() -> None:
    with refused(codec_json.WELL_FORMED):
        read(jws({"alg": "ES256", "a": "x" * jose.MAX_HEADER_BYTES}))


def test_oversized_token_is_refused_unread() -> None:
    with refused(jose.WELL_FORMED):
        read(b"." * (jose.MAX_TOKEN_BYTES + 1))


@pytest.mark.parametrize("token", [b"", b"a.b", b"a.b.c.d", b"....."])
def test_wrong_number_of_parts_is_refused(token: bytes) -> None:
    with refused(jose.WELL_FORMED):
        read(token)


def test_signature_of_another_key_is_refused() -> None:
    with refused(jose.SIGNATURE):
        read(jws({"alg": "ES256"}, OTHER))


def test_altered_payload_is_refused() -> None:
    header, _, signature = jws({"alg": "ES256"}).split(b".")
    with refused(jose.SIGNATURE):
        read(b".".join((header, encoded(b'{"a":2}'), signature)))


@pytest.mark.parametrize("size", [0, 63, 65, 72, 4096])
def test_ecdsa_signature_of_another_size_is_refused(size: int) -> None:
    header, payload, _ = jws({"alg": "ES256"}).split(b".")
    with refused(jose.SIGNATURE):
        read(b".".join((header, payload, encoded(bytes(size)))))


def test_zero_signature_is_refused() -> None:
    header, payload, _ = jws({"alg": "ES256"}).split(b".")
    with refused(jose.SIGNATURE):
        read(b".".join((header, payload, encoded(bytes(64)))))


def test_key_on_another_curve_is_refused() -> None:
    key = new_key("p384")
    token = jose.read_jws(jws({"alg": "ES256"}), algorithms=ES256)
    with refused(jose.ALGORITHM):
        jose.check_jws(token, load_public_key(spki(key)))


def test_key_of_another_kind_is_refused() -> None:
    token = jose.read_jws(jws({"alg": "ES256"}), algorithms=ES256)
    with refused(jose.ALGORITHM):
        jose.check_jws(token, load_public_key(spki(new_key("rsa2048"))))


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521")]
)
def test_each_curve_signs_with_its_own_algorithm(algorithm: str, kind: str) -> None:
    key = new_key(kind)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    token = jose.read_jws(jws({"alg": algorithm}, key), algorithms=frozenset({algorithm}))
    jose.check_jws(token, load_public_key(spki(key)))


@pytest.mark.parametrize(
    "listed", [None, [], {}, "AAAA", [1], [None], ["AAAA"] * (jose.MAX_CERTIFICATES + 1)]
)
def test_certificates_that_are_no_list_of_text_are_refused(listed: object) -> None:
    token = jose.read_jws(
        jws({"alg": "ES256", "x5c": listed}), algorithms=ES256, key_headers=frozenset({"x5c"})
    )
    with refused(jose.WELL_FORMED):
        jose.certificates(token)


def test_an_honest_jwe_is_decrypted() -> None:
    assert jose.decrypt_jwe(make_jwe(ENCRYPTED, PAYLOAD, SECRET), SECRET) == PAYLOAD


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir", "enc": "A256GCM"},
        {"alg": "RSA1_5", "enc": "A256GCM"},
        {"alg": "RSA-OAEP", "enc": "A256GCM"},
        {"alg": "A128KW", "enc": "A256GCM"},
        {"alg": "A256KW", "enc": "A128CBC-HS256"},
        {"alg": "A256KW", "enc": "A128GCM"},
        {"alg": "A256KW", "enc": ["A256GCM"]},
        {"alg": "A256KW"},
        {"alg": "none", "enc": "A256GCM"},
    ],
)
def test_jwe_of_another_algorithm_is_refused(header: dict[str, Any]) -> None:
    with refused(jose.ALGORITHM):
        jose.decrypt_jwe(make_jwe(header, PAYLOAD, SECRET), SECRET)


def test_compressed_jwe_is_refused() -> None:
    with refused(jose.NO_EXTENSION):
        jose.decrypt_jwe(make_jwe({**ENCRYPTED, "zip": "DEF"}, PAYLOAD, SECRET), SECRET)


def test_jwe_under_another_key_is_refused() -> None:
    with refused(jose.DECRYPTS):
        jose.decrypt_jwe(make_jwe(ENCRYPTED, PAYLOAD, bytes(32)), SECRET)


def test_jwe_with_a_shorter_content_key_is_refused() -> None:
    token = make_jwe(ENCRYPTED, PAYLOAD, SECRET, content_key=bytes(16))
    with refused(jose.WELL_FORMED):
        jose.decrypt_jwe(token, SECRET)


def test_jwe_with_an_altered_header_is_refused() -> None:
    """The header is authenticated even where its meaning stays the same."""
    _, *rest = make_jwe(ENCRYPTED, PAYLOAD, SECRET).split(b".")
    altered = encoded(json_bytes({**ENCRYPTED, "typ": "JWT"}))
    with refused(jose.DECRYPTS):
        jose.decrypt_jwe(b".".join((altered, *rest)), SECRET)


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_jwe_with_one_altered_part_is_refused(part: int) -> None:
    parts = make_jwe(ENCRYPTED, PAYLOAD, SECRET).split(b".")
    parts[part] = (b"B" if parts[part][:1] == b"A" else b"A") + parts[part][1:]
    with refused(jose.DECRYPTS):
        jose.decrypt_jwe(b".".join(parts), SECRET)


@pytest.mark.parametrize("part", [1, 2, 4])
def test_jwe_part_of_another_size_is_refused(part: int) -> None:
    parts = make_jwe(ENCRYPTED, PAYLOAD, SECRET).split(b".")
    parts[part] = parts[part] + b"AAAA"
    with refused(jose.WELL_FORMED):
        jose.decrypt_jwe(b".".join(parts), SECRET)


def test_a_peer_reads_our_tokens_and_we_read_its() -> None:
    """joserfc as an independent witness that reader and writer do not share one mistake."""
    algorithm = "ES256"
    key = ECKey.generate_key("P-256")
    token = peer_jws.serialize_compact({"alg": algorithm}, PAYLOAD, key).encode()
    taken = jose.read_jws(token, algorithms=ES256)
    jose.check_jws(taken, load_public_key(key.as_der(private=False)))
    rsa_key = RSAKey.generate_key(2048)
    for name in ("RS256", "PS256", "RS512"):
        token = peer_jws.serialize_compact(
            {"alg": name}, PAYLOAD, rsa_key, algorithms=[name]
        ).encode()
        taken = jose.read_jws(token, algorithms=frozenset({name}))
        jose.check_jws(taken, load_public_key(rsa_key.as_der(private=False)))
    secret = OctKey.import_key(SECRET)
    sealed = peer_jwe.encrypt_compact(ENCRYPTED, PAYLOAD, secret, algorithms=["A256KW", "A256GCM"])
    assert jose.decrypt_jwe(sealed.encode(), SECRET) == PAYLOAD
    ours = make_jwe(ENCRYPTED, PAYLOAD, SECRET)
    opened = peer_jwe.decrypt_compact(ours, secret, algorithms=["A256KW", "A256GCM"])
    assert opened.plaintext == PAYLOAD


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
_HEADERS = st.dictionaries(
    st.sampled_from(["alg", "enc", "x5c", "kid", "crit", "zip", "typ", "p2c"]), _VALUES
).map(lambda header: {"alg": "ES256", "enc": "A256GCM"} | header)


@given(st.binary(max_size=300) | st.lists(st.binary(max_size=40), max_size=6).map(b".".join))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for attempt in (read, lambda token: jose.decrypt_jwe(token, SECRET)):
        try:
            attempt(data)
        except WarifuError:
            continue


@given(_HEADERS, st.binary(max_size=80), st.binary(max_size=80))
def test_any_header_is_read_or_refused(
    header: dict[str, Any], payload: bytes, signature: bytes
) -> None:
    text = encoded(json.dumps(header).encode())
    token = b".".join((text, encoded(payload), encoded(signature)))
    try:
        taken = jose.read_jws(token, algorithms=ES256, key_headers=frozenset({"x5c"}))
        jose.certificates(taken)
        jose.check_jws(taken, PUBLIC)
    except WarifuError:
        return
    pytest.fail("a random token was accepted")
