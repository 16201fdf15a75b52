"""A bank that confirms, keeps a log and issues receipts; and whoever checks them years later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from tests.authentication.ledger.logs import LOG, LOG_KEY, ORIGIN, signer
from tests.authentication.proofs.world import (
    AT,
    KEY,
    NG,
    OK,
    TRANSACTION,
    TRANSFER,
    Maker,
    bound_key,
    envelope,
)
from tests.support import make_test_anchor, test_trust
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule
from warifu.authentication.ledger import merkle, note
from warifu.authentication.ledger.checkpoint import Checkpoint, checkpoint_text, sign_checkpoint
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf, salt_for
from warifu.authentication.ledger.witness import cosign
from warifu.authentication.receipt.parts import (
    BindingCopy,
    EndorsementCopy,
    EvidenceCopy,
    Outcome,
    Proof,
)
from warifu.authentication.receipt.receipt import (
    Contents,
    Inclusion,
    LeafProof,
    include,
    issue,
    leaf_values,
)
from warifu.authentication.transaction.answer import Reason, Verdict
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.base.secret import Secret
from warifu.handset.android_key import PACKAGE, AndroidPhone
from warifu.handset.authority import new_key, spki
from warifu.handset.endorsement import TRUSTED_UI, EndorsementDraft, WarrantDraft
from warifu.receipt_check.check import Known, check_receipt
from warifu.receipt_check.keys import NoteKey, server_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warifu.authentication.transaction.confirmation import BoundKey
    from warifu.receipt_check.findings import CheckedReceipt

ENROLLED = AT - timedelta(days=30)
YEARS_LATER = datetime(2033, 1, 1, tzinfo=UTC)

SIGNER = signer("receipts", "ES256")
LEAF_SECRET = Secret(sha256(b"leaf").digest())
BINDING_SECRET = Secret(sha256(b"binding").digest())
PART_SECRET = Secret(sha256(b"receipt").digest())

PHONE = AndroidPhone.factory()
EVIDENCE = PHONE.attest(challenge=b"activation", made_at=ENROLLED, key=KEY).der()
EXPECTED = AndroidKeyExpectations(challenge=b"activation", app=PACKAGE)
TRUST = test_trust(
    make_test_anchor(PHONE.root, AnchorUse.ANDROID_KEY, validity=ValidityRule.OUTLIVES_CERTIFICATE),
    known_at=ENROLLED,
)
EVIDENCE_COPY = EvidenceCopy(
    media_type="application/pem-certificate-chain",
    data=EVIDENCE,
    expected=msgspec.json.encode(msgspec.to_builtins(EXPECTED)),
    at=ENROLLED,
    known_at=ENROLLED,
    result=b"ear",
    result_type="application/eat+cwt",
)
BOUND = bound_key(ProofKind.TRUSTED_UI)
WITNESS = "witness.example"
CHECKER_LOG = NoteKey(name=ORIGIN, type=1, public_key=LOG_KEY.public_key)
CHECKER_WITNESS = NoteKey(name=WITNESS, type=4, public_key=signer(WITNESS).public_key[-32:])
RECEIPT_KEY = server_key("receipt", SIGNER.public_key)
KNOWN = Known(
    log_keys=(CHECKER_LOG, CHECKER_WITNESS), server_keys=(RECEIPT_KEY,), trust=TRUST, witnesses=1
)

APPROVED = Outcome(
    transaction=sha256(TRANSACTION).digest(),
    template=sha256(b"template").digest(),
    state="approved",
    verdict=Verdict.OK,
    decision="serve",
    rule_set=sha256(b"rule set").digest(),
    at=AT,
)
REFUSED = structs.replace(
    APPROVED,
    state="refused",
    verdict=Verdict.NG,
    reason=Reason.NOT_ME,
    decision="refuse",
    reasons=("device-trusted",),
)


def enrolment(key: BoundKey = BOUND, **changes: bytes) -> bytes:
    """The leaf that bound a key."""
    values = {
        "user": b"customer-1",
        "device": b"device-1",
        "key": sha256(key.public_key).digest(),
        "evidence": sha256(EVIDENCE).digest(),
        **changes,
    }
    at = ENROLLED
    return encode_leaf(make_leaf(LeafKind.ENROLMENT, at=at, values=values, secret=BINDING_SECRET))


def binding(leaf: bytes | None = None, **changes: Any) -> BindingCopy:
    """The binding's part."""
    names = ("user", "device", "key", "evidence")
    made = BindingCopy(
        user=TRANSFER.user,
        device=TRANSFER.device,
        leaf=leaf or enrolment(),
        salts={name: salt_for(BINDING_SECRET, name) for name in names},
    )
    return structs.replace(made, **changes)


