"""What was believed at one moment: the immutable view every verification is given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from warifu.attestation.claims import Realm
from warifu.attestation.trust.anchors import Anchor, AnchorUse
from warifu.attestation.trust.boot_keys import BootKeys
from warifu.attestation.trust.metadata import Metadata
from warifu.attestation.trust.revocation import RevocationList

if TYPE_CHECKING:
    from warifu.base.pki.certificate import Certificate
    from warifu.base.pki.path import TrustPoint


class TrustView(Struct, frozen=True, kw_only=True):
    """Trust as of `known_at`. Parts that are None are not known, which is never permission."""

    known_at: datetime
    realm: Realm = Realm.PRODUCTION
    anchors: tuple[Anchor, ...] = ()
    revocation: RevocationList | None = None
    metadata: Metadata | None = None
    boot_keys: BootKeys | None = None
    snapshots: dict[str, str] = field(default_factory=dict)
    """SHA-256 in hex of each snapshot this view was made from, by kind."""

    def points(self, use: AnchorUse) -> tuple[TrustPoint, ...]:
        """The anchors for one use, as certification paths see them. May be empty: trust nothing."""
        return tuple(anchor.point for anchor in self.anchors if use in anchor.uses)

    def anchor_certificate(self, name: str) -> Certificate:
        """The certificate of the anchor with this name, which a path of this view has reached."""
        return next(anchor.certificate for anchor in self.anchors if anchor.name == name)
