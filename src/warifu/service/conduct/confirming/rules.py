"""What the service demands of confirmations, beside what transactions and proofs demand."""

from __future__ import annotations

from warifu.authentication.transaction import rules as transaction
from warifu.authentication.transaction.proofs import rules as proofs
from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0018-confirmation.md"

WAY = Rule(
    code="confirming/way",
    clause="docs/formats/transaction.md §6",
    requires=Text(
        ja="取引は、その種類のテンプレートで認められた方法（端末への送信または端末での読込み）で依頼して"
        "ください。",
        en="A transaction is sent to a device, or left to be claimed, as the template of its kind"
        " admits.",
    ),
    stops="operations pushed to people of whom the bank wanted to see the phone beside the screen",
)
CLAIM = Rule(
    code="confirming/claim",
    clause="docs/formats/transaction.md §8",
    requires=Text(
        ja="取引を端末に読み込むには、画面に表示されたリンクに含まれるコードが必要です。",
        en="Whoever claims a transaction shows what only its link has.",
    ),
    stops="a phone that claims somebody else's operation by its id",
)
TRIES = Rule(
    code="confirming/tries",
    clause="docs/formats/transaction.md §6",
    requires=Text(
        ja="回答や番号の誤りは、定められた回数以内でなければなりません。",
        en="There are tries left.",
    ),
    stops="guessing",
)
HELD = Rule(
    code="confirming/held",
    clause=_RECORD,
    requires=Text(
        ja="「身に覚えがない」との申告を受け付けた後は、調査が終わるまで取引を承認できません。",
        en="Nothing is approved or handed off for a person while a case of theirs is open.",
    ),
    stops="the thief's next transfer after the first was disowned",
)
LIMIT = Rule(
    code="confirming/limit",
    clause="docs/formats/transaction.md §9",
    requires=Text(
        ja="承認済みの取引と合わせた金額は、限度額以内でなければなりません。",
        en="Together with what was approved before, the amount is within the limits that apply.",
    ),
    stops="many transfers side by side, none of which exceeds the limit alone",
)
MOVED = Rule(
    code="confirming/moved",
    clause=_RECORD,
    requires=Text(
        ja="処理中に、取引または端末の登録状態が変わってはなりません。もう一度お試しください。",
        en="Transaction and binding stay as they were while an answer is judged; send it again.",
    ),
    stops="an answer of a phone that was suspended a moment ago",
)
DUE = Rule(
    code="confirming/due",
    clause=_RECORD,
    requires=Text(
        ja="引き渡せるのは、承認済みで、待機時間が経過した取引だけです。",
        en="What is handed off is approved, and its hold time is over.",
    ),
    stops="money that leaves while it can still be disowned, or twice",
)
REFERENCE = Rule(
    code="confirming/reference",
    clause=_RECORD,
    requires=Text(
        ja="一つの取引には一つの勘定系整理番号だけを、一つの整理番号には一つの取引だけを対応させて"
        "ください。",
        en="A transaction has one reference in core banking, and the reference one transaction.",
    ),
    stops="one approval that is booked twice",
)
CASE_OPEN = Rule(
    code="confirming/case-open",
    clause=_RECORD,
    requires=Text(
        ja="終了できるのは、調査中の案件だけです。",
        en="A case that is closed was open.",
    ),
    stops="one report that is taken back twice and so lifts another's hold",
)
RULES = (WAY, CLAIM, TRIES, HELD, LIMIT, MOVED, DUE, REFERENCE, CASE_OPEN)
STATUS = {rule.code: 409 for rule in RULES} | {
    WAY.code: 400,
    CLAIM.code: 403,
    transaction.STATE.code: 409,
    transaction.LATE.code: 409,
    transaction.DECIDED.code: 409,
    transaction.PROXIMITY.code: 403,
    transaction.METHOD.code: 422,
    transaction.DISPLAY.code: 422,
    transaction.USER_VERIFIED.code: 422,
    proofs.DISPLAY.code: 422,
}
