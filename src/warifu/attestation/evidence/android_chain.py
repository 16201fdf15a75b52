"""The chain of an Android attestation: whose word a key description is.

Shared by Android key attestation and the WebAuthn format that embeds it. Roles are fixed from the
root downwards: anchor, intermediates, one attestation certificate (of a batch of devices when made
at the factory, of one device when provisioned remotely), then described keys. Whatever an app signs
stands below these and can be reached only through attest keys.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.evidence.facts.android_key import Provisioning, ProvisioningMethod
from warifu.attestation.evidence.readers.key_description import KEY_DESCRIPTION_OID
from warifu.attestation.evidence.readers.provisioning_info import (
    PROVISIONING_INFO_OID,
    read_certificates_issued,
)
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.trust.anchors import Anchor, AnchorUse, ValidityRule
from warifu.base.codec import der
from warifu.base.errors import BadEvidence, MalformedEvidence, MissingTrust, StaleTrust
from warifu.base.pki import path as paths
from warifu.base.pki.path import Path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warifu.attestation.examination import Examination
    from warifu.base.pki.certificate import Certificate

FACTORY_AUTHORITIES = 2
"""Certificates between the described keys and the anchor in a factory chain: attestation key and
intermediate. Where an attestation certificate is no authority's, nothing else may stand there."""


class AndroidChain(Struct, frozen=True, kw_only=True):
    """A proved chain."""

    path: Path
    anchor: Anchor
    topmost: int
    """Position of the described certificate nearest the root; those below are described too."""
    provisioning: Provisioning

    @property
    def attestation_certificate(self) -> Certificate:
        """The certificate whose key made the topmost statement."""
        return self.path.certificates[self.topmost + 1]


def prove_chain(received: Sequence[Certificate], exam: Examination) -> AndroidChain:
    """Prove a chain up to an anchor for Android keys.

    Args:
        received: Certificates as received, in any order that names can repair.
        exam: The examination; leniencies and gaps are recorded there.

    Raises:
        BadEvidence: ``pki/*``, ``android-key/*`` up to ``android-key/not-revoked``.
        VerifierFault: No anchor is known; gaps are refused and no fresh revocation list is at hand.
    """
    chain, repaired = paths.order_chain(received)
    if repaired:
        exam.allow(paths.ORDER_REPAIRED)

    # RFC 5280 §6.1.1 (d): by name and key, so that every certificate of one root key will do.
    points = exam.trust.points(AnchorUse.ANDROID_KEY)
    if not points:
        raise MissingTrust(paths.ANCHORED, "no anchor for Android keys is known")
    path = paths.find_anchor(chain, points)
    anchor = _anchor_of(path, exam)

    # Google verify, step 6: where descriptions stand, before anything below them is computed.
    topmost = _find_topmost(path)

    # §6.1.3 (a)(1), (4). Described keys and the attestation certificate are new for every device.
    paths.check_signatures(path, remember_from=topmost + 2)
    for certificate in path.certificates:
        if certificate.leniencies:
            exam.allow(*certificate.leniencies)

    provisioning = _provisioning(path.certificates[topmost + 1 :])
    _check_roles(path, topmost, provisioning.method, exam)
    _check_dates(
        Path(certificates=path.certificates[topmost + 1 :], anchor=path.anchor),
        anchor,
        provisioning.method,
        exam,
    )
    for described in path.certificates[: topmost + 1]:
        if not described.not_before <= exam.at <= described.not_after:
            exam.allow(rules.DATES_OF_DESCRIBED)
    _check_revocation((*chain, anchor.certificate), exam)
    return AndroidChain(path=path, anchor=anchor, topmost=topmost, provisioning=provisioning)


def _anchor_of(path: Path, exam: Examination) -> Anchor:
    """The anchor reached: of several certificates of one root key, the one that lives longest.

    Not the one that was sent: nobody signs for what a root says of itself, and facts must not hang
    on it.
    """
    return max(
        (
            anchor
            for anchor in exam.trust.anchors
            if anchor.point.subject == path.anchor.subject
            and anchor.point.public_key == path.anchor.public_key
            and AnchorUse.ANDROID_KEY in anchor.uses
        ),
        key=lambda anchor: anchor.certificate.not_after,
    )


def _find_topmost(path: Path) -> int:
    described = [KEY_DESCRIPTION_OID in certificate.extensions for certificate in path.certificates]
    if True not in described:
        raise BadEvidence(rules.DESCRIPTION_PRESENT, f"path of {len(described)} certificates")
    count = described.index(False) if False in described else len(described)
    if True in described[count:]:
        raise BadEvidence(rules.LEAF_DESCRIBED, f"certificate {count} has no description")
    if count == len(described):
        raise BadEvidence(rules.BELOW_ATTESTATION_KEY, path.anchor.name)
    return count - 1


