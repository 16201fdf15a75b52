"""Device trust and transaction confirmation for mobile finance.

One call per evidence format, and `verify_evidence`, which dispatches on media type. Each returns
the proved `Claims` or raises one error of the tree; none returns a bool. Times are arguments: `at`,
when the evidence was made, and `known_at`, in the `TrustView`, which says what was believed.
"""

from warifu.attestation.claims import Claims, Format, Realm
from warifu.attestation.evidence.android_key import verify as verify_android_key
from warifu.attestation.evidence.app_attest import verify as verify_app_attest
from warifu.attestation.evidence.app_attest_assertion import verify as verify_app_attest_assertion
from warifu.attestation.evidence.app_attest_receipt import verify as verify_app_attest_receipt
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.mds import MDSExpectations
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.facts.webauthn import StoredCredential, WebAuthnExpectations
from warifu.attestation.evidence.mds import verify as verify_mds
from warifu.attestation.evidence.play_integrity import verify as verify_play_integrity
from warifu.attestation.evidence.safetynet import verify as verify_safetynet
from warifu.attestation.evidence.webauthn import verify as verify_webauthn
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse, make_anchor
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import Evidence, unwrap, verify_evidence
from warifu.base.errors import (
    BadEvidence,
    Denied,
    MalformedEvidence,
    Misuse,
    VerifierFault,
    WarifuError,
)
from warifu.base.secret import Secret

__all__ = [
    "AnchorUse",
    "AndroidKeyExpectations",
    "AppAttestAssertionExpectations",
    "AppAttestExpectations",
    "AppAttestReceiptExpectations",
    "BadEvidence",
    "Claims",
    "Denied",
    "Evidence",
    "Format",
    "Gaps",
    "MDSExpectations",
    "MalformedEvidence",
    "Misuse",
    "PlayIntegrityExpectations",
    "Realm",
    "SafetyNetExpectations",
    "Secret",
    "StoredCredential",
    "TrustHistory",
    "TrustView",
    "VerifierFault",
    "WarifuError",
    "WebAuthnExpectations",
    "make_anchor",
    "unwrap",
    "verify_android_key",
    "verify_app_attest",
    "verify_app_attest_assertion",
    "verify_app_attest_receipt",
    "verify_evidence",
    "verify_mds",
    "verify_play_integrity",
    "verify_safetynet",
    "verify_webauthn",
]