def contents(
    outcome: Outcome = APPROVED,
    *,
    kind: ProofKind = ProofKind.TRUSTED_UI,
    proof: bytes | None = None,
    **changes: Any,
) -> Contents:
    """What an honest bank puts into a receipt; the leaf is made of it unless given."""
    key = changes.pop("key", bound_key(kind))
    answer = OK if outcome.verdict is Verdict.OK else NG
    made = Proof(kind=kind, data=proof or Maker(kind)(answer))
    evidence = EVIDENCE_COPY if kind is ProofKind.TRUSTED_UI else None
    found = Contents(
        verifier=TRANSFER.verifier,
        log=ORIGIN,
        issued_at=AT + timedelta(seconds=1),
        outcome=outcome,
        leaf=b"",
        transaction=TRANSACTION,
        proof=made,
        key=key,
        evidence=evidence,
        binding=binding(enrolment(key) if key else None),
    )
    found = structs.replace(found, **{"leaf": b"", **changes})
    return structs.replace(found, leaf=changes.get("leaf") or confirmation_leaf(found))


COMPONENT, PROVIDER = new_key(), new_key()
DEVICE = bound_key(ProofKind.DEVICE_KEY)
ENDORSED_AT = AT - timedelta(days=7)
ENDORSEMENT_SECRET = Secret(sha256(b"endorsement").digest())
STATED = {
    "verifier": TRANSFER.verifier,
    "channel": "app",
    "binding": bytes(16),
    "use": TRUSTED_UI,
    "challenge": bytes(32),
    "expires_at": int((AT + timedelta(days=300)).timestamp()),
    "bound": KEY,
    "key": COMPONENT,
}
"""Of an honest endorsement."""


def warrant(**changed: Any) -> bytes:
    """By the provider, for the component on this phone."""
    members = {
        "key": spki(COMPONENT),
        "device_key": spki(KEY),
        "provider": PROVIDER,
        "valid_from": int((AT - timedelta(days=30)).timestamp()),
        "valid_until": int((AT + timedelta(days=30)).timestamp()),
        **changed,
    }
    return WarrantDraft(**members).encode()


def endorsement(*, leaf: bytes | None = None, **changed: Any) -> EndorsementCopy:
    """The part about the component's key; `changed` are its members, or of the statement."""
    stated = {name: changed.pop(name, value) for name, value in STATED.items()}
    draft = EndorsementDraft(**stated)
    made = {
        "public_key": spki(COMPONENT),
        "endorsement": draft.encode(),
        "possession": draft.possession(),
        "warrant": warrant(),
        "provider": "Kaede Mobile",
        "provider_key": spki(PROVIDER),
        **changed,
    }
    names = ("user", "device", "key", "endorsed-key", "endorsement", "warrant")
    salts = {name: salt_for(ENDORSEMENT_SECRET, name) for name in names}
    return EndorsementCopy(**{"leaf": leaf or endorsement_leaf(made), "salts": salts, **made})


