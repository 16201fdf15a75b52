"""What is demanded around erasing what is kept about a device."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

ERASED = Rule(
    code="data/erased",
    clause="docs/data-protection.md",
    requires=Text(
        ja="データを消去した端末の証拠は、閲覧や再評価の対象になりません。",
        en="Evidence of an erased device is gone: it is neither read nor judged again.",
    ),
    stops="bringing back what somebody had a right to see erased",
)
AT_REST = Rule(
    code="data/at-rest",
    clause="docs/data-protection.md",
    requires=Text(
        ja="端末のデータを消去するときは、その端末について処理中のリクエストがあってはなりません。",
        en="A device is erased while nothing is being decided about it.",
    ),
    stops="a decision that is written down in the moment its device is erased",
)
RULES = (ERASED, AT_REST)
STATUS: dict[str, int] = {ERASED.code: 410, AT_REST.code: 409}
