"""What is demanded of sealed data and of the keys it is sealed under."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

OPENS = Rule(
    code="vault/opens",
    clause="NIST SP 800-38D §7.2; docs/data-protection.md",
    requires=Text(
        ja="暗号化して保管したデータは、保管したときの端末・種類のものとして、改変なく復号できなければ"
        "なりません。",
        en="Sealed data opens unaltered, for the owner and the kind it was sealed for.",
    ),
    stops="altered rows, and rows moved to another device, kind or tenant",
)
DATA_KEYS = Rule(
    code="vault/data-keys",
    clause="warifu data key file, version 1",
    requires=Text(
        ja="マスター鍵のファイルは、定められた形式でなければなりません。",
        en="The file of master keys has the stated form, in deterministic CBOR.",
    ),
    stops="sealing under short, repeated or misplaced keys",
)
IN_USE = Rule(
    code="vault/key-in-use",
    clause="NIST SP 800-57 Part 1 Rev. 5 §8.3.4",
    requires=Text(
        ja="マスター鍵は、その鍵で保護されたデータがなくなるまで廃棄できません。最新の鍵は廃棄できません。",
        en="A master key is removed only when nothing is sealed under it, and never the newest.",
    ),
    stops="losing all data by tidying up keys",
)
LISTED = Rule(
    code="vault/erasure-list",
    clause="docs/data-protection.md",
    requires=Text(
        ja="消去の一覧には、warifu data erasuresで出力したファイルを指定してください。",
        en="A list of erasures is what warifu data erasures wrote.",
    ),
)
RULES = (OPENS, DATA_KEYS, IN_USE, LISTED)
STATUS: dict[str, int] = {}
