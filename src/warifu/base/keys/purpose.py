"""What a key is for. A key serves one purpose, so that no signature can pass for another kind."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from msgspec import Struct

from warifu.base.rule import Text


class KeyPurpose(Enum):
    """One kind of document that we sign."""

    EAR = "ear"
    RECEIPT = "receipt"
    CHECKPOINT = "checkpoint"
    TRUST_BUNDLE = "trust-bundle"
    HPKE_CERTIFICATION = "hpke-certification"
    ACTIVATION = "activation"


class PurposeTerms(Struct, frozen=True, kw_only=True):
    """What follows from a purpose."""

    longest_life: timedelta
    """How long anything signed for it may have to be verified. A key is published that much longer
    than it signs, so whoever issues a document gives it no longer life than this."""
    signs: Text
    algorithm: str = "ES256"
    """The usual one."""


TERMS: dict[KeyPurpose, PurposeTerms] = {
    KeyPurpose.EAR: PurposeTerms(
        longest_life=timedelta(days=1),
        signs=Text(ja="評価結果（EAR）", en="attestation results (EAR)"),
    ),
    KeyPurpose.RECEIPT: PurposeTerms(
        longest_life=timedelta(days=3653),
        signs=Text(ja="取引認証の控え", en="receipts of confirmed transactions"),
    ),
    KeyPurpose.CHECKPOINT: PurposeTerms(
        longest_life=timedelta(days=3653),
        signs=Text(ja="監査台帳のチェックポイント", en="checkpoints of the audit ledger"),
        algorithm="EdDSA",  # what witnesses of transparency logs read (C2SP signed-note)
    ),
    KeyPurpose.TRUST_BUNDLE: PurposeTerms(
        longest_life=timedelta(days=366),
        signs=Text(ja="信頼情報の移送ファイル", en="bundles of trust"),
    ),
    KeyPurpose.HPKE_CERTIFICATION: PurposeTerms(
        longest_life=timedelta(days=31),
        signs=Text(
            ja="サーバーの暗号化用公開鍵（HPKE）", en="the server's own encryption keys (HPKE)"
        ),
    ),
    KeyPurpose.ACTIVATION: PurposeTerms(
        longest_life=timedelta(days=31),
        signs=Text(ja="端末登録用のアクティベーションコード", en="codes that activate a device"),
    ),
}
"""Ten years for what the books must be able to prove (Companies Act of Japan, article 432)."""
