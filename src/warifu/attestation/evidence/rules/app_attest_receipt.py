"""Rules of Apple App Attest receipts, in the order they are checked.

The clauses name the section *Verify the receipt* of Apple's article *Assessing fraud risk*
(DeviceCheck); its steps are numbered from 1. Rules of CMS are in `base.pki.cms`.
"""

from __future__ import annotations

from warifu.base.rule import Leniency, Rule, Text

# Extension 1.2.840.113635.100.12.15 marks the signer; seen in every receipt of 2020 to 2024.
SIGNER = Rule(
    code="app-attest-receipt/signer",
    clause="Apple, Verify the receipt, steps 1 and 2",
    requires=Text(
        ja="レシートは、Appleが発行したレシート署名用の証明書で署名されていなければなりません。",
        en="The receipt is signed by a certificate that Apple issued for signing receipts.",
    ),
    stops="receipts signed by developers' or merchants' certificates under the same Apple root",
)
# SET OF SEQUENCE { type INTEGER, version INTEGER, value OCTET STRING }
STRUCTURE = Rule(
    code="app-attest-receipt/structure",
    clause="Apple, Verify the receipt, step 3",
    requires=Text(
        ja="レシートには、定められた項目が正しい形式で一つずつ含まれていなければなりません。",
        en="The receipt has the fields of its kind, each once and each well-formed.",
    ),
    stops="a field shown to one reader and another to the next",
)
APP = Rule(
    code="app-attest-receipt/app",
    clause="Apple, Verify the receipt, step 4",
    requires=Text(
        ja="レシートは、想定したアプリ（チームIDとバンドルID）のものでなければなりません。",
        en="The receipt is for the expected app, by team and bundle identifier.",
    ),
    stops="receipts of an attacker's own app",
)
AGE = Rule(
    code="app-attest-receipt/age",
    clause="Apple, Verify the receipt, step 5",
    requires=Text(
        ja="レシートは、判定の基準時点から見て十分に新しいもの（指定がなければ5分以内）で"
        "なければなりません。",
        en="The receipt is recent at the time judged for, five minutes unless stated.",
    ),
    stops="replay of an old receipt with a better risk metric",
)
EXPIRY = Rule(
    code="app-attest-receipt/expiry",
    clause="Apple, Assessing fraud risk, receipt field 21",
    requires=Text(
        ja="レシートは、判定の基準時点で有効期限内でなければなりません。",
        en="The receipt has not expired at the time judged for.",
    ),
    stops="use of a receipt Apple no longer stands by",
)
PUBLIC_KEY = Rule(
    code="app-attest-receipt/public-key",
    clause="Apple, Verify the receipt, step 6",
    requires=Text(
        ja="レシートの公開鍵は、登録済みの公開鍵と一致しなければなりません。",
        en="The attested public key in the receipt is the one that was stored.",
    ),
    stops="the receipt of another device, with a better risk metric",
)
CLIENT_HASH = Rule(
    code="app-attest-receipt/client-hash",
    clause="Apple, Assessing fraud risk, receipt field 4",
    requires=Text(
        ja="レシートのクライアントハッシュは、構成証明のときの値と一致しなければなりません。",
        en="The client hash in the receipt is that of the attestation.",
    ),
    stops="the receipt of another attestation of the same key",
)
ENVIRONMENT = Rule(
    code="app-attest-receipt/environment",
    clause="receipt field 7, undocumented: production or sandbox",
    requires=Text(
        ja="レシートは、想定した環境（指定がなければ本番環境）で作られたものでなければなりません。",
        en="The receipt was made in the expected environment, production unless stated.",
    ),
    stops="development receipts in production",
)

RULES: tuple[Rule, ...] = (
    SIGNER,
    STRUCTURE,
    APP,
    AGE,
    EXPIRY,
    PUBLIC_KEY,
    CLIENT_HASH,
    ENVIRONMENT,
)

FIELDS_UNSORTED = Leniency(
    name="app-attest-receipt/fields-unsorted",
    departs_from="X.690 §11.6: DER sorts the elements of a SET OF",
    seen_on="every receipt of 2020 to 2024",
)
CLIENT_HASH_AS_TEXT = Leniency(
    name="app-attest-receipt/client-hash-as-text",
    departs_from="Apple, Assessing fraud risk, field 4: the client hash, 32 bytes",
    seen_on="receipts refreshed at Apple in 2020 and 2021: each run of bytes that is no UTF-8 is "
    "replaced by U+FFFD",
)
LENIENCIES: tuple[Leniency, ...] = (FIELDS_UNSORTED, CLIENT_HASH_AS_TEXT)

PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": (SIGNER,),
    "app.identifier": (SIGNER, STRUCTURE, APP),
    "app.environment": (SIGNER, STRUCTURE, ENVIRONMENT),
    "key.public_key": (SIGNER, STRUCTURE, PUBLIC_KEY),
    "key.algorithm": (SIGNER, STRUCTURE, PUBLIC_KEY),
    "key.identifier": (SIGNER, STRUCTURE, PUBLIC_KEY),
    "key.endorsement": (SIGNER,),
    "freshness.challenge": (SIGNER, CLIENT_HASH),
    "freshness.challenge_matches": (SIGNER, CLIENT_HASH),
    "freshness.made_at": (SIGNER, STRUCTURE, AGE),
    "detail.kind": (SIGNER, STRUCTURE),
    "detail.risk_metric": (SIGNER, STRUCTURE),
    "detail.client_hash": (SIGNER, STRUCTURE),
    "detail.token": (SIGNER, STRUCTURE),
    "detail.not_before": (SIGNER, STRUCTURE),
    "detail.expires_at": (SIGNER, STRUCTURE, EXPIRY),
    "detail.other_fields": (SIGNER, STRUCTURE),
}
