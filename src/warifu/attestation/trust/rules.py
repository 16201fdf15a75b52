"""What trust data must satisfy before it is believed, and how long it is believed.

None of these rules says anything about a device: whoever breaks one is a publisher, a copyist or
an attacker on the way to us. Only the rules ``mds/*`` are also rules of evidence, because a BLOB
can be looked at by itself.
"""

from __future__ import annotations

from warifu.base.rule import Rule, Text

ANCHORS_WELL_FORMED = Rule(
    code="trust/anchors-well-formed",
    clause="warifu trust directory §anchors",
    requires=Text(
        ja="信頼の起点の一覧は、定められた形式で記述されていなければなりません。",
        en="The list of anchors has its documented form.",
    ),
    stops="anchors that mean something else to another reader",
)
ANCHOR_DIGEST = Rule(
    code="trust/anchor-digest",
    clause="warifu trust directory §anchors",
    requires=Text(
        ja="信頼の起点の証明書は、一覧に記載されたハッシュ値と有効期間に一致しなければなりません。",
        en="Each anchor's certificate has the digests and dates written beside it.",
    ),
    stops="exchanging an anchor under its old name",
)
REALM = Rule(
    code="trust/realm",
    clause="warifu design §5",
    requires=Text(
        ja="試験用の信頼情報を本番環境で使用してはなりません。",
        en="Trust data of the test realm does not enter production.",
    ),
    stops="a test root, whose key anyone may hold, vouching for real devices",
)
INTACT = Rule(
    code="trust/snapshot-intact",
    clause="warifu trust directory §objects",
    requires=Text(
        ja="保存された信頼情報は、そのハッシュ値と一致しなければなりません。",
        en="A stored snapshot still has the digest it is named by.",
    ),
    stops="tampering with, or decay of, what is stored",
)
HISTORY_WELL_FORMED = Rule(
    code="trust/history-well-formed",
    clause="warifu trust directory §index",
    requires=Text(
        ja="信頼情報の履歴は、定められた形式で時系列順に記録されていなければなりません。",
        en="The history of trust data has its documented form and runs forward in time.",
    ),
    stops="rewriting what was believed",
)
KNOWN_THEN = Rule(
    code="trust/known-then",
    clause="warifu design §5",
    requires=Text(
        ja="指定された時点の信頼情報が登録されていなければなりません。",
        en="Something was believed at the time asked for.",
    ),
    stops="blaming a device for what we did not know",
)
BOOT_KEYS_WELL_FORMED = Rule(
    code="trust/boot-keys-well-formed",
    clause="warifu trust directory §boot keys",
    requires=Text(
        ja="起動検証鍵の一覧は、定められた形式で記述されていなければなりません。",
        en="The list of boot keys has its documented form.",
    ),
    stops="allowing an operating system by accident",
)

REVOCATION_WELL_FORMED = Rule(
    code="revocation/well-formed",
    clause="developer.android.com, Certificate status list, JSON schema",
    requires=Text(
        ja="失効リストは、公開元が定める形式で記述されていなければなりません。",
        en="The revocation list has its publisher's form.",
    ),
    stops="an empty or damaged list that would revoke nothing",
)
REVOCATION_FRESH = Rule(
    code="revocation/fresh",
    clause="developer.android.com, Certificate revocation status list",
    requires=Text(
        ja="失効リストは、定められた期間内に公開元へ確認したものでなければなりません。",
        en="The revocation list was confirmed with its publisher within the stated limit.",
    ),
    stops="serving old lists for ever after refreshing has failed",
)
REVOCATION_KEEPS = Rule(
    code="revocation/keeps-entries",
    clause="observed: the list of 2021, 2023 and 2025 only grows (15, 46, 467 entries)",
    requires=Text(
        ja="新しい失効リストは、前回のリストの記載の大半を引き継いでいなければなりません。",
        en="A new revocation list keeps most of what the last one listed.",
    ),
    stops="un-revoking devices by an emptied or older list",
)

