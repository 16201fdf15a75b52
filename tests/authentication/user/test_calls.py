"""Calls of two classes, and what a stolen token is worth."""

from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.user.world import (
    ASKED,
    CHALLENGE,
    CONTEXT,
    DEVICE_KEY,
    NOW,
    OTHER_KEY,
    SECONDS,
    bound_to,
)
from tests.support import refused
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.user import rules
from warifu.authentication.user.calls import (
    AccessToken,
    OrderedCall,
    Request,
    Session,
    verify_ordered_call,
    verify_parallel_call,
)
from warifu.authentication.user.dpop import DpopProof, DpopTerms, verify_dpop
from warifu.base.codec import cbor, jose
from warifu.base.errors import WarifuError
from warifu.base.keys.jwks import thumbprint
from warifu.base.pki import signature
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import PrivateKey, new_key, spki
from warifu.handset.user_authentication import CALL_TYPE, DpopDraft, SignedDraft, call, jwk

TRANSFER = Request(
    method="POST",
    url="https://api.bank.example/v1/transfers",
    path="/v1/transfers?draft=1",
    body=b'{"amount":1000}',
)
SESSION = Session(context=CONTEXT, challenge=CHALLENGE, sequence=4)

URL = "https://api.bank.example/v1/balance"
BALANCE = Request(method="GET", url=URL, path="/v1/balance")
TOKEN = "token-of-the-session"
STORED = AccessToken(
    digest=sha256(TOKEN.encode()).digest(),
    thumbprint=thumbprint(spki(DEVICE_KEY)),
    expires_at=NOW + timedelta(minutes=5),
)


def ordered(
    key: PrivateKey | AppAttestDevice = DEVICE_KEY, *, sequence: int = 5, asked: bytes = ASKED
) -> bytes:
    payload = call(asked, "POST", TRANSFER.path, body=TRANSFER.body, sequence=sequence)
    return SignedDraft(type=CALL_TYPE, payload=payload, key=key).encode()


def verify_ordered(data: bytes, **changes: Any) -> OrderedCall:
    honest: dict[str, Any] = {
        "bound": bound_to(),
        "request": TRANSFER,
        "session": SESSION,
        "now": NOW,
    }
    return verify_ordered_call(data, **{**honest, **changes})


def dpop(**fields: Any) -> bytes:
    honest = {"token": TOKEN, "url": URL, "issued_at": SECONDS, "key": DEVICE_KEY}
    return DpopDraft(**{**honest, **fields}).encode()


def verify_parallel(proof: bytes, **changes: Any) -> DpopProof:
    honest: dict[str, Any] = {
        "token": TOKEN.encode(),
        "stored": STORED,
        "request": BALANCE,
        "now": NOW,
    }
    return verify_parallel_call(proof, **{**honest, **changes})


def test_a_signed_call_is_the_next_of_its_session() -> None:
    assert verify_ordered(ordered()) == OrderedCall(sequence=5, counter=None)


def test_an_iphone_signs_calls_by_assertion() -> None:
    iphone = AppAttestDevice()
    assert verify_ordered(ordered(iphone), bound=bound_to(iphone)).counter == 1


@pytest.mark.parametrize("sequence", [1, 4])
def test_a_call_that_is_replayed_or_out_of_order_is_refused(sequence: int) -> None:
    with refused(rules.CALL_SEQUENCE):
        verify_ordered(ordered(sequence=sequence))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/v1/transfers?draft=0"},
        {"path": "/v1/limits"},
        {"body": b'{"amount":9000}'},
    ],
    ids=str,
)
def test_a_signature_moved_to_another_request_is_refused(change: dict[str, Any]) -> None:
    with refused(rules.CALL_TARGET):
        verify_ordered(ordered(), request=replace(TRANSFER, **change))


@pytest.mark.parametrize(
    "change", [{"verifier": "phishing.example"}, {"user": "customer-2"}], ids=str
)
def test_a_call_relayed_from_another_server_is_refused(change: dict[str, Any]) -> None:
    other = context_bytes(replace(CONTEXT, **change), CHALLENGE)
    with refused(rules.CALL_CONTEXT):
        verify_ordered(ordered(asked=other))


def test_a_call_of_an_earlier_session_is_refused() -> None:
    with refused(rules.CALL_CONTEXT):
        verify_ordered(ordered(), session=replace(SESSION, challenge=bytes(32)))


def test_a_call_signed_by_another_devices_key_is_refused() -> None:
    with refused(signature.SIGNATURE):
        verify_ordered(ordered(OTHER_KEY))


