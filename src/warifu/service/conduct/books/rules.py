"""What the service demands where its log is read, and where receipts are asked for."""

from __future__ import annotations

from warifu.authentication.ledger import rules as ledger
from warifu.base.rule import Rule, Text

SIGNED = Rule(
    code="ledger/signed",
    clause="docs/formats/ledger.md §4",
    requires=Text(
        ja="台帳の記録や件数は、署名済みのチェックポイントに含まれるものでなければなりません。しばらくしてから、"
        "もう一度お試しください。",
        en="A leaf or a size is within the log as its newest checkpoint signs it; ask again later.",
    ),
    stops="proofs of what may still change",
)
ANSWERED = Rule(
    code="receipt/answered",
    clause="docs/formats/receipt.md §2",
    requires=Text(
        ja="控えは、利用者の回答により結果が確定した取引について発行されます。",
        en="There is a receipt of a transaction once an answer brought it to its outcome.",
    ),
)
RULES = (SIGNED, ANSWERED)
STATUS: dict[str, int] = {
    SIGNED.code: 404,
    ANSWERED.code: 404,
    ledger.PLACE.code: 400,
    ledger.UNKNOWN_SIGNER.code: 422,
}