def _provisioning(authorities: Sequence[Certificate]) -> Provisioning:
    """Tell the method by marks that the issuer signed, so that nobody can take them off.

    Remote: the provisioning server leaves its ProvisioningInfo, and its authorities are called
    "Droid CA". Factory: the intermediate is named by a serial number and perhaps a title, nothing
    else. Unknown is held to its dates, like remote.
    """
    for certificate in authorities:
        extension = certificate.extensions.get(PROVISIONING_INFO_OID)
        if extension is not None:
            return Provisioning(
                method=ProvisioningMethod.REMOTE,
                certificates_issued=read_certificates_issued(extension.value),
                info=extension.value,
            )
    if any(_REMOTE_AUTHORITY in certificate.subject for certificate in authorities):
        return Provisioning(method=ProvisioningMethod.REMOTE)
    if _is_factory_name(authorities[-1].subject):
        return Provisioning(method=ProvisioningMethod.FACTORY)
    return Provisioning(method=ProvisioningMethod.UNKNOWN)


@lru_cache(maxsize=256)
def _is_factory_name(name: bytes) -> bool:
    """Whether a distinguished name has a serial number, perhaps a title, and nothing else.

    Only names that an anchor's key signed come here.
    """
    kinds = set()
    try:
        start, stop = der.read_whole(name, der.SEQUENCE)
        for _, set_at, set_stop in der.children(name, start, stop):
            for _, at, end in der.children(name, set_at, set_stop):
                first, last = der.read_expected(name, at, end, der.OID)
                kinds.add(name[first:last])
    except MalformedEvidence:
        return False
    return _SERIAL_NUMBER in kinds and kinds <= {_SERIAL_NUMBER, _TITLE}


def _check_roles(path: Path, topmost: int, method: ProvisioningMethod, exam: Examination) -> None:
    """RFC 5280 §6.1.4 (k)-(n), for everything above the described keys.

    Attest keys are no authorities; what they may sign is told by their purpose instead, and path
    lengths count down to the topmost described key. A factory attestation certificate may lack cA
    only where a factory puts one: directly below the one intermediate. Deeper, it could be an app
    key's certificate.
    """
    excused = set(range(1, topmost + 1))
    if excused:
        exam.allow(rules.ATTEST_KEY_NOT_AUTHORITY)
    batch = path.certificates[topmost + 1]
    if (
        method is ProvisioningMethod.FACTORY
        and len(path.certificates) - topmost - 1 == FACTORY_AUTHORITIES
        and not (paths.read_basic_constraints(batch)[0] and paths.may_sign_certificates(batch))
    ):
        excused.add(topmost + 1)
        exam.allow(rules.BATCH_NOT_AUTHORITY)
    paths.check_authorities(path, understood=_UNDERSTOOD, excused=frozenset(excused))


def _check_dates(
    above: Path, anchor: Anchor, method: ProvisioningMethod, exam: Examination
) -> None:
    """RFC 5280 §6.1.3 (a)(2), from the attestation certificate upwards.

    Described keys have dates that the device, or its owner, chose: nothing rests on them.
    """
    outlives = anchor.validity is ValidityRule.OUTLIVES_CERTIFICATE
    if method is ProvisioningMethod.FACTORY and outlives:
        _check_factory_dates(above, exam)
        return
    paths.check_validity(above, exam.at)
    # The licence to outlive is for factory chains: for others one certificate of the key must live.
    if outlives and not any(
        other.point.public_key == anchor.point.public_key
        and other.certificate.not_before <= exam.at <= other.certificate.not_after
        for other in exam.trust.anchors
    ):
        raise BadEvidence(paths.VALID_AT, f"anchor {anchor.name}")


def _check_factory_dates(above: Path, exam: Examination) -> None:
    expired = False
    for position, certificate in enumerate(above.certificates):
        if exam.at < certificate.not_before:
            raise BadEvidence(paths.VALID_AT, f"authority {position}: not yet valid")
        expired = expired or exam.at > certificate.not_after
    if expired:
        exam.allow(rules.EXPIRED_FACTORY_CHAIN)


def _check_revocation(certificates: Sequence[Certificate], exam: Examination) -> None:
    """Google verify, step 3. A listed serial refuses even where the list is too old to acquit."""
    listed = exam.trust.revocation
    if listed is None:
        exam.leave_open(rules.NOT_REVOKED, "no revocation list is at hand")
        return
    for certificate in certificates:
        entry = listed.find_certificate(certificate.serial)
        if entry is not None:
            seen = f"{certificate.serial_hex}: {entry.status} {entry.reason or ''}"
            raise BadEvidence(rules.NOT_REVOKED, seen.rstrip())
    try:
        listed.require_fresh(exam.trust.known_at)
    except StaleTrust as stale:
        if not exam.reports_gaps:
            raise
        exam.leave_open(rules.NOT_REVOKED, str(stale))


_REMOTE_AUTHORITY = b"Droid CA"
_SERIAL_NUMBER = der.from_oid_text("2.5.4.5")
_TITLE = der.from_oid_text("2.5.4.12")
_UNDERSTOOD = frozenset({KEY_DESCRIPTION_OID, PROVISIONING_INFO_OID})