@pytest.mark.parametrize("change", [{1: 2}, {6: 0}, {6: 1 << 53}, {7: 0}], ids=str)
def test_a_call_in_another_form_is_refused(change: dict[int, Any]) -> None:
    honest = cbor.decode_map(call(ASKED, "POST", TRANSFER.path, body=b"", sequence=5))
    payload = cbor.encode_deterministic({**honest, **change})
    with refused(rules.CALL_FORM):
        verify_ordered(SignedDraft(type=CALL_TYPE, payload=payload, key=DEVICE_KEY).encode())


def test_a_proof_for_each_call_makes_a_token_worth_something() -> None:
    proof = verify_parallel(dpop())
    assert proof.thumbprint == STORED.thumbprint
    terms = DpopTerms()
    assert proof.remember_until == NOW + terms.longest_age + terms.clock_skew + terms.margin


def test_an_ed25519_key_proves_too() -> None:
    key = new_key("ed25519")
    stored = replace(STORED, thumbprint=thumbprint(spki(key)))
    assert verify_parallel(dpop(key=key), stored=stored).thumbprint == stored.thumbprint


def test_a_stolen_token_with_the_thiefs_own_proof_is_worth_nothing() -> None:
    with refused(rules.DPOP_BOUND):
        verify_parallel(dpop(key=OTHER_KEY))


def test_a_stolen_token_with_the_victims_key_in_the_header_is_worth_nothing() -> None:
    with refused(jose.SIGNATURE):
        verify_parallel(dpop(signing_key=OTHER_KEY))


@pytest.mark.parametrize("proof", [b"", b"a.b.c", b"..", TOKEN.encode()], ids=repr)
def test_a_stolen_token_without_proof_is_worth_nothing(proof: bytes) -> None:
    with pytest.raises(WarifuError):
        verify_parallel(proof)


def test_a_replayed_proof_has_the_same_id_and_another_proof_another() -> None:
    proof = dpop()
    assert verify_parallel(proof).replay_id == verify_parallel(proof).replay_id
    assert verify_parallel(dpop()).replay_id != verify_parallel(proof).replay_id


def test_the_id_of_a_proof_is_its_keys_own() -> None:
    # Otherwise a stranger could use up ids that somebody else is about to use.
    both = {"jti": "an-id-of-two-clients"}
    stored = replace(STORED, thumbprint=thumbprint(spki(OTHER_KEY)))
    other = verify_parallel(dpop(key=OTHER_KEY, claims=both), stored=stored)
    assert verify_parallel(dpop(claims=both)).replay_id != other.replay_id


def test_a_proof_replayed_after_we_may_have_forgotten_is_refused() -> None:
    proof = verify_parallel(dpop())
    with refused(rules.DPOP_TIME):
        verify_parallel(
            dpop(),
            now=proof.remember_until,
            stored=replace(STORED, expires_at=NOW + timedelta(days=1)),
        )


@pytest.mark.parametrize(("age", "accepted"), [(-11, False), (-10, True), (60, True), (61, False)])
def test_a_proof_is_fresh_for_a_minute(age: int, *, accepted: bool) -> None:
    proof = dpop(issued_at=SECONDS - age)
    if accepted:
        verify_parallel(proof)
    else:
        with refused(rules.DPOP_TIME):
            verify_parallel(proof)


@pytest.mark.parametrize(
    "claims",
    [
        {"htu": "https://api.bank.example/v1/transactions"},
        {"htu": "https://phishing.example/v1/balance"},
        {"htu": "http://api.bank.example/v1/balance"},
        {"htu": "https://api.bank.example:8443/v1/balance"},
        {"htu": "https://api.bank.example@phishing.example/v1/balance"},
        {"htu": "https://api.bank.example/v1/balance/"},
        {"htu": "https://api.bank.example/v1%2Fbalance"},
        {"htu": "/v1/balance"},
        {"htu": ""},
        {"htu": "https://api.bank.example/" + "a" * 2048},
        {"htu": "https://api.bank.example/v1/bal\u0061nce\u3000"},
        {"htm": "POST"},
        {"htm": "get"},
    ],
    ids=str,
)
def test_a_proof_for_another_path_server_or_method_is_refused(claims: dict[str, str]) -> None:
    with refused(rules.DPOP_TARGET):
        verify_parallel(dpop(claims=claims))


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://API.bank.example/v1/balance",
        "https://api.bank.example:443/v1/balance",
        "https://api.bank.example:/v1/balance",
        "https://api.bank.example/v1/%62alance",
        "https://api.bank.example/v1/x/../balance",
        "https://api.bank.example/v1/./balance",
        "https://api.bank.example/../v1/balance",
        "https://api.bank.example/v1/balance?month=12#top",
    ],
)
def test_the_same_address_in_another_spelling_is_the_same(url: str) -> None:
    assert verify_parallel(dpop(url=url)).replay_id


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("https://api.bank.example", "https://api.bank.example/"),
        ("http://[2001:db8::1]:80/a", "http://[2001:DB8::1]/a"),
        ("https://api.bank.example/a/b/..", "https://api.bank.example/a/"),
        ("https://api.bank.example/a/.", "https://api.bank.example/a/"),
        ("https://api.bank.example/%c3%a9", "https://api.bank.example/%C3%A9"),
    ],
)
def test_addresses_are_compared_in_one_form(one: str, same: str) -> None:
    proof = dpop(url=one)
    verified = verify_dpop(
        proof,
        method="GET",
        url=same,
        token=TOKEN.encode(),
        bound_to=STORED.thumbprint,
        now=NOW,
    )
    assert verified.thumbprint == STORED.thumbprint


