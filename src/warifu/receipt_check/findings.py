"""What was checked of a receipt and what was not, and why, in words for people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text


class Check(StrEnum):
    """One thing that a receipt can be held to, in the order of the report."""

    SERVER_SIGNATURE = "server-signature"
    TRANSACTION_TEXT = "transaction-text"
    USER_SIGNATURE = "user-signature"
    EVIDENCE = "evidence"
    EVIDENCE_KEY = "evidence-key"
    BINDING = "binding"
    BINDING_RECORDED = "binding-recorded"
    ENDORSEMENT = "endorsement"
    ENDORSEMENT_RECORDED = "endorsement-recorded"
    WARRANT = "warrant"
    LEAF = "leaf"
    INCLUSION = "inclusion"
    LOG_SIGNATURE = "log-signature"
    WITNESSES = "witnesses"
    COUNTER = "counter"
    DECISION = "decision"


class Why(StrEnum):
    """Why something was not checked."""

    WITHHELD = "withheld"
    ABSENT = "absent"
    NEEDS_ANOTHER = "needs-another"
    PENDING = "pending"
    NO_LOG_KEY = "no-log-key"
    NO_PROVIDER_KEY = "no-provider-key"
    NO_TRUST = "no-trust"
    NO_STATEMENT = "no-statement"
    NO_KEY_IN_EVIDENCE = "no-key-in-evidence"
    NOT_ASKED = "not-asked"
    ONLINE_ONLY = "online-only"
    OWN_STATEMENT = "own-statement"


class Finding(Struct, frozen=True, kw_only=True):
    """One check, made and met, or not made. What is not met is an error and no finding."""

    check: Check
    checked: bool
    why: Why | None = None
    """Where it was not made."""
    detail: str = ""

    @property
    def words(self) -> Text:
        """What was or was not checked, in one sentence."""
        met, open_ = WORDS[self.check]
        return met if self.checked else open_

    @property
    def reason(self) -> Text | None:
        """Why not, in one sentence."""
        return None if self.why is None else REASONS[self.why]


class CheckedReceipt(Struct, frozen=True, kw_only=True):
    """A receipt in which nothing that could be checked was wrong."""

    verifier: str
    log: str
    issued_at: datetime
    state: str
    """What became of the transaction."""
    verdict: str | None
    """``ok``, ``ng``, or None where nobody answered."""
    reason: str | None
    """Of a refusal by the person."""
    decision: str
    reasons: tuple[str, ...]
    """Codes of the rules that did not hold."""
    transaction: bytes
    """SHA-256."""
    template: bytes
    rule_set: bytes
    at: datetime
    """Of the outcome."""
    text: str | None
    """As it was shown; None where it is withheld."""
    user: str | None
    device: str | None
    kind: str | None
    """Of proof; None where the person's signature was not checked."""
    display: str | None
    """Who showed the text."""
    user_verified: bool | None
    origin: str | None
    key: bytes | None
    """SHA-256 of the bound key's SubjectPublicKeyInfo."""
    endorsed_key: bytes | None
    """Of the key that answered in its place, where one did."""
    warranted_by: str | None
    """Whose word it is that this key lives behind a display of its own: no platform's."""
    index: int | None
    """Place in the log; None while pending."""
    size: int | None
    findings: tuple[Finding, ...]

    def was_checked(self, check: Check) -> bool:
        """Whether one check was made."""
        return any(each.check is check and each.checked for each in self.findings)

    @property
    def whole(self) -> bool:
        """Whether everything that shows who approved what was checked."""
        left = {each.check for each in self.findings if not each.checked}
        met = all(self.was_checked(each) for each in ESSENTIAL)
        return met and Check.ENDORSEMENT not in left


ESSENTIAL = (
    Check.SERVER_SIGNATURE,
    Check.TRANSACTION_TEXT,
    Check.USER_SIGNATURE,
    Check.BINDING,
    Check.INCLUSION,
    Check.LOG_SIGNATURE,
)

