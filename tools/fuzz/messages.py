"""Fuzzing of what else the two authentications read, held against the keys of the wire vectors.

Signatures count as good where `Target.assumes_signatures` says so; those of the log's notes and
checkpoints are computed all the same. Seeds are the vectors that are accepted.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.vectors import activation, endorsed, ledger, receipts, user
from tools.vectors.keys import octets
from tools.vectors.pages import all_vectors
from tools.vectors.transactions import AT, VERIFIER
from tools.vectors.vector import ACCEPT
from warifu.attestation.claims import Endorsement, Key
from warifu.attestation.trust.view import TrustView
from warifu.authentication.binding.code import read_code
from warifu.authentication.binding.endorsement import AskedEndorsement, Use, verify_endorsement
from warifu.authentication.binding.warrant import Provider, verify_warrant
from warifu.authentication.ceremony.context import Context
from warifu.authentication.ledger import checkpoint, note, witness
from warifu.authentication.ledger.leaf import decode_leaf
from warifu.authentication.receipt.view import view
from warifu.authentication.transaction.answer import decode_answer
from warifu.authentication.transaction.confirmation import BoundKey, ProofKind
from warifu.authentication.transaction.encoding import decode
from warifu.authentication.user import calls, dpop, hpke_keys, pin
from warifu.authentication.user.statement import StatementTerms, verify_statement
from warifu.base.errors import MalformedEvidence
from warifu.base.keys.jwks import thumbprint
from warifu.base.secret import Secret
from warifu.handset.authority import spki
from warifu.handset.webauthn import RP_ID
from warifu.receipt_check.check import Known, check_receipt
from warifu.receipt_check.keys import read_note_keys, server_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PUBLIC = spki(user.KEY)
_CONTEXT = Context(
    verifier=VERIFIER, channel="app", purpose="log-in", user="customer-7", device="device-3"
)
_FORMATS = {
    "transaction": "transaction",
    "answer": "answer",
    "activation-code": "activation-code",
    "pin-envelope": "pin-envelope",
    "hpke-certificate": "hpke-certificate",
    "user-statement": "user-statement",
    "signed-call": "signed-call",
    "dpop": "dpop",
    "endorsement": "endorsement",
    "warrant": "warrant",
    "checkpoint": "checkpoint",
    "leaf": "leaf",
    "receipt": "receipt",
    "receipt-file": "receipt",
}
"""The format of vectors that each target takes its seeds from."""


def readers() -> dict[str, Callable[[bytes], object]]:
    """What reads without any signature, by name."""
    return {
        "transaction": decode,
        "answer": decode_answer,
        "leaf": decode_leaf,
        "receipt-file": view,
        "checkpoint": _checkpoint,
    }


def targets() -> dict[str, Callable[[bytes], object]]:
    """What lies behind a signature, by name."""
    return {
        "activation-code": _code,
        "pin-envelope": _pin,
        "hpke-certificate": partial(
            hpke_keys.read_hpke_certificate,
            keys={user.CERTIFIER.key_id: user.CERTIFIER.public_key},
            verifier=VERIFIER,
            now=AT,
        ),
        "user-statement": _statement,
        "signed-call": _call,
        "dpop": _dpop,
        "endorsement": _endorsement,
        "warrant": _warrant,
        "receipt": _receipt,
    }


def seeds() -> Iterator[tuple[str, bytes]]:
    """Target and seed."""
    accepted = [vector for vector in all_vectors() if vector.expect == ACCEPT]
    for target, form in _FORMATS.items():
        yield from ((target, vector.body) for vector in accepted if vector.format == form)


def _checkpoint(data: bytes) -> None:
    found = checkpoint.read_checkpoint(
        data, origin=ledger.ORIGIN, keys=[note.read_verifier_key(ledger.log_line())]
    )
    lines = map(ledger.witness_line, ledger.WITNESSES)
    policy = witness.WitnessPolicy(witnesses=tuple(map(note.read_verifier_key, lines)))
    witness.check_witnesses(found.note, policy=policy, at=AT + timedelta(days=1))


def _code(data: bytes) -> None:
    # The wire has text: what is no UTF-8 is another reader's to refuse.
    text = data.decode("utf-8", "replace")
    read_code(text, keys=[activation.CODES.public_key], verifier=VERIFIER, now=AT)


def _bound(kind: ProofKind) -> BoundKey:
    return BoundKey(
        kind=kind,
        public_key=_PUBLIC,
        identifier=sha256(_PUBLIC).digest(),
        app="TEAM123456.jp.example.bank",
        counter=0,
    )


def _pin(data: bytes) -> None:
    public = user.HPKE_PUBLIC
    key = hpke_keys.HpkeKey(
        id=hpke_keys.hpke_key_id(public),
        public_key=public,
        verifier=VERIFIER,
        not_before=AT,
        not_after=AT + timedelta(hours=4),
    )
    sealed = pin.verify_envelope(
        data,
        bound=_bound(ProofKind.TRUSTED_UI),
        context=_CONTEXT,
        challenge=activation.CHALLENGE,
        keys={key.id: key},
        now=AT,
    )
    pin.open_pin(sealed, Secret(user.HPKE_PRIVATE.private_bytes_raw()))


def _statement(data: bytes) -> None:
    verify_statement(
        data,
        bound=_bound(ProofKind.TRUSTED_UI),
        attested=Key(public_key=_PUBLIC, endorsement=Endorsement.ANCHORED),
        context=_CONTEXT,
        challenge=activation.CHALLENGE,
        terms=StatementTerms(),
        now=AT,
    )


def _call(data: bytes) -> None:
    """As a key of a trusted application, and where that is no such message, as App Attest's."""
    request = calls.Request(method="POST", url="", path="/v1/transfers?dry=0", body=b'{"amount":1}')
    session = calls.Session(context=_CONTEXT, challenge=activation.CHALLENGE)
    judge = partial(calls.verify_ordered_call, data, request=request, session=session, now=AT)
    try:
        judge(bound=_bound(ProofKind.TRUSTED_UI))
    except MalformedEvidence:
        judge(bound=_bound(ProofKind.APP_ATTEST))


