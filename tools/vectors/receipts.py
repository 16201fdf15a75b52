"""Vectors of receipts: one bank, one log with strangers' leaves in it, one phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import cbor2
import msgspec
from msgspec import structs

from tools.vectors import endorsed, ledger
from tools.vectors.keys import octets, p256, signer
from tools.vectors.proofs import KEY, NG, OK
from tools.vectors.transactions import ABROAD, ABROAD_BYTES, TRANSFER_BYTES
from tools.vectors.vector import Vector, variant
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.authentication.ledger import merkle
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf, salt_for
from warifu.authentication.receipt.parts import (
    BindingCopy,
    EndorsementCopy,
    EvidenceCopy,
    Outcome,
    Part,
    Proof,
)
from warifu.authentication.receipt.receipt import (
    Contents,
    Inclusion,
    LeafProof,
    include,
    issue,
    leaf_values,
    withhold,
)
from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.base.secret import Secret
from warifu.handset.android_key import PACKAGE, AndroidPhone
from warifu.handset.authority import spki
from warifu.handset.confirmation import EnvelopeDraft
from warifu.handset.endorsement import TRUSTED_UI

AT: Final = ABROAD.at + timedelta(minutes=1)
ENROLLED: Final = AT - timedelta(days=30)
YEARS_LATER: Final = datetime(2033, 1, 1, tzinfo=UTC)
SIGNER: Final = signer("receipts")
_ENDORSEMENT_SECRET = Secret(octets("endorsement leaf"))
_LEAF_SECRET, _BINDING_SECRET = Secret(octets("receipt leaf")), Secret(octets("binding leaf"))
_WITNESS = ledger.WITNESSES[0]
_BOUND_NAMES = ("user", "device", "key", "evidence")


def vectors() -> list[Vector]:
    """Receipts that hold, complete and in part, and receipts that lie."""
    return [*_accepted(), *_refused()]


def _phone() -> AndroidPhone:
    """A phone whose authorities have keys that everybody may know."""
    phone = AndroidPhone.factory()
    for number, link in enumerate(phone.authorities):
        link.key = p256(f"authority {number}")
        link.draft.public_key = spki(link.key)
    return phone


_PHONE = _phone()
_EVIDENCE = _PHONE.attest(challenge=b"activation", made_at=ENROLLED, key=KEY).der()
_BOUND = BoundKey(
    kind=ProofKind.TRUSTED_UI,
    public_key=spki(KEY),
    identifier=sha256(spki(KEY)).digest(),
    app=PACKAGE,
)
_APPROVED = Outcome(
    transaction=sha256(ABROAD_BYTES).digest(),
    template=octets("template"),
    state="approved",
    verdict=Verdict.OK,
    decision="serve",
    rule_set=octets("rule set"),
    at=AT,
)
_DISOWNED = structs.replace(
    _APPROVED, state="refused", verdict=Verdict.NG, reason=Reason.NOT_ME, decision="refuse"
)


def _evidence() -> EvidenceCopy:
    expected = AndroidKeyExpectations(challenge=b"activation", app=PACKAGE)
    return EvidenceCopy(
        media_type="application/pem-certificate-chain",
        data=_EVIDENCE,
        expected=msgspec.json.encode(msgspec.to_builtins(expected)),
        at=ENROLLED,
        known_at=ENROLLED,
    )


def _binding(user: str = ABROAD.user, at: datetime = ENROLLED) -> BindingCopy:
    values = {
        "user": user.encode(),
        "device": ABROAD.device.encode(),
        "key": sha256(spki(KEY)).digest(),
        "evidence": sha256(_EVIDENCE).digest(),
    }
    leaf = make_leaf(LeafKind.ENROLMENT, at=at, values=values, secret=_BINDING_SECRET)
    return BindingCopy(
        user=user,
        device=ABROAD.device,
        leaf=encode_leaf(leaf),
        salts={name: salt_for(_BINDING_SECRET, name) for name in _BOUND_NAMES},
    )


_COMPONENT_BOUND = structs.replace(_BOUND, kind=ProofKind.DEVICE_KEY)


def _endorsement(*, stated: dict[str, Any] | None = None, **changed: bytes) -> EndorsementCopy:
    """The part about the component's key; `stated` are other members of the statement."""
    usual = {
        "use": TRUSTED_UI,
        "key": endorsed.COMPONENT,
        "verifier": ABROAD.verifier,
        "expires_at": int((AT + timedelta(days=300)).timestamp()),
    }
    draft = endorsed.draft(**{**usual, **(stated or {})})
    made: dict[str, Any] = {
        "public_key": spki(endorsed.COMPONENT),
        "endorsement": draft.encode(),
        "possession": draft.possession(),
        "warrant": _warrant(),
        "provider": "Kaede Mobile",
        "provider_key": spki(endorsed.PROVIDER),
        **changed,
    }
    names = ("user", "device", "key", "endorsed-key", "endorsement", "warrant")
    values = {
        "user": ABROAD.user.encode(),
        "device": ABROAD.device.encode(),
        "key": sha256(spki(KEY)).digest(),
        "endorsed-key": sha256(made["public_key"]).digest(),
        "endorsement": sha256(made["endorsement"]).digest(),
        "warrant": sha256(made["warrant"]).digest(),
    }
    at = AT - timedelta(days=7)
    leaf = make_leaf(LeafKind.ENDORSEMENT, at=at, values=values, secret=_ENDORSEMENT_SECRET)
    salts = {name: salt_for(_ENDORSEMENT_SECRET, name) for name in names}
    return EndorsementCopy(leaf=encode_leaf(leaf), salts=salts, **made)