def test_a_proof_with_another_token_is_refused() -> None:
    with refused(rules.DPOP_TOKEN):
        verify_parallel(dpop(token="another token"))


def test_a_proof_without_the_servers_nonce_is_refused() -> None:
    assert verify_parallel(dpop(nonce="nonce-1"), nonce="nonce-1").replay_id
    for proof in (dpop(), dpop(nonce="nonce-0"), dpop(claims={"nonce": 1})):
        with refused(rules.DPOP_NONCE):
            verify_parallel(proof, nonce="nonce-1")


@pytest.mark.parametrize(
    "claims",
    [
        *({name: None} for name in ("jti", "htm", "htu", "iat", "ath")),
        *({name: 1} for name in ("jti", "htm", "htu", "ath")),
        {"iat": "1"},
        {"iat": True},
        {"iat": 1.5},
        {"jti": "short"},
        {"jti": "j" * 129},
    ],
    ids=str,
)
def test_a_proof_without_all_members_is_refused(claims: dict[str, Any]) -> None:
    with refused(rules.DPOP_FORM):
        verify_parallel(dpop(claims=claims))


@pytest.mark.parametrize("iat", [0, -1, 10**900])
def test_a_time_of_any_size_is_refused(iat: int) -> None:
    with refused(rules.DPOP_TIME):
        verify_parallel(dpop(claims={"iat": iat}))


@pytest.mark.parametrize("typ", [None, "JWT", "DPOP+JWT", 1], ids=repr)
def test_another_signed_token_is_no_proof(typ: object) -> None:
    with refused(rules.DPOP_FORM):
        verify_parallel(dpop(header={"typ": typ}))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    with refused(jose.ALGORITHM):
        verify_parallel(dpop(header={"alg": algorithm}))


HONEST_JWK = jwk(DEVICE_KEY)


@pytest.mark.parametrize(
    "key",
    [
        None,
        "key",
        {},
        {**HONEST_JWK, "d": "AAAA"},
        {**HONEST_JWK, "x5c": []},
        {**HONEST_JWK, "kty": "oct", "k": "AAAA"},
        {**HONEST_JWK, "kty": 1},
        {**HONEST_JWK, "crv": "P-384"},
        {**HONEST_JWK, "crv": []},
        {**HONEST_JWK, "x": 1},
        {**HONEST_JWK, "x": "AAAA"},
    ],
    ids=[
        "none",
        "text",
        "empty",
        "private",
        "certificates",
        "symmetric",
        "numbered-type",
        "other-curve",
        "list-of-curves",
        "number",
        "short",
    ],
)
def test_a_proof_brings_a_public_key_and_nothing_else(key: object) -> None:
    with refused(rules.DPOP_KEY):
        verify_parallel(dpop(header={"jwk": key}))


def test_a_point_that_is_on_no_curve_is_refused() -> None:
    with refused(signature.PUBLIC_KEY):
        verify_parallel(dpop(header={"jwk": {**HONEST_JWK, "x": "A" * 43}}))


def test_what_browsers_write_beside_a_key_is_taken() -> None:
    described = {**HONEST_JWK, "ext": True, "key_ops": ["verify"]}
    assert verify_parallel(dpop(header={"jwk": described})).replay_id


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "get"])
def test_a_token_changes_nothing(method: str) -> None:
    with refused(rules.READ_ONLY):
        verify_parallel(dpop(method=method), request=replace(BALANCE, method=method))


@pytest.mark.parametrize("token", [b"another", b"x" * 1025], ids=len)
def test_a_token_that_was_not_issued_is_refused(token: bytes) -> None:
    with refused(rules.TOKEN):
        verify_parallel(dpop(), token=token)


def test_a_token_expires() -> None:
    with refused(rules.TOKEN):
        verify_parallel(dpop(), now=STORED.expires_at)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_the_tree(data: bytes) -> None:
    for verify in (verify_ordered, verify_parallel):
        with pytest.raises(WarifuError):
            verify(data)


@given(st.text(max_size=80))
def test_any_address_is_compared_or_refused(url: str) -> None:
    with suppress(WarifuError):
        verify_parallel(dpop(claims={"htu": f"https://api.bank.example/{url}"}))