def _dpop(data: bytes) -> None:
    dpop.verify_dpop(
        data,
        method="GET",
        url="https://api.bank.example/v1/balance",
        token=b"opaque-access-token",
        bound_to=thumbprint(_PUBLIC),
        now=AT,
    )


def _endorsement(data: bytes) -> None:
    """As each kind of bound key signs one; the first that reads it tells what it is."""
    asked = AskedEndorsement(
        verifier=VERIFIER,
        channel="app",
        binding=octets("binding", 16),
        use=Use.SESSION,
        challenge=octets("endorsement challenge"),
        expires_at=endorsed.ENDS,
    )
    possession = endorsed.draft().possession()
    judge = partial(verify_endorsement, data, possession, asked=asked, origins=None, now=AT)
    for kind in (ProofKind.DEVICE_KEY, ProofKind.APP_ATTEST):
        with suppress(MalformedEvidence):
            judge(bound=_bound(kind))
            return
    judge(bound=replace(_bound(ProofKind.WEBAUTHN), app=RP_ID))


def _warrant(data: bytes) -> None:
    verify_warrant(
        data,
        providers=[Provider(name="provider", public_key=spki(endorsed.PROVIDER))],
        public_key=spki(endorsed.COMPONENT),
        bound=_bound(ProofKind.DEVICE_KEY),
        now=AT,
    )


@cache
def _known() -> Known:
    lines = [ledger.log_line(), ledger.witness_line(ledger.WITNESSES[0])]
    return Known(
        log_keys=read_note_keys("\n".join(lines).encode()),
        server_keys=(server_key("receipt", receipts.SIGNER.public_key),),
        trust=TrustView(known_at=receipts.ENROLLED),
    )


def _receipt(data: bytes) -> None:
    check_receipt(data, known=_known(), at=receipts.YEARS_LATER)
