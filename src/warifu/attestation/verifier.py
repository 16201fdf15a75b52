"""One door for all evidence: bytes and a media type in, claims or an error out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import Claims, Format
from warifu.attestation.evidence import (
    android_key,
    app_attest,
    app_attest_assertion,
    app_attest_receipt,
    mds,
    play_integrity,
    safetynet,
    webauthn,
)
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.mds import MDSExpectations
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.facts.webauthn import WebAuthnExpectations
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.base.codec import cmw
from warifu.base.errors import BadEvidence, MalformedEvidence, Misuse
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.attestation.trust.view import TrustView

KNOWN_MEDIA_TYPE = Rule(
    code="evidence/known-media-type",
    clause="RFC 9334 §8.1; RFC 9999 §3",
    requires=Text(
        ja="証拠の形式（メディアタイプ）は、対応しているものでなければなりません。",
        en="The evidence is of a media type that this verifier knows.",
    ),
    stops="evidence judged as something it is not",
)
FITTING_EXPECTATIONS = Rule(
    code="usage/fitting-expectations",
    clause="this interface",
    requires=Text(
        ja="想定値は、証拠の形式に対応するものでなければなりません。",
        en="Expectations are of the kind that belongs to the evidence format.",
    ),
)


class Evidence(Struct, frozen=True, kw_only=True):
    """What a device says, as received: unverified bytes and their media type."""

    media_type: str
    data: bytes


class FormatEntry(Struct, frozen=True, kw_only=True):
    """One evidence format: its media type, its verify function, its expectations."""

    format: Format
    media_type: str
    aliases: tuple[str, ...] = ()
    verify: Callable[..., Claims]
    expectations: type[Expectations]


FORMATS: dict[Format, FormatEntry] = {
    entry.format: entry
    for entry in (
        FormatEntry(
            format=Format.ANDROID_KEY,
            media_type="application/pem-certificate-chain",
            aliases=("application/vnd.warifu.android-key",),
            verify=android_key.verify,
            expectations=AndroidKeyExpectations,
        ),
        FormatEntry(
            format=Format.APP_ATTEST,
            media_type="application/vnd.warifu.app-attest+cbor",
            verify=app_attest.verify,
            expectations=AppAttestExpectations,
        ),
        FormatEntry(
            format=Format.APP_ATTEST_ASSERTION,
            media_type="application/vnd.warifu.app-attest-assertion+cbor",
            verify=app_attest_assertion.verify,
            expectations=AppAttestAssertionExpectations,
        ),
        FormatEntry(
            format=Format.APP_ATTEST_RECEIPT,
            media_type="application/vnd.warifu.app-attest-receipt",
            verify=app_attest_receipt.verify,
            expectations=AppAttestReceiptExpectations,
        ),
        FormatEntry(
            format=Format.WEBAUTHN,
            media_type="application/vnd.warifu.webauthn+json",
            verify=webauthn.verify,
            expectations=WebAuthnExpectations,
        ),
        FormatEntry(
            format=Format.MDS,
            media_type="application/vnd.warifu.fido-mds",
            verify=mds.verify,
            expectations=MDSExpectations,
        ),
        FormatEntry(
            format=Format.PLAY_INTEGRITY,
            media_type="application/vnd.warifu.play-integrity",
            verify=play_integrity.verify,
            expectations=PlayIntegrityExpectations,
        ),
        FormatEntry(
            format=Format.SAFETYNET,
            media_type="application/vnd.warifu.safetynet",
            verify=safetynet.verify,
            expectations=SafetyNetExpectations,
        ),
    )
}
"""Every evidence format, by the name the command line uses."""

_BY_MEDIA_TYPE = {
    media_type: entry
    for entry in FORMATS.values()
    for media_type in (entry.media_type, *entry.aliases)
}


def verify_evidence(
    evidence: Evidence,
    *,
    expected: Expectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify evidence of any format.

    Args:
        evidence: Bytes and media type, in the canonical form that the format's module states.
        expected: The expectations of that format; `expectations_for` makes them.
        trust: What is believed.
        at: When the evidence was made, with a UTC offset.
        gaps: What to do where a check cannot be made.

    Returns:
        The proved facts.

    Raises:
        BadEvidence: The evidence breaks a rule, or its media type is not known.
        VerifierFault: Nothing can be said about the device.
        Misuse: `expected` belongs to another format.
    """
    entry = format_of(evidence.media_type)
    if not isinstance(expected, entry.expectations):
        raise Misuse(FITTING_EXPECTATIONS, f"{type(expected).__name__} for {entry.format}")
    return entry.verify(evidence.data, expected=expected, trust=trust, at=at, gaps=gaps)


def format_of(media_type: str) -> FormatEntry:
    """The format of a media type; parameters after ``;`` are not looked at.

    Raises:
        BadEvidence: ``evidence/known-media-type``.
    """
    entry = _BY_MEDIA_TYPE.get(media_type.partition(";")[0].strip().lower())
    if entry is None:
        raise BadEvidence(KNOWN_MEDIA_TYPE, media_type[:100])
    return entry


def unwrap(data: bytes) -> Evidence:
    """Evidence from a CMW record, JSON or CBOR (RFC 9999 §3).

    Raises:
        MalformedEvidence: Not a CMW record, or one that says it holds something else.
    """
    wrapped = cmw.decode_record(data)
    if wrapped.indicator is not None and cmw.Indicator.EVIDENCE not in wrapped.indicator:
        raise MalformedEvidence(cmw.INDICATOR, "the record says that it holds no evidence")
    return Evidence(media_type=wrapped.media_type, data=wrapped.value)


def expectations_for(name: Format, known: dict[str, Any]) -> Expectations:
    """Expectations of a format from everything the caller knows; what it has no use for is left.

    Args:
        name: The format.
        known: Values by field name of the format's expectations.
    """
    kind = FORMATS[name].expectations
    wanted = kind.__struct_fields__
    return kind(**{key: value for key, value in known.items() if key in wanted})