def endorsement_leaf(
    made: Mapping[str, Any],
    *,
    at: datetime = ENDORSED_AT,
    key: bytes | None = None,
    whose: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The leaf that says so."""
    values = {
        "user": TRANSFER.user.encode(),
        "device": TRANSFER.device.encode(),
        "key": sha256(key or spki(KEY)).digest(),
        "endorsed-key": sha256(made["public_key"]).digest(),
        "endorsement": sha256(made["endorsement"]).digest(),
        "warrant": sha256(made["warrant"]).digest(),
        **whose,
    }
    return encode_leaf(
        make_leaf(LeafKind.ENDORSEMENT, at=at, values=values, secret=ENDORSEMENT_SECRET)
    )


def endorsed_contents(copy: EndorsementCopy | None = None, **changed: Any) -> Contents:
    """What a bank puts into a receipt where the component's key answered."""
    return contents(
        kind=ProofKind.TRUSTED_UI,
        **{
            "key": DEVICE,
            "proof": envelope(OK, key=COMPONENT).encode(),
            "endorsement": copy or endorsement(),
            **changed,
        },
    )


def confirmation_leaf(found: Contents, **changes: Any) -> bytes:
    """The leaf of a confirmation with these contents."""
    bound = found.binding
    values = leaf_values(
        found.outcome,
        user=bound.user if bound else TRANSFER.user,
        device=bound.device if bound else None,
        key=found.key,
        proof=found.proof,
        endorsed_key=found.endorsement.public_key if found.endorsement else None,
    )
    fields = {"at": AT, "values": values, "secret": LEAF_SECRET, **changes}
    return encode_leaf(make_leaf(LeafKind.CONFIRMATION, **fields))


def pending(found: Contents | None = None, **changes: Any) -> bytes:
    """A receipt that was just issued."""
    arguments = {"signer": SIGNER, "leaf_secret": LEAF_SECRET, "secret": PART_SECRET, **changes}
    return issue(found or contents(), **arguments)


class Log:
    """A log of some strangers' leaves and ours."""

    def __init__(self, *leaves: bytes) -> None:
        self.leaves = [b"stranger 1", *leaves, b"stranger 2", b"stranger 3"]
        hashes = [merkle.leaf_hash(each) for each in self.leaves]
        self.frontier, self.nodes = merkle.append(merkle.Frontier(), hashes)

    @property
    def size(self) -> int:
        return len(self.leaves)

    def checkpoint(self, *, origin: str = ORIGIN, witnessed: bool = True) -> bytes:
        head = Checkpoint(origin=origin, size=self.size, root=merkle.root(self.frontier))
        signed = sign_checkpoint(head, LOG)
        if not witnessed:
            return signed
        line = cosign(checkpoint_text(head), name=WITNESS, signer=signer(WITNESS), at=AT)
        found = note.read_note(signed)
        return note.write_note(found.text, [*found.signatures, line])

    def proof(self, leaf: bytes) -> LeafProof:
        index = self.leaves.index(leaf)
        return LeafProof(index=index, path=merkle.inclusion_proof(index, self.size, self.nodes))


def publishing(public_key: bytes = SIGNER.public_key, purpose: str = "receipt") -> bytes:
    """The leaf that publishes a key of the server."""
    members: dict[str, bytes | str] = {"purpose": purpose, "public-key": public_key}
    return encode_leaf(make_leaf(LeafKind.SERVER_KEY, at=ENROLLED, public=members))


def inclusion(found: Contents, *published: bytes) -> Inclusion:
    """Where everything is."""
    bound = found.binding.leaf if found.binding else b"nobody"
    endorsed = (found.endorsement.leaf,) if found.endorsement else ()
    log = Log(*published, bound, *endorsed, found.leaf)
    return Inclusion(
        checkpoint=log.checkpoint(),
        place=log.proof(found.leaf),
        binding=log.proof(bound),
        published=tuple((leaf, log.proof(leaf)) for leaf in published),
        endorsement=log.proof(*endorsed) if endorsed else None,
    )


def receipt(found: Contents | None = None, *published: bytes) -> bytes:
    """A complete receipt."""
    made = found or contents()
    return include(pending(made), inclusion(made, *published))


def check(data: bytes, known: Known = KNOWN, at: datetime = YEARS_LATER) -> CheckedReceipt:
    """Check a receipt years later, when app, OS and policy are gone."""
    return check_receipt(data, known=known, at=at)
