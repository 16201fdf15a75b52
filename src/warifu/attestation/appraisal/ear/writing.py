"""From an `Ear` to a claims-set in the labels of a profile and encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear.document import EarProfile
from warifu.attestation.appraisal.ear.reading import read_claims, vocabulary_of
from warifu.attestation.appraisal.ear.vocabulary import KEY_MEMBER
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, Misuse

if TYPE_CHECKING:
    from warifu.attestation.appraisal.ear.document import Ear, EarAppraisal
    from warifu.attestation.appraisal.ear.vocabulary import Vocabulary
    from warifu.attestation.appraisal.vector import Tier


def write_claims(ear: Ear, *, in_json: bool) -> dict[Any, Any]:
    """The claims-set, ready for JSON or CBOR. What we would not read, we do not write.

    Raises:
        Misuse: ``ear/profile`` where the profile has no such encoding, or the rule that the result
            would not meet.
    """
    names = vocabulary_of(ear.profile, in_json=in_json)
    if names is None:
        raise Misuse(rules.EAR_PROFILE, f"{ear.profile} has no CBOR")
    document = {
        **ear.extensions,
        names.profile: ear.profile.value,
        names.issued_at: ear.issued_at,
        **_given(names.expires_at, ear.expires_at),
        names.verifier_id: {
            names.developer: ear.verifier.developer,
            names.build: ear.verifier.build,
        },
        **_given(names.nonce, _nonces(ear.nonces, names)),
        **_given(
            names.raw_evidence,
            None if ear.raw_evidence is None else _bytes(ear.raw_evidence, names),
        ),
        **_given(names.status, None if ear.status is None else _tier(ear.status, names)),
        names.submodules: {
            name: _appraisal(part, names, ear.profile) for name, part in ear.submodules.items()
        },
    }
    try:
        read_claims(document, in_json=in_json)
    except BadEvidence as error:
        raise Misuse(error.rule, error.detail) from error
    return document


def _appraisal(part: EarAppraisal, names: Vocabulary, profile: EarProfile) -> dict[Any, Any]:
    policies: Any = part.policy_ids[0] if names.one_policy and part.policy_ids else None
    own: dict[Any, Any] = {}
    if profile is EarProfile.DRAFT_04:
        own |= _given(names.attester_claims, part.attester_claims)
        own |= _given(names.verifier_claims, part.verifier_claims)
    claims = part.vector.claims()
    key = part.attested_key
    return {
        **part.extensions,
        names.status: _tier(part.status, names),
        **_given(names.vector, {names.entries[e]: claim for e, claim in claims.items()} or None),
        **_given(names.policy_ids, policies if names.one_policy else list(part.policy_ids) or None),
        **_given(names.key_attestation, None if key is None else {KEY_MEMBER: _bytes(key, names)}),
        **own,
    }


def _given(label: Any, value: Any) -> dict[Any, Any]:  # noqa: ANN401 - any claim
    return {} if value is None else {label: value}


def _nonces(nonces: tuple[bytes, ...], names: Vocabulary) -> Any:  # noqa: ANN401 - one or many
    """RFC 9711 §4.1: one stands by itself, several in an array."""
    written = [_bytes(nonce, names) for nonce in nonces]
    return written if len(written) > 1 else next(iter(written), None)


def _bytes(value: bytes, names: Vocabulary) -> str | bytes:
    return text.to_base64url(value) if names.in_json else value


def _tier(tier: Tier, names: Vocabulary) -> str | int:
    return tier.label if names.in_json else tier.value