def _warrant(**changed: Any) -> bytes:  # noqa: ANN401 - of the draft
    span = {
        "valid_from": int((AT - timedelta(days=30)).timestamp()),
        "valid_until": int((AT + timedelta(days=30)).timestamp()),
    }
    return endorsed.warrant(**{**span, **changed}).encode()


def _by_component(copy: EndorsementCopy | None = None) -> Contents:
    answer = EnvelopeDraft(answer=OK, key=endorsed.COMPONENT).encode()
    return _contents(
        key=_COMPONENT_BOUND,
        proof=Proof(kind=ProofKind.TRUSTED_UI, data=answer),
        endorsement=copy or _endorsement(),
    )


def _contents(outcome: Outcome = _APPROVED, **changes: Any) -> Contents:  # noqa: ANN401 - any member
    answer = OK if outcome.verdict is Verdict.OK else NG
    made: dict[str, Any] = {
        "verifier": ABROAD.verifier,
        "log": ledger.ORIGIN,
        "issued_at": AT + timedelta(seconds=1),
        "outcome": outcome,
        "leaf": b"",
        "transaction": ABROAD_BYTES,
        "proof": Proof(
            kind=ProofKind.TRUSTED_UI, data=EnvelopeDraft(answer=answer, key=KEY).encode()
        ),
        "key": _BOUND,
        "binding": _binding(),
        **changes,
    }
    contents = Contents(**made)
    bound = contents.binding
    values = leaf_values(
        outcome,
        user=bound.user if bound else ABROAD.user,
        device=bound.device if bound else None,
        key=contents.key,
        proof=contents.proof,
        endorsed_key=contents.endorsement.public_key if contents.endorsement else None,
    )
    leaf = make_leaf(LeafKind.CONFIRMATION, at=AT, values=values, secret=_LEAF_SECRET)
    return structs.replace(contents, leaf=encode_leaf(leaf))


def _pending(contents: Contents, seed: str = "receipts") -> bytes:
    secret = Secret(octets("receipt parts"))
    return issue(contents, signer=signer(seed), leaf_secret=_LEAF_SECRET, secret=secret)


def _inclusion(contents: Contents, *published: bytes, witnessed: bool = True) -> Inclusion:
    bound = contents.binding.leaf if contents.binding else b"nobody"
    recorded = [contents.endorsement.leaf] if contents.endorsement else []
    ours = [bound, *published, *recorded, contents.leaf]
    leaves = [b"stranger 1", *ours, b"stranger 2", b"stranger 3"]
    frontier, nodes = merkle.append(merkle.Frontier(), map(merkle.leaf_hash, leaves))

    def place(leaf: bytes) -> LeafProof:
        index = leaves.index(leaf)
        return LeafProof(index=index, path=merkle.inclusion_proof(index, len(leaves), nodes))

    names = (_WITNESS,) if witnessed else ()
    return Inclusion(
        checkpoint=ledger.head(len(leaves), merkle.root(frontier), *names),
        place=place(contents.leaf),
        binding=place(bound) if contents.binding else None,
        published=tuple((leaf, place(leaf)) for leaf in published),
        endorsement=place(*recorded) if recorded else None,
    )


def _whole(contents: Contents) -> bytes:
    return include(_pending(contents), _inclusion(contents))


def _vector(name: str, body: bytes, state: str = "approved", unchecked: str = "") -> Vector:
    """`unchecked` is what the receipt leaves open beside counter and decision."""
    return Vector(
        name=name,
        format="receipt",
        headers={
            "log-key": ledger.log_line(),
            "witness-keys": ledger.witness_line(_WITNESS),
            "threshold": 1,
            "server-key": SIGNER.public_key,
            "at": YEARS_LATER,
            "state": state,
            "unchecked": ", ".join(filter(None, (unchecked, "counter, decision"))),
        },
        body=body,
    )