MDS_WELL_FORMED = Rule(
    code="mds/well-formed",
    clause="FIDO MDS 3.1.1 §3.1.6, §3.1.7",
    requires=Text(
        ja="FIDOメタデータは、FIDO Allianceが定める形式で記述されていなければなりません。",
        en="The metadata BLOB has the form FIDO demands, with a number and a next update.",
    ),
    stops="a BLOB without a number or a date, which could never be called old",
)
MDS_SIGNER = Rule(
    code="mds/signer",
    clause="FIDO MDS 3.1.1 §3.1.7, §3.2 step 5; RFC 9525 §6.3",
    requires=Text(
        ja="FIDOメタデータは、メタデータサービスの証明書で署名されていなければなりません。",
        en="The metadata is signed by the metadata service, named in its certificate.",
    ),
    stops="any other customer of the same public authority signing metadata",
)
MDS_FRESH = Rule(
    code="mds/fresh",
    clause="FIDO MDS 3.1.1 §3.1.6 nextUpdate",
    requires=Text(
        ja="FIDOメタデータは、次回更新予定日を過ぎていてはなりません。",
        en="The metadata's date of next update has not passed.",
    ),
    stops="hiding a compromise behind an old BLOB",
)
MDS_NO_ROLLBACK = Rule(
    code="mds/no-rollback",
    clause="FIDO MDS 3.1.1 §3.2 step 7",
    requires=Text(
        ja="FIDOメタデータの通し番号は、保有しているもの以上でなければなりません。",
        en="The metadata's number is not below the one already held.",
    ),
    stops="replaying a BLOB from before a compromise was published",
)

BUNDLE_WELL_FORMED = Rule(
    code="bundle/well-formed",
    clause="RFC 9052 §4.2; RFC 8949 §4.2.1",
    requires=Text(
        ja="信頼情報の移送ファイルは、定められた形式で符号化されていなければなりません。",
        en="The bundle is one COSE_Sign1 over deterministic CBOR.",
    ),
    stops="parser differentials, truncation and resource exhaustion",
)
BUNDLE_SIGNATURE = Rule(
    code="bundle/signature",
    clause="RFC 9052 §4.4",
    requires=Text(
        ja="信頼情報の移送ファイルの署名は、指定された鍵で検証できなければなりません。",
        en="The bundle's signature verifies under the key that the importer names.",
    ),
    stops="tampering on the way, and bundles of a stranger",
)
BUNDLE_ROLLBACK = Rule(
    code="bundle/no-rollback",
    clause="warifu trust bundle",
    requires=Text(
        ja="取り込む信頼情報は、保有しているものより古くてはなりません。",
        en="The bundle is not older than what is held.",
    ),
    stops="replaying an old bundle to bring back what has been revoked since",
)
BUNDLE_CONTINUES = Rule(
    code="bundle/continues",
    clause="warifu trust bundle",
    requires=Text(
        ja="取り込む信頼情報の履歴は、保有している履歴に続くものでなければなりません。",
        en="The bundle continues the history that is held.",
    ),
    stops="rewriting what was believed",
)

RULES: tuple[Rule, ...] = (
    ANCHORS_WELL_FORMED,
    ANCHOR_DIGEST,
    REALM,
    INTACT,
    HISTORY_WELL_FORMED,
    KNOWN_THEN,
    BOOT_KEYS_WELL_FORMED,
    REVOCATION_WELL_FORMED,
    REVOCATION_FRESH,
    REVOCATION_KEEPS,
    MDS_WELL_FORMED,
    MDS_SIGNER,
    MDS_FRESH,
    MDS_NO_ROLLBACK,
    BUNDLE_WELL_FORMED,
    BUNDLE_SIGNATURE,
    BUNDLE_ROLLBACK,
    BUNDLE_CONTINUES,
)
