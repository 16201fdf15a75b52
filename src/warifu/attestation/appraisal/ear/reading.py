"""From a decoded claims-set to an `Ear`: types, mandatory claims, and no better status than facts.

Strict on purpose. Whoever relies on a result must see exactly what its verifier meant: no number
with a fraction for a time, no second spelling of bytes, no label of a vector that is not known.
"""

from __future__ import annotations

from typing import Any, TypeVar

from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear.document import Ear, EarAppraisal, EarProfile, VerifierId
from warifu.attestation.appraisal.ear.vocabulary import (
    CBOR,
    JSON,
    KEY_MEMBER,
    TIER_NAMES,
    TIER_NUMBERS,
    VERAISON_JSON,
    Vocabulary,
)
from warifu.attestation.appraisal.vector import (
    HIGHEST,
    LOWEST,
    Tier,
    TrustVector,
    exceeds,
    least_trusted,
    outranks,
    vector_of,
)
from warifu.base.codec import text
from warifu.base.errors import BadEvidence, MalformedEvidence

Kind = TypeVar("Kind")

MAX_SUBMODULES = 64
MAX_POLICIES = 64
MAX_NONCES = 16
MAX_TEXT = 2048
MAX_SECONDS = 253_402_300_799
"""The last second of the year 9999."""
NONCE_BYTES = range(8, 65)

_VOCABULARIES = {
    (EarProfile.DRAFT_04, True): JSON,
    (EarProfile.DRAFT_03, True): JSON,
    (EarProfile.VERAISON, True): VERAISON_JSON,
    (EarProfile.DRAFT_04, False): CBOR,
    (EarProfile.DRAFT_03, False): CBOR,
}


def vocabulary_of(profile: EarProfile, *, in_json: bool) -> Vocabulary | None:
    """The labels of a profile in one encoding; None where it has no such encoding."""
    return _VOCABULARIES.get((profile, in_json))


def read_claims(document: dict[Any, Any], *, in_json: bool) -> Ear:
    """Read a claims-set whose signature, if any, was checked.

    Args:
        document: Decoded JSON or CBOR.
        in_json: Which of the two.

    Raises:
        MalformedEvidence: ``ear/well-formed``.
        BadEvidence: ``ear/profile``, ``ear/mandatory-claims``, ``ear/status``.
    """
    profile, names = _profile(document, in_json=in_json)
    left = _members(document)
    del left[names.profile]
    submodules = {
        _text(name): _appraisal(value, names, profile)
        for name, value in _submodules(left, names).items()
    }
    ear = Ear(
        profile=profile,
        issued_at=_seconds(_required(left, names.issued_at)),
        expires_at=_optional(left, names.expires_at, _seconds),
        verifier=_verifier(left, names),
        nonces=_nonces(left.pop(names.nonce, []), names),
        raw_evidence=_optional(left, names.raw_evidence, lambda value: _bytes(value, names)),
        status=_optional(left, names.status, lambda value: _tier(value, names)),
        submodules=submodules,
        extensions=left,
    )
    worst = least_trusted(part.status for part in submodules.values())
    if ear.status is not None and outranks(ear.status, worst):
        raise BadEvidence(rules.EAR_STATUS, f"{ear.status.label} over {worst.label}")
    return ear


def _profile(document: dict[Any, Any], *, in_json: bool) -> tuple[EarProfile, Vocabulary]:
    label = (JSON if in_json else CBOR).profile
    if label not in document:
        raise BadEvidence(rules.EAR_MANDATORY, f"{label}")
    stated = document[label]
    profile = _PROFILES.get(stated) if type(stated) is str else None
    names = vocabulary_of(profile, in_json=in_json) if profile else None
    if profile is None or names is None:
        raise BadEvidence(rules.EAR_PROFILE, repr(stated)[:100])
    return profile, names


def _submodules(left: dict[Any, Any], names: Vocabulary) -> dict[Any, Any]:
    found = _members(_required(left, names.submodules))
    if not found:
        raise BadEvidence(rules.EAR_MANDATORY, "no submodule")
    if len(found) > MAX_SUBMODULES:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"{len(found)} submodules")
    return found


