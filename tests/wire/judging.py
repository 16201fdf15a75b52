"""What the core says of a vector of each format, and what it read in it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from tests.support import make_test_anchor, test_trust
from tests.wire.reading import WireVector
from warifu.attestation.claims import Endorsement, Key
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.authentication.binding import rules as binding
from warifu.authentication.binding.code import read_code
from warifu.authentication.binding.endorsement import AskedEndorsement, Use, verify_endorsement
from warifu.authentication.binding.fingerprint import (
    COMMITMENT_OCTETS,
    challenge_of,
    commitment_of,
    fingerprint_of,
)
from warifu.authentication.binding.warrant import Provider, verify_warrant
from warifu.authentication.ceremony import rules as ceremony
from warifu.authentication.ceremony.context import Context, context_bytes
from warifu.authentication.ledger import checkpoint, merkle, note, witness
from warifu.authentication.ledger.leaf import decode_leaf
from warifu.authentication.transaction.answer import decode_answer
from warifu.authentication.transaction.confirmation import BoundKey, Display, ProofKind
from warifu.authentication.transaction.encoding import decode
from warifu.authentication.transaction.proofs.expectations import (
    Instrument,
    Logo,
    PaymentExpectations,
    ProofExpectations,
)
from warifu.authentication.transaction.proofs.verify import verify_proof
from warifu.authentication.user import calls, dpop, hpke_keys, pin
from warifu.authentication.user.statement import StatementTerms, verify_statement
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.secret import Secret
from warifu.handset.transaction_display import TransactionDisplay
from warifu.receipt_check.check import Known, check_receipt
from warifu.receipt_check.keys import read_note_keys, server_key

Read = dict[str, Any]
"""What is compared with headers of the same name, where they are there."""


def judge(vector: WireVector) -> Read:
    """What the core reads; or its refusal."""
    return _FORMATS[vector.format](vector)


def _transaction(vector: WireVector) -> Read:
    decode(vector.body)
    display = TransactionDisplay()
    text = "".join(
        display.feed(vector.body[at : at + 223]) for at in range(0, len(vector.body), 223)
    )
    assert vector.body.endswith(text.encode())
    return {"sha256": display.finish().hex()}


def _answer(vector: WireVector) -> Read:
    answer = decode_answer(vector.body)
    reason = answer.reason and answer.reason.name.lower().replace("_", "-")
    return {
        "digest": answer.digest.hex(),
        "verdict": answer.verdict.name.lower(),
        **({"reason": reason} if reason else {}),
    }


def _bound(vector: WireVector) -> BoundKey:
    public_key = vector.octets("key")
    return BoundKey(
        kind=ProofKind(vector.headers["key-kind"]),
        public_key=public_key,
        identifier=sha256(public_key).digest(),
        app=vector.headers["app"],
        counter=vector.number("counter") if "counter" in vector.headers else None,
        confirmation_required=vector.flag("confirmation-required"),
        user_verification_required=vector.flag("user-verification-required"),
    )


def _payment(given: Any) -> PaymentExpectations | None:
    if given is None:
        return None
    browser = given.get("browser-bound-key")
    return PaymentExpectations(
        top_origin=given["top-origin"],
        instrument=Instrument(
            display_name=given["instrument"]["display-name"], icon=given["instrument"]["icon"]
        ),
        logos=tuple(Logo(**each) for each in given["logos"]),
        browser_bound_key=bytes.fromhex(browser) if browser else None,
    )


def _proof(vector: WireVector) -> Read:
    transaction = vector.referred("transaction")
    found = verify_proof(
        vector.body,
        kind=ProofKind(vector.headers["kind"]),
        transaction=transaction,
        bound=_bound(vector),
        expected=ProofExpectations(
            displays=frozenset(map(Display, vector.listed("displays"))),
            user_verification=vector.headers["user-verification"] == "required",
            payment=_payment(vector.json("payment")),
        ),
        at=decode(transaction).at,
    )
    return {
        "verdict": found.answer.verdict.name.lower(),
        "display": found.display.value,
        "user-verified": str(found.user_verified).lower(),
    }


def _context_of(vector: WireVector) -> Context:
    given = vector.json("context")
    operation = given.pop("operation", None)
    return Context(**given, operation=None if operation is None else bytes.fromhex(operation))


def _context(vector: WireVector) -> Read:
    if context_bytes(_context_of(vector), vector.octets("challenge")) != vector.body:
        raise BadEvidence(ceremony.CONTEXT)
    return {}


def _code(vector: WireVector) -> Read:
    code = read_code(
        vector.body.decode(),
        keys=[vector.octets("key")],
        verifier=vector.headers["verifier"],
        now=vector.moment("at"),
    )
    return {
        "activation": code.activation.hex(),
        "expires-at": f"{code.expires_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _challenge(vector: WireVector) -> Read:
    made = challenge_of(activation=vector.octets("activation"), verifier=vector.headers["verifier"])
    if made != vector.body:
        raise BadEvidence(binding.EVIDENCE_CHALLENGE)
    return {}


def _commitment(vector: WireVector) -> Read:
    names = ("activation", "public_key", "device_nonce")
    parts = {name: vector.octets(name.replace("_", "-")) for name in names}
    if len(vector.body) != COMMITMENT_OCTETS:
        raise MalformedEvidence(binding.COMMITMENT)
    if commitment_of(**parts) != vector.body:
        raise BadEvidence(binding.OPENING)
    return {}


def _fingerprint(vector: WireVector) -> Read:
    parts = {name.replace("-", "_"): bytes.fromhex(v) for name, v in vector.headers.items()}
    if fingerprint_of(**parts).encode() != vector.body:  # type: ignore[arg-type] # `digits` is not among them
        raise BadEvidence(binding.FINGERPRINT)
    return {}


def _statement(vector: WireVector) -> Read:
    bound = _bound(vector)
    attested = Key(
        public_key=bound.public_key,
        endorsement=Endorsement(vector.headers.get("endorsement", "anchored")),
        user_authentication=vector.headers.get("user-authentication"),
    )
    found = verify_statement(
        vector.body,
        bound=bound,
        attested=attested,
        context=_context_of(vector),
        challenge=vector.octets("challenge"),
        terms=StatementTerms(),
        now=vector.moment("at"),
    )
    return {"method": found.method.value}


def _pin(vector: WireVector) -> Read:
    private = Secret(vector.octets("hpke-private"))
    public = vector.octets("hpke-public")
    key = hpke_keys.HpkeKey(
        id=hpke_keys.hpke_key_id(public),
        public_key=public,
        verifier=vector.json("context")["verifier"],
        not_before=vector.moment("at"),
        not_after=vector.moment("hpke-not-after"),
    )
    sealed = pin.verify_envelope(
        vector.body,
        bound=_bound(vector),
        context=_context_of(vector),
        challenge=vector.octets("challenge"),
        keys={key.id: key},
        now=vector.moment("at"),
    )
    return {"pin": pin.open_pin(sealed, private).reveal().decode()}


def _endorsement(vector: WireVector) -> Read:
    found = verify_endorsement(
        vector.body,
        vector.octets("possession"),
        bound=_bound(vector),
        asked=AskedEndorsement(
            verifier=vector.headers["verifier"],
            channel=vector.headers["channel"],
            binding=vector.octets("binding"),
            use=Use(vector.headers["use"]),
            challenge=vector.octets("challenge"),
            expires_at=vector.moment("expires-at"),
        ),
        origins=None,
        now=vector.moment("at"),
    )
    return {"endorsed-key": found.public_key.hex()}


def _warrant(vector: WireVector) -> Read:
    public_key = vector.octets("key")
    bound = BoundKey(
        kind=ProofKind.DEVICE_KEY, public_key=public_key, identifier=public_key, app=""
    )
    found = verify_warrant(
        vector.body,
        providers=[Provider(name="provider", public_key=vector.octets("provider-key"))],
        public_key=vector.octets("endorsed-key"),
        bound=bound,
        now=vector.moment("at"),
    )
    return {"kind": found.kind.value, "component": found.component}


def _certificate(vector: WireVector) -> Read:
    found = hpke_keys.read_hpke_certificate(
        vector.body,
        keys={vector.headers["key-id"]: vector.octets("key")},
        verifier=vector.headers["verifier"],
        now=vector.moment("at"),
    )
    return {"public-key": found.public_key.hex()}


def _call(vector: WireVector) -> Read:
    found = calls.verify_ordered_call(
        vector.body,
        bound=_bound(vector),
        request=calls.Request(
            method=vector.headers["method"],
            url="",
            path=vector.headers["path"],
            body=vector.octets("request-body"),
        ),
        session=calls.Session(
            context=_context_of(vector),
            challenge=vector.octets("challenge"),
            sequence=vector.number("last-sequence"),
        ),
        now=vector.moment("at"),
    )
    return {"sequence": str(found.sequence)}


def _dpop(vector: WireVector) -> Read:
    dpop.verify_dpop(
        vector.body,
        method=vector.headers["method"],
        url=vector.headers["url"],
        token=vector.headers["token"].encode(),
        bound_to=vector.headers["bound-to"],
        now=vector.moment("at"),
        nonce=vector.headers.get("nonce"),
    )
    return {}


def _hashes(body: bytes) -> tuple[bytes, ...]:
    return tuple(body[at : at + 32] for at in range(0, len(body), 32))


def _inclusion(vector: WireVector) -> Read:
    merkle.check_inclusion(
        merkle.leaf_hash(vector.octets("leaf")),
        index=vector.number("index"),
        size=vector.number("size"),
        path=_hashes(vector.body),
        root=vector.octets("root"),
    )
    return {}


def _consistency(vector: WireVector) -> Read:
    merkle.check_consistency(
        first=vector.number("first"),
        first_root=vector.octets("first-root"),
        second=vector.number("second"),
        second_root=vector.octets("second-root"),
        proof=_hashes(vector.body),
    )
    return {}


def _checkpoint(vector: WireVector) -> Read:
    found = checkpoint.read_checkpoint(
        vector.body,
        origin=vector.headers["origin"],
        keys=[note.read_verifier_key(vector.headers["log-key"])],
    )
    policy = witness.WitnessPolicy(
        witnesses=tuple(map(note.read_verifier_key, vector.listed("witness-keys"))),
        threshold=vector.number("threshold"),
    )
    witness.check_witnesses(found.note, policy=policy, at=vector.moment("at"))
    return {"size": str(found.checkpoint.size), "root": found.checkpoint.root.hex()}


def _leaf(vector: WireVector) -> Read:
    return {"kind": decode_leaf(vector.body).kind.value}


def _receipt(vector: WireVector) -> Read:
    lines = [*vector.listed("log-key"), *vector.listed("witness-keys")]
    trust = None
    if "anchor" in vector.headers:
        validity = ValidityRule.OUTLIVES_CERTIFICATE
        anchor = make_test_anchor(vector.octets("anchor"), AnchorUse.ANDROID_KEY, validity=validity)
        trust = test_trust(anchor, known_at=vector.moment("known-at"))
    server = [vector.octets("server-key")] if "server-key" in vector.headers else []
    known = Known(
        log_keys=read_note_keys("\n".join(lines).encode()),
        server_keys=tuple(server_key("receipt", each) for each in server),
        trust=trust,
        witnesses=vector.number("threshold"),
        provider_keys=frozenset(
            [vector.octets("provider-key")] if "provider-key" in vector.headers else []
        ),
    )
    found = check_receipt(vector.body, known=known, at=vector.moment("at"))
    unchecked = [each.check.value for each in found.findings if not each.checked]
    return {"state": found.state, "unchecked": ", ".join(unchecked)}


_FORMATS: dict[str, Callable[[WireVector], Read]] = {
    "transaction": _transaction,
    "answer": _answer,
    "proof": _proof,
    "context": _context,
    "activation-code": _code,
    "activation-challenge": _challenge,
    "activation-commitment": _commitment,
    "activation-fingerprint": _fingerprint,
    "user-statement": _statement,
    "pin-envelope": _pin,
    "hpke-certificate": _certificate,
    "signed-call": _call,
    "dpop": _dpop,
    "endorsement": _endorsement,
    "warrant": _warrant,
    "merkle-inclusion": _inclusion,
    "merkle-consistency": _consistency,
    "checkpoint": _checkpoint,
    "leaf": _leaf,
    "receipt": _receipt,
}
FORMATS = tuple(_FORMATS)
