"""Rules of whoever writes receipts. Those of whoever checks them are in `warifu.receipt_check`."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

FORM = Rule(
    code="receipt/form",
    clause="docs/formats/receipt.md §1",
    requires=Text(
        ja="控えは、定められた形式の決定的CBORのファイルでなければなりません。",
        en="A receipt is one file of deterministic CBOR of the documented form.",
    ),
    stops="parts added to a receipt that no reader looks at",
)
CONTENTS = Rule(
    code="receipt/contents",
    clause="docs/formats/receipt.md §2",
    requires=Text(
        ja="控えの内容は、台帳の記録が示す取引、結果、鍵、証明と一致しなければなりません。",
        en="What a receipt contains is what its leaf in the log commits to.",
    ),
    stops="receipts that nobody can check",
)
WITHHOLDABLE = Rule(
    code="receipt/withholdable",
    clause="docs/formats/receipt.md §4",
    requires=Text(
        ja="結果と台帳の記録は、控えから省くことができません。",
        en="Outcome and leaf stay in every variant of a receipt.",
    ),
    stops="a refusal whose reason was taken out",
)

RULES = (FORM, CONTENTS, WITHHOLDABLE)