WORDS: dict[Check, tuple[Text, Text]] = {
    Check.SERVER_SIGNATURE: (
        Text(
            ja="サーバーの署名を確認しました。",
            en="The server signed this receipt.",
        ),
        Text(
            ja="サーバーの署名は確認していません。",
            en="Server signature not checked.",
        ),
    ),
    Check.TRANSACTION_TEXT: (
        Text(
            ja="表示文が取引の項目どおりであることを確認しました。",
            en="The text that was shown is what the transaction's fields say.",
        ),
        Text(ja="取引の表示文は確認していません。", en="Transaction text not checked."),
    ),
    Check.USER_SIGNATURE: (
        Text(
            ja="利用者の回答の署名を確認しました。",
            en="The person's key signed this answer to this transaction.",
        ),
        Text(ja="利用者の署名は確認していません。", en="User signature not checked."),
    ),
    Check.EVIDENCE: (
        Text(
            ja="端末の証拠を作成時点の信頼情報で確認しました。",
            en="The evidence of the device holds for the time when it was made.",
        ),
        Text(ja="端末の証拠は確認していません。", en="Evidence of the device not checked."),
    ),
    Check.EVIDENCE_KEY: (
        Text(
            ja="回答に署名した鍵が、端末の証拠が示す鍵であることを確認しました。",
            en="The key that signed the answer is the one that the evidence is about.",
        ),
        Text(
            ja="端末の証拠と鍵の対応は確認していません。",
            en="That the evidence is about this key was not checked.",
        ),
    ),
    Check.BINDING: (
        Text(
            ja="鍵が取引の前に利用者に紐付けられていたことを確認しました。",
            en="The key was bound to this person before the transaction.",
        ),
        Text(
            ja="鍵と利用者の紐付けは確認していません。",
            en="Binding of key and person not checked.",
        ),
    ),
    Check.BINDING_RECORDED: (
        Text(ja="紐付けの記録が台帳にあることを確認しました。", en="The binding is in the log."),
        Text(
            ja="紐付けの記録が台帳にあるかは確認していません。",
            en="That the binding is in the log was not checked.",
        ),
    ),
    Check.ENDORSEMENT: (
        Text(
            ja="回答した鍵が、取引の前に、登録された鍵によって認められていたことを確認しました。",
            en="The bound key had endorsed the key that answered, before the transaction.",
        ),
        Text(
            ja="回答した鍵が登録された鍵によって認められていたかは確認していません。",
            en="That the bound key endorsed the key that answered was not checked.",
        ),
    ),
    Check.ENDORSEMENT_RECORDED: (
        Text(
            ja="鍵の追加の記録が台帳にあることを確認しました。", en="The endorsement is in the log."
        ),
        Text(
            ja="鍵の追加の記録が台帳にあるかは確認していません。",
            en="That the endorsement is in the log was not checked.",
        ),
    ),
    Check.WARRANT: (
        Text(
            ja="鍵が専用の画面の裏にあることを、指定された提供者が保証していることを確認しました。",
            en="A provider who is believed warranted that this key lives behind a trusted display.",
        ),
        Text(
            ja="専用の画面の保証書の提供者は確認していません。",
            en="Who warranted the trusted display was not checked.",
        ),
    ),
    Check.LEAF: (
        Text(
            ja="控えの内容が台帳の記録と一致することを確認しました。",
            en="The receipt says what its leaf in the log commits to.",
        ),
        Text(ja="台帳の記録は確認していません。", en="Leaf not checked."),
    ),
    Check.INCLUSION: (
        Text(ja="台帳に記録されていることを確認しました。", en="The leaf is in the log."),
        Text(ja="台帳への記録は確認していません。", en="That the leaf is in the log not checked."),
    ),
    Check.LOG_SIGNATURE: (
        Text(
            ja="チェックポイントの署名を台帳の鍵で確認しました。",
            en="A known key of the log signed the checkpoint.",
        ),
        Text(
            ja="チェックポイントの署名は確認していません。",
            en="Signature of the checkpoint not checked.",
        ),
    ),
    Check.WITNESSES: (
        Text(ja="証人の連署を確認しました。", en="Witnesses cosigned the checkpoint."),
        Text(ja="証人の連署は確認していません。", en="Cosignatures of witnesses not checked."),
    ),
    Check.COUNTER: (
        Text(ja="署名カウンターを確認しました。", en="The signature counter was checked."),
        Text(ja="署名カウンターは確認していません。", en="Signature counter not checked."),
    ),
    Check.DECISION: (
        Text(ja="判定を確認しました。", en="The decision was checked."),
        Text(
            ja="規則集による判定の内容は確認していません。",
            en="Whether the decision follows from the rule set was not checked.",
        ),
    ),
}
"""For each check, what to say where it was made and met, and where it was not made."""

REASONS: dict[Why, Text] = {
    Why.WITHHELD: Text(
        ja="必要な部分が控えから省かれています。", en="A part that it needs is withheld."
    ),
    Why.ABSENT: Text(
        ja="この控えには、該当する部分が初めから含まれていません。",
        en="The receipt was issued without it.",
    ),
    Why.NEEDS_ANOTHER: Text(
        ja="先に必要な確認が行われていません。", en="It rests on a check that was not made."
    ),
    Why.PENDING: Text(
        ja="まだ台帳に記録されていません（記録待ち）。", en="It is pending: not in the log yet."
    ),
    Why.NO_LOG_KEY: Text(
        ja="台帳の検証鍵が指定されていません。", en="No key of the log was given."
    ),
    Why.NO_PROVIDER_KEY: Text(
        ja="提供者の鍵が指定されていないため、サーバーの申告によります。",
        en="No key of a provider was given; whose it is is the server's word.",
    ),
    Why.NO_TRUST: Text(ja="信頼情報が指定されていません。", en="No trust was given."),
    Why.NO_STATEMENT: Text(
        ja="指定された信頼情報では、端末の証拠について判定できません。",
        en="By the trust that was given, nothing can be said about the evidence.",
    ),
    Why.NO_KEY_IN_EVIDENCE: Text(
        ja="この形式の証拠は鍵を示しません。", en="Evidence of this format shows no key."
    ),
    Why.NOT_ASKED: Text(
        ja="証人の連署は要求されていません。", en="No cosignatures were asked for."
    ),
    Why.ONLINE_ONLY: Text(
        ja="署名カウンターは、受付時にサーバーだけが確認できます。",
        en="Only the server could compare it, when it took the answer.",
    ),
    Why.OWN_STATEMENT: Text(
        ja="判定は、サーバー自身の署名による申告です。",
        en="It is the server's own statement, under its signature.",
    ),
}
