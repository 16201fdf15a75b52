"""The reference client speaks the documented formats with the core, and sends nothing to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import structs

from tests.authentication.binding import world as bank
from tests.authentication.proofs import world as proofs
from tests.authentication.proofs.world import AT, TRANSACTION, TRANSFER
from tests.authentication.user.world import CHALLENGE, CONTEXT, HPKE_KEY, HPKE_KEYS, HPKE_SECRET
from tests.wire.reading import FOLDER, WireVector, read_vector
from warifu.attestation.claims import Endorsement, Key
from warifu.authentication.binding.activation import activation_fingerprint, commit, reveal
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.transaction.encoding import encode
from warifu.authentication.user.calls import (
    AccessToken,
    Request,
    verify_ordered_call,
    verify_parallel_call,
)
from warifu.authentication.user.calls import Session as ServerSession
from warifu.authentication.user.hpke_keys import write_hpke_certificate
from warifu.authentication.user.pin import open_pin, verify_envelope
from warifu.authentication.user.statement import StatementTerms, verify_statement
from warifu.base.keys.jwks import thumbprint
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key, spki
from warifu.handset.confirmation import CHANGED_MIND, NOT_ME
from warifu.handset.reference_checks import NotForUsError, Pinned, read_code, read_hpke_key
from warifu.handset.reference_client import (
    CannotSayError,
    Enrolment,
    OutOfOrderError,
    ReferenceClient,
)

CERTIFIER = SoftwareSigner("EdDSA", Secret(sha256(b"certifier").digest()))
PINNED = Pinned(
    verifier="bank.example",
    code_keys=(bank.BANK_KEY.public_key,),
    hpke_keys={CERTIFIER.key_id: CERTIFIER.public_key},
)
NOW = int(AT.timestamp())


def client(kind: ProofKind = ProofKind.TRUSTED_UI, **others: Any) -> ReferenceClient:
    keys: dict[ProofKind, Any] = {
        ProofKind.WEBAUTHN: proofs.CREDENTIAL,
        ProofKind.SECURE_PAYMENT: proofs.CREDENTIAL,
        ProofKind.APP_ATTEST: AppAttestDevice(apple=proofs.PHONE.apple, key=proofs.PHONE.key),
    }
    fields: dict[str, Any] = {
        "pinned": PINNED,
        "user": "customer-1",
        "device": "device-1",
        "kind": kind.value,
        "key": keys.get(kind, proofs.KEY),
        **others,
    }
    return ReferenceClient(**fields)


def shown_by(phone: ReferenceClient, octets: bytes = TRANSACTION) -> Any:
    screen: list[str] = []
    asked = phone.ask(octets, NOW, screen.append)
    assert "".join(screen) == asked.text
    return asked


# Enrolment


def enrolment(key: Any) -> Enrolment:
    return Enrolment(pinned=PINNED, key=key)


def test_both_sides_come_to_the_same_digits() -> None:
    begun = enrolment(new_key())
    challenge = begun.scan(bank.code(), int(bank.NOW.timestamp()))
    assert challenge == bank.CHALLENGE
    claims = bank.attested(challenge)
    # The key that the phone attested, by its public half: the core never sees the other.
    begun.key = PublicOnly(bank.key_of(claims))
    server = commit(bank.CREATED, commitment=begun.commitment(), now=bank.NOW)
    device_nonce = begun.reveal(reveal(server, now=bank.NOW))
    proved = bank.opened(server, claims, device_nonce=device_nonce)
    assert begun.digits() == activation_fingerprint(proved)


class PublicOnly(AppAttestDevice):
    """A key of which only the public half is here."""

    def __init__(self, public_key: bytes) -> None:
        self._public = public_key

    @property
    def public_key(self) -> bytes:
        return self._public


@pytest.mark.parametrize(
    "text",
    [
        bank.code(verifier="evil.example"),
        bank.code(SoftwareSigner("EdDSA", Secret(bytes(32)))),
        bank.code(expires_at=bank.NOW),
        "",
        "https://evil.example/",
    ],
)
def test_a_code_of_another_bank_is_answered_by_nothing(text: str) -> None:
    begun = enrolment(new_key())
    with pytest.raises(NotForUsError):
        begun.scan(text, int(bank.NOW.timestamp()))
    with pytest.raises(OutOfOrderError):
        begun.commitment()


def test_without_a_clock_the_server_judges_the_time() -> None:
    assert read_code(bank.code(expires_at=bank.NOW), PINNED, None).activation == bank.ID


def test_a_man_in_the_middle_cannot_have_the_nonce_before_the_commitment() -> None:
    begun = enrolment(new_key())
    begun.scan(bank.code(), None)
    with pytest.raises(OutOfOrderError):
        begun.reveal(bytes(32))
    with pytest.raises(OutOfOrderError):
        begun.digits()


def test_a_man_in_the_middle_cannot_offer_a_second_nonce() -> None:
    begun = enrolment(new_key())
    begun.scan(bank.code(), None)
    begun.commitment()
    with pytest.raises(NotForUsError):
        begun.reveal(bytes(31))
    begun.reveal(bytes(32))
    with pytest.raises(OutOfOrderError):
        begun.reveal(sha256(b"ground").digest())


# Transactions


APPROVING = [kind for kind in ProofKind if kind is not ProofKind.DEVICE_KEY]


@pytest.mark.parametrize("kind", APPROVING)
def test_an_approval_of_each_kind_is_taken(kind: ProofKind) -> None:
    phone = client(kind)
    payment = proofs.shown_payment() if kind is ProofKind.SECURE_PAYMENT else None
    proof = phone.approve(shown_by(phone), user_verified=True, payment=payment)
    verified = kind is not ProofKind.APP_ATTEST
    found = proofs.judge(
        proof, kind, expected=structs.replace(proofs.EXPECTED, user_verification=verified)
    )
    assert found.answer.verdict is Verdict.OK
    assert found.user_verified is verified


@pytest.mark.parametrize("kind", list(ProofKind))
def test_a_refusal_of_each_kind_is_taken_without_a_pin(kind: ProofKind) -> None:
    phone = client(kind, refusal_key=proofs.KEY)
    by_device = kind in {ProofKind.PROTECTED_CONFIRMATION, ProofKind.SECURE_PAYMENT}
    proof = phone.refuse(shown_by(phone), NOT_ME)
    posted = ProofKind.DEVICE_KEY if by_device else kind
    found = proofs.judge(proof, posted, bound=proofs.bound_key(posted))
    assert (found.answer.verdict, found.answer.reason) == (Verdict.NG, Reason.NOT_ME)


def test_what_cannot_be_said_is_not_said() -> None:
    asked = shown_by(client())
    with pytest.raises(CannotSayError):
        client(ProofKind.DEVICE_KEY).approve(asked)
    with pytest.raises(CannotSayError):
        client(ProofKind.PROTECTED_CONFIRMATION).refuse(asked, CHANGED_MIND)
    with pytest.raises(CannotSayError):
        client(ProofKind.PROTECTED_CONFIRMATION, key=proofs.CREDENTIAL).approve(asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"verifier": "evil.example"},
        {"user": "customer-2"},
        {"device": "device-2"},
        {"at": AT - timedelta(hours=1), "expires_at": AT},
    ],
)
def test_a_transaction_for_somebody_else_is_not_shown(changes: dict[str, Any]) -> None:
    screen: list[str] = []
    with pytest.raises(NotForUsError):
        client().ask(encode(structs.replace(TRANSFER, **changes)), NOW, screen.append)
    assert screen == []


@pytest.mark.parametrize("octets", [b"", TRANSACTION[:-1], TRANSACTION + b"\0", b"\xff" * 40])
def test_damaged_transactions_are_not_answered(octets: bytes) -> None:
    with pytest.raises(NotForUsError):
        client().ask(octets, NOW, lambda _: None)


# PIN, statements and calls


def certificate(**others: Any) -> bytes:
    fields = {
        "verifier": "bank.example",
        "not_before": HPKE_KEY.not_before,
        "not_after": HPKE_KEY.not_after,
        "signer": CERTIFIER,
        **others,
    }
    return write_hpke_certificate(fields.pop("public_key", HPKE_KEY.public_key), **fields)


def test_a_pin_reaches_the_server_and_nobody_else() -> None:
    phone = client(ProofKind.DEVICE_KEY)
    envelope = phone.seal_pin("739518", certificate(), challenge=CHALLENGE, now=NOW)
    sealed = verify_envelope(
        envelope,
        bound=proofs.bound_key(ProofKind.DEVICE_KEY),
        context=structs.replace(CONTEXT, purpose="pin"),
        challenge=CHALLENGE,
        keys=HPKE_KEYS,
        now=AT,
    )
    assert open_pin(sealed, HPKE_SECRET).reveal() == b"739518"


@pytest.mark.parametrize(
    "others",
    [
        {"verifier": "evil.example"},
        {"signer": SoftwareSigner("EdDSA", Secret(bytes(32)))},
        {"not_after": AT - timedelta(minutes=1)},
        {"not_before": AT + timedelta(minutes=1)},
    ],
)
def test_no_pin_is_encrypted_to_a_key_that_the_bank_did_not_certify(others: Any) -> None:
    with pytest.raises(NotForUsError):
        client().seal_pin("739518", certificate(**others), challenge=CHALLENGE, now=NOW)


def test_no_pin_is_encrypted_to_a_bare_key() -> None:
    raw = X25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(NotForUsError):
        client().seal_pin("739518", raw, challenge=CHALLENGE, now=NOW)


def test_a_passkey_signs_no_documents() -> None:
    phone = client(ProofKind.WEBAUTHN)
    with pytest.raises(CannotSayError):
        phone.seal_pin("739518", certificate(), challenge=CHALLENGE, now=NOW)
    with pytest.raises(CannotSayError):
        phone.call(phone.begin(purpose="log-in", challenge=CHALLENGE), "GET", "/")


def test_a_statement_is_taken() -> None:
    phone = client()
    said = phone.state(1, purpose="log-in", challenge=CHALLENGE, now=NOW)
    bound = proofs.bound_key(ProofKind.TRUSTED_UI)
    verify_statement(
        said,
        bound=bound,
        attested=Key(public_key=bound.public_key, endorsement=Endorsement.ANCHORED),
        context=CONTEXT,
        challenge=CHALLENGE,
        terms=StatementTerms(),
        now=AT,
    )


def test_calls_of_a_session_are_taken_in_order() -> None:
    phone = client()
    session = phone.begin(purpose="log-in", challenge=CHALLENGE)
    assert session.context == context_bytes(CONTEXT, CHALLENGE)
    server = ServerSession(context=CONTEXT, challenge=CHALLENGE)
    for number in (1, 2):
        taken = verify_ordered_call(
            phone.call(session, "POST", "/v1/transfers", b"{}"),
            bound=proofs.bound_key(ProofKind.TRUSTED_UI),
            request=Request(method="POST", url="", path="/v1/transfers", body=b"{}"),
            session=server,
            now=AT,
        )
        assert taken.sequence == number
        server = structs.replace(server, sequence=number)


def test_a_call_that_reads_is_proved_by_the_key_of_its_token() -> None:
    key, token, url = new_key(), "token of the bank", "https://api.bank.example/v1/balance"
    stored = AccessToken(
        digest=sha256(token.encode()).digest(),
        thumbprint=thumbprint(spki(key)),
        expires_at=AT + timedelta(minutes=5),
    )
    verify_parallel_call(
        client(token_key=key).read("GET", url, token=token, now=NOW, nonce=None),
        token=token.encode(),
        stored=stored,
        request=Request(method="GET", url=url, path="/v1/balance"),
        now=AT,
    )
    with pytest.raises(CannotSayError):
        client().read("GET", url, token=token, now=NOW, nonce=None)


# The wire vectors


def vectors(form: str) -> list[Any]:
    paths = sorted((FOLDER / form).glob("*.txt"))
    return [pytest.param(read_vector(path), id=path.stem) for path in paths]


def holds(vector: WireVector, judge: Any) -> None:
    if vector.expect == "accept":
        judge()
        return
    with pytest.raises(NotForUsError):
        judge()


@pytest.mark.parametrize("vector", vectors("activation-code"))
def test_codes_are_judged_as_the_core_judges_them(vector: WireVector) -> None:
    pinned = Pinned(
        verifier=vector.headers["verifier"], code_keys=(vector.octets("key"),), hpke_keys={}
    )
    now = int(vector.moment("at").timestamp())
    holds(vector, lambda: read_code(vector.body.decode(), pinned, now))


@pytest.mark.parametrize("vector", vectors("hpke-certificate"))
def test_certificates_are_judged_as_the_core_judges_them(vector: WireVector) -> None:
    pinned = Pinned(
        verifier=vector.headers["verifier"],
        code_keys=(),
        hpke_keys={vector.headers["key-id"]: vector.octets("key")},
    )
    now = int(vector.moment("at").timestamp())
    holds(vector, lambda: read_hpke_key(vector.body, pinned, now))


ACCEPTED = [each for each in vectors("transaction") if each.values[0].expect == "accept"]


@pytest.mark.parametrize("vector", ACCEPTED)
def test_transactions_are_hashed_and_shown_as_the_core_has_them(vector: WireVector) -> None:
    at = int(datetime(2026, 12, 1, 9, 1, tzinfo=UTC).timestamp())
    pinned = Pinned(verifier="confirm.bank.example", code_keys=(), hpke_keys={})
    phone = client(pinned=pinned, user="customer-7", device="device-3")
    asked = phone.ask(vector.body, at, lambda _: None)
    assert asked.digest == vector.octets("sha256")
