"""What a ceremony demands: one challenge, one answer, once, in time, by whom it was issued for."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

CONTEXT_FORM = Rule(
    code="ceremony/context-form",
    clause="docs/formats/activation.md §1",
    requires=Text(
        ja="チャレンジの対象には、検証者名、経路、目的と、定められた長さのチャレンジが必要です。",
        en="A context names verifier, channel and purpose, within the stated sizes.",
    ),
    stops="two contexts that are one to a careless reader",
)
TERMS = Rule(
    code="ceremony/terms",
    clause="warifu ceremonies",
    requires=Text(
        ja="手続の有効期間と試行回数は、定められた範囲で設定しなければなりません。",
        en="A ceremony lives and admits tries within the stated limits.",
    ),
    stops="challenges that can be answered for days, or guessed at without end",
)
CHALLENGE = Rule(
    code="ceremony/challenge",
    clause="NIST SP 800-63B-4 §3.2.7 replay resistance",
    requires=Text(
        ja="回答は、この手続のために発行したチャレンジに対するものでなければなりません。",
        en="The answer is to the challenge that was issued for this ceremony.",
    ),
    stops="replay of an answer that was given elsewhere or before",
)
CONTEXT = Rule(
    code="ceremony/context",
    clause="NIST SP 800-63B-4 §3.2.5 phishing resistance",
    requires=Text(
        ja=(
            "回答は、チャレンジを発行したときと同じ検証者名、経路、目的、利用者、端末、操作に対するもの"
            "でなければなりません。"
        ),
        en="The answer is for the verifier, channel, purpose, user, device and operation asked.",
    ),
    stops="relaying an answer from another site, channel, person or operation",
)
IN_TIME = Rule(
    code="ceremony/in-time",
    clause="warifu ceremonies",
    requires=Text(
        ja="手続は、有効期間内に終える必要があります。お手数ですが、初めからやり直してください。",
        en="A ceremony is ended within its time.",
    ),
    stops="answers collected today for use tomorrow",
)
TRIES = Rule(
    code="ceremony/tries",
    clause="NIST SP 800-63B-4 §3.2.2 rate limiting",
    requires=Text(
        ja="試行は、手続ごとに定められた回数までです。お手数ですが、初めからやり直してください。",
        en="A ceremony admits no more tries than it was issued with.",
    ),
    stops="guessing",
)
MOVE = Rule(
    code="ceremony/move",
    clause="docs/states.md",
    requires=Text(
        ja="手続は、回答済み、期限切れ、取消済みのいずれでもない間だけ、先へ進めることができます。",
        en="A ceremony moves only as its table allows: once it has ended, it stays so.",
    ),
    stops="a second answer to one challenge",
)
RULES = (CONTEXT_FORM, TERMS, CHALLENGE, CONTEXT, IN_TIME, TRIES, MOVE)
