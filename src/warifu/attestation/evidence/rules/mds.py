"""Rules of FIDO metadata BLOBs, in the order of checking. They stand in the trust room."""

from __future__ import annotations

from warifu.attestation.trust.rules import (
    MDS_FRESH,
    MDS_NO_ROLLBACK,
    MDS_SIGNER,
    MDS_WELL_FORMED,
)
from warifu.base.codec.jose import ALGORITHM, NO_KEY_REFERENCE
from warifu.base.codec.jose import SIGNATURE as BLOB_SIGNATURE
from warifu.base.pki.path import ANCHORED, ISSUER_IS_AUTHORITY, NAMES_CHAIN, VALID_AT
from warifu.base.pki.signature import SIGNATURE as CERTIFICATE_SIGNATURE
from warifu.base.rule import Leniency, Rule

RULES: tuple[Rule, ...] = (
    ALGORITHM,
    NO_KEY_REFERENCE,
    ANCHORED,
    NAMES_CHAIN,
    CERTIFICATE_SIGNATURE,
    VALID_AT,
    ISSUER_IS_AUTHORITY,
    MDS_SIGNER,
    BLOB_SIGNATURE,
    MDS_WELL_FORMED,
    MDS_NO_ROLLBACK,
    MDS_FRESH,
)

LENIENCIES: tuple[Leniency, ...] = ()

_SIGNED = (BLOB_SIGNATURE, MDS_WELL_FORMED)

PROOFS: dict[str, tuple[Rule, ...]] = {
    "detail.number": (*_SIGNED, MDS_NO_ROLLBACK),
    "detail.next_update": (*_SIGNED, MDS_FRESH),
    "detail.legal_header": _SIGNED,
    "detail.signer": (ANCHORED, MDS_SIGNER),
    "detail.algorithm": (ALGORITHM,),
    "detail.models": _SIGNED,
    "detail.left_out": _SIGNED,
    "detail.roots": _SIGNED,
    "detail.statuses": _SIGNED,
    "detail.compromised": _SIGNED,
    "detail.unknown": _SIGNED,
}
