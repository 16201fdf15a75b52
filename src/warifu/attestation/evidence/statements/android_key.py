"""The android-key statement (WebAuthn L3 §8.4): Android certifies a key of its keystore."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.attestation.claims import SecurityLevel
from warifu.attestation.evidence.android_chain import prove_chain
from warifu.attestation.evidence.android_key import check_description
from warifu.attestation.evidence.facts.android_key import AuthorizationList, Provisioning
from warifu.attestation.evidence.readers.authorization_tags import ORIGIN_GENERATED, PURPOSE_SIGN
from warifu.attestation.evidence.readers.key_description import (
    KEY_DESCRIPTION_OID,
    KeyDescription,
    read_key_description,
)
from warifu.attestation.evidence.rules import webauthn_android as rules
from warifu.attestation.evidence.statements.context import (
    StatementFacts,
    check_statement_signature,
    read_chain,
    statement_map,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, MissingTrust
from warifu.base.pki import cose
from warifu.base.pki.path import ANCHORED
from warifu.base.pki.signature import load_public_key

if TYPE_CHECKING:
    from warifu.attestation.evidence.android_chain import AndroidChain
    from warifu.attestation.evidence.statements.context import StatementContext
    from warifu.base.pki.certificate import Certificate
    from warifu.base.rule import Rule


class AndroidKeyStatementFacts(Struct, frozen=True, kw_only=True, tag="webauthn-android-key"):
    """What only an android-key statement tells. Boot state, patch levels: in the lists."""

    algorithm: str
    """The algorithm of the statement's signature."""
    attestation_version: int
    keymint_version: int
    attestation_level: SecurityLevel
    """Who made the statement."""
    key_level: SecurityLevel
    """Which implementation holds the key, as the statement says."""
    enforced_level: SecurityLevel
    """What enforces that the key was generated there and signs: software where the hardware list
    leaves either out."""
    provisioning: Provisioning | None
    """How the attestation key came to the device; None where the chain reaches nobody we know."""
    hardware_enforced: AuthorizationList
    software_enforced: AuthorizationList


def verify_statement(
    statement: Any,  # noqa: ANN401 - decoded CBOR
    context: StatementContext,
) -> StatementFacts:
    """Verify an android-key statement.

    Both authorization lists count together for origin and purpose, the hardware's going first;
    `enforced_level` tells a caller who wants hardware only.

    Raises:
        BadEvidence: A rule of WebAuthn L3 §8.4, or of Android chains where an anchor is reached.
        VerifierFault: No fresh revocation list is known and gaps are refused.
    """
    # §8.4 step 1: the syntax.
    parts = statement_map(statement)
    named = cose.find_algorithm(cbor.member(parts, "alg", int))
    signature = cbor.member(parts, "sig", bytes)
    chain = read_chain(parts)
    leaf = chain[0]
    # §8.4 step 2: signed by the key of the first certificate, which is loaded already if honest.
    registered = context.credential_key
    same = leaf.public_key == registered.spki
    key = registered.key if same else load_public_key(leaf.public_key)
    check_statement_signature(named.scheme, key, signature, context.signed)
    # §8.4 step 3: which is the key being registered.
    if not same:
        raise BadEvidence(rules.KEY, leaf.public_key[:128].hex())
    # §8.4 steps 4-5: what the keystore says of it.
    description = _only_description(chain)
    context.exam.allow(*description.leniencies)
    _check_description(description, context.client_data_hash)
    # Beyond §8.4: the whole of Android's path rules, roles and revocation, not PKIX alone.
    proved = _prove(chain, context)
    if proved is not None:
        check_description(description, leaf, proved)
    level = _enforced_level(description)
    return StatementFacts(
        format="android-key",
        attestation_type="basic",
        certificates=chain,
        # An anchor for Android keys counts by Android's rules only, which it did in `path`.
        anchor_uses=(),
        understood=frozenset({KEY_DESCRIPTION_OID}),
        remember_from=2,
        path=None if proved is None else proved.path,
        key_level=level,
        attested_by=description.attestation_level,
        # Only the credential key signs the data, and any app may have such a key and write such
        # data: Android vouches for where the key is kept, not for flags or AAGUID.
        data_signed=False,
        detail=AndroidKeyStatementFacts(
            algorithm=named.name,
            attestation_version=description.attestation_version,
            keymint_version=description.keymint_version,
            attestation_level=description.attestation_level,
            key_level=description.keymint_level,
            enforced_level=level,
            provisioning=None if proved is None else proved.provisioning,
            hardware_enforced=description.hardware_enforced,
            software_enforced=description.software_enforced,
        ),
        rules=_checked(proved, context),
    )


def _only_description(chain: tuple[Certificate, ...]) -> KeyDescription:
    """§8.4.1, and the extension nearest the root: here no attest key stands in between."""
    described = [KEY_DESCRIPTION_OID in certificate.extensions for certificate in chain]
    if not described[0] or True in described[1:]:
        raise BadEvidence(rules.ONE_DESCRIPTION, f"{sum(described)} of {len(described)}")
    return read_key_description(chain[0].extensions[KEY_DESCRIPTION_OID].value)


def _check_description(description: KeyDescription, client_data_hash: bytes) -> None:
    # §8.4 step 4: the challenge given to the keystore.
    if not compare_digest(description.challenge, client_data_hash):
        raise BadEvidence(rules.CHALLENGE, description.challenge[:64].hex())
    hardware, software = description.hardware_enforced, description.software_enforced
    # §8.4 step 5, first: bound to one app. In either list it would hold for the key.
    if hardware.all_applications or software.all_applications:
        raise BadEvidence(rules.NOT_SHARED)
    # §8.4 step 5, then: each from the hardware's list, or where it is silent from software's.
    origin = software.origin if hardware.origin is None else hardware.origin
    if origin != ORIGIN_GENERATED:
        raise BadEvidence(rules.ORIGIN, f"origin {origin}")
    purposes = software.purpose if hardware.purpose is None else hardware.purpose
    if PURPOSE_SIGN not in (purposes or ()):
        raise BadEvidence(rules.PURPOSE, f"purposes {purposes}"[:60])


def _enforced_level(description: KeyDescription) -> SecurityLevel:
    hardware = description.hardware_enforced
    # What software says of hardware is no more than software's word.
    told_by_software = description.attestation_level is SecurityLevel.SOFTWARE
    if told_by_software or hardware.origin is None or hardware.purpose is None:
        return SecurityLevel.SOFTWARE
    return description.keymint_level


def _prove(chain: tuple[Certificate, ...], context: StatementContext) -> AndroidChain | None:
    """The chain up to an anchor for Android keys; None where it reaches none that we know."""
    try:
        # Its path ends with a described certificate, and the first is the only one of those.
        return prove_chain(chain, context.exam)
    except (BadEvidence, MissingTrust) as error:
        if error.rule is ANCHORED:
            return None
        raise


def _checked(proved: AndroidChain | None, context: StatementContext) -> tuple[Rule, ...]:
    if proved is None:
        return rules.ANDROID_KEY_RULES
    left_open = {gap.rule for gap in context.exam.unchecked()}
    further = (rule for rule in rules.ANDROID_CHAIN_RULES if rule.code not in left_open)
    return (*rules.ANDROID_KEY_RULES, *further)