def _appraisal(value: object, names: Vocabulary, profile: EarProfile) -> EarAppraisal:
    left = _members(value)
    status = _tier(_required(left, names.status), names)
    vector = _optional(left, names.vector, lambda each: _vector(each, names)) or TrustVector()
    if exceeds(status, vector):
        raise BadEvidence(rules.EAR_STATUS, f"{status.label} over {vector.claims()}")
    own: dict[str, Any] = {}
    if profile is EarProfile.DRAFT_04:
        own["attester_claims"] = _optional(left, names.attester_claims, _members)
        own["verifier_claims"] = _optional(left, names.verifier_claims, _members)
    return EarAppraisal(
        status=status,
        vector=vector,
        policy_ids=_optional(left, names.policy_ids, lambda each: _policies(each, names)) or (),
        attested_key=_optional(left, names.key_attestation, lambda each: _key(each, names)),
        extensions=left,
        **own,
    )


def _vector(value: object, names: Vocabulary) -> TrustVector:
    left = _members(value)
    claims = {
        entry: _claim(left.pop(label)) for entry, label in names.entries.items() if label in left
    }
    if left or not claims:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "a vector is empty or has unknown entries")
    return vector_of(claims)


def _claim(value: object) -> int:
    number = _typed(value, int)
    if not LOWEST <= number <= HIGHEST:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"claim {number}"[:40])
    return number


def _tier(value: object, names: Vocabulary) -> Tier:
    known: dict[Any, Tier] = TIER_NAMES if names.in_json else TIER_NUMBERS
    found = known.get(value) if type(value) is (str if names.in_json else int) else None
    if found is None:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"status {value!r:.40}")
    return found


def _policies(value: object, names: Vocabulary) -> tuple[str, ...]:
    listed = [value] if names.one_policy else _typed(value, list)
    if not 0 < len(listed) <= MAX_POLICIES:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"{len(listed)} policies")
    return tuple(map(_text, listed))


def _key(value: object, names: Vocabulary) -> bytes:
    members = _members(value)
    if members.keys() != {KEY_MEMBER}:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "a key attestation without its key")
    return _bytes(members[KEY_MEMBER], names)


def _verifier(left: dict[Any, Any], names: Vocabulary) -> VerifierId:
    members = _members(_required(left, names.verifier_id))
    return VerifierId(
        developer=_text(_required(members, names.developer)),
        build=_text(_required(members, names.build)),
    )


def _nonces(value: object, names: Vocabulary) -> tuple[bytes, ...]:
    listed = value if isinstance(value, list) else [value]
    found = tuple(_bytes(each, names) for each in listed)
    if len(found) > MAX_NONCES or any(len(each) not in NONCE_BYTES for each in found):
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "nonces")
    return found


def _bytes(value: object, names: Vocabulary) -> bytes:
    if not names.in_json:
        return _typed(value, bytes)
    try:
        return text.from_base64url(_typed(value, str))
    except MalformedEvidence as error:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, error.detail) from error


def _seconds(value: object) -> int:
    """RFC 9711 §4.3.1 and the EAR drafts: no floating point, however whole it is."""
    seconds = _typed(value, int)
    if not 0 <= seconds <= MAX_SECONDS:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "a time out of range")
    return seconds


def _text(value: object) -> str:
    found = _typed(value, str)
    if len(found) > MAX_TEXT:
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"text of {len(found)} characters")
    return found


def _members(value: object) -> dict[Any, Any]:
    """A copy of a map. In Python true, 1 and 1.0 are one label; another reader would see others."""
    members = _typed(value, dict)
    if any(type(label) not in _LABELS for label in members):
        raise MalformedEvidence(rules.EAR_WELL_FORMED, "labels are text or integers")
    return dict(members)


def _typed(value: object, kind: type[Kind]) -> Kind:
    if type(value) is not kind:
        found = type(value).__name__
        raise MalformedEvidence(rules.EAR_WELL_FORMED, f"{kind.__name__} wanted, {found} found")
    return value


def _required(members: dict[Any, Any], label: str | int) -> Any:  # noqa: ANN401 - any claim
    if label not in members:
        raise BadEvidence(rules.EAR_MANDATORY, f"{label}")
    return members.pop(label)


def _optional(members: dict[Any, Any], label: Any, read: Any) -> Any:  # noqa: ANN401 - any claim
    return read(members.pop(label)) if label in members else None


_LABELS = frozenset({str, int})
_PROFILES = {profile.value: profile for profile in EarProfile}