def _accepted() -> list[Vector]:
    contents = _contents()
    whole, evidenced = _whole(contents), _contents(evidence=_evidence())
    no_evidence = "evidence, evidence-key"
    with_evidence = _vector("with-evidence", _whole(evidenced))
    published = encode_leaf(
        make_leaf(
            LeafKind.SERVER_KEY,
            at=ENROLLED,
            public={"purpose": "receipt", "public-key": SIGNER.public_key},
        )
    )
    by_log = include(_pending(contents), _inclusion(contents, published))
    nothing = "transaction-text, user-signature, evidence, evidence-key, binding, binding-recorded"
    pending = f"{no_evidence}, binding-recorded, inclusion, log-signature, witnesses"
    return [
        _vector("approved", whole, unchecked=no_evidence),
        variant(with_evidence, "with-evidence", "accept", anchor=_PHONE.root, known_at=ENROLLED),
        variant(
            _vector("", _whole(_by_component()), unchecked=no_evidence),
            "by-endorsed-key",
            "accept",
            provider_key=spki(endorsed.PROVIDER),
        ),
        _vector("refused-not-me", _whole(_contents(_DISOWNED)), "refused", no_evidence),
        variant(
            _vector("", whole, unchecked=f"{no_evidence}, log-signature"),
            "log-nobody-vouches-for",
            "accept",
            log_key=None,
        ),
        _vector("pending", _pending(contents), unchecked=pending),
        _vector("without-personal-data", withhold(whole), unchecked=nothing),
        variant(
            _vector("server-key-published-by-log", by_log, unchecked=no_evidence),
            "server-key-published-by-log",
            "accept",
            server_key=None,
        ),
    ]


def _refused() -> list[Vector]:
    contents = _contents()
    whole = _whole(contents)
    base = variant(_vector("", whole), "", "accept", state=None, unchecked=None)
    room = "receipt-check"
    ng = _contents(_DISOWNED)
    other_binding = _binding("customer-8")
    moved = _contents(binding=other_binding)
    late = _contents(binding=_binding(at=AT + timedelta(hours=1)))
    unwitnessed = include(_pending(contents), _inclusion(contents, witnessed=False))
    elsewhere = include(_pending(contents), _inclusion(ng))
    false = _contents(structs.replace(_APPROVED, state="approved"), proof=ng.proof)
    stripped = _contents(structs.replace(_DISOWNED, reason=Reason.CHANGED_MIND), proof=ng.proof)
    cases: tuple[tuple[str, str, bytes], ...] = (
        ("text-swapped", f"{room}/parts", _swapped(whole, Part.TRANSACTION, TRANSFER_BYTES)),
        ("proof-swapped", f"{room}/parts", _part_of(whole, _whole(ng), Part.PROOF)),
        ("ng-said-to-be-ok", f"{room}/answer", _whole(false)),
        ("reason-stripped", f"{room}/answer", _whole(stripped)),
        ("of-another-person", f"{room}/binding", _whole(moved)),
        ("key-bound-afterwards", f"{room}/binding", _whole(late)),
        (
            "endorsed-by-stranger",
            f"{room}/endorsement",
            _whole(_by_component(_endorsement(stated={"bound": p256("stranger")}))),
        ),
        (
            "warrant-for-another-device",
            f"{room}/warrant",
            _whole(
                _by_component(_endorsement(warrant=_warrant(device_key=spki(p256("stranger")))))
            ),
        ),
        ("leaf-not-in-the-log", f"{room}/inclusion", elsewhere),
        ("without-witness", f"{room}/witnesses", unwitnessed),
        ("leaf-withheld", f"{room}/parts", _without(whole, Part.LEAF)),
        ("server-signature-changed", f"{room}/server-signature", _forged(whole)),
        ("signed-by-stranger", f"{room}/server-key", _pending(contents, "stranger")),
        ("wrong-order-map", f"{room}/form", cbor2.dumps(dict(reversed(_item(whole).items())))),
        ("more-members", f"{room}/form", _written({**_item(whole), 9: 1})),
        ("empty", "cbor/well-formed", b""),
    )
    other_evidence = _PHONE.attest(challenge=b"activation", made_at=ENROLLED, key=p256("other"))
    another = _contents(evidence=structs.replace(_evidence(), data=other_evidence.der()))
    return [
        *(variant(base, name, code, body=body) for name, code, body in cases),
        variant(
            base,
            "evidence-of-another-key",
            f"{room}/evidence-key",
            body=_whole(another),
            anchor=_PHONE.root,
            known_at=ENROLLED,
        ),
        variant(base, "log-of-another-key", f"{room}/log-key", log_key=ledger.OTHER_LOG),
        variant(
            base,
            "judged-before-it-was-issued",
            f"{room}/time",
            body=_pending(contents),
            at=AT - timedelta(hours=1),
        ),
    ]


def _item(receipt: bytes) -> dict[int, Any]:
    item: dict[int, Any] = cbor2.loads(receipt)
    return item


def _written(item: dict[int, Any]) -> bytes:
    return cbor2.dumps(item, canonical=True)


def _swapped(receipt: bytes, part: Part, content: bytes) -> bytes:
    item = _item(receipt)
    salt, openings, _ = cbor2.loads(item[3][part.value])
    item[3][part.value] = cbor2.dumps([salt, openings, content], canonical=True)
    return _written(item)


def _part_of(receipt: bytes, other: bytes, part: Part) -> bytes:
    item = _item(receipt)
    item[3][part.value] = _item(other)[3][part.value]
    return _written(item)


def _without(receipt: bytes, part: Part) -> bytes:
    item = _item(receipt)
    del item[3][part.value]
    return _written(item)


def _forged(receipt: bytes) -> bytes:
    item = _item(receipt)
    item[2] = item[2][:-1] + bytes([item[2][-1] ^ 1])
    return _written(item)
