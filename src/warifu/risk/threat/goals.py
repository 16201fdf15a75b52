"""Goals that must hold, what is gained on the way to breaking them, and what breaks each."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text


class Gain(StrEnum):
    """What a move gives: a circumstance of the build, or something the attacker now has."""

    UI_IN_REE = "ui-in-ree"
    UI_IN_TEE = "ui-in-tee"
    UI_ON_LINK = "ui-on-link"
    PROMPTED = "prompted"
    PIN_KNOWN = "pin-known"
    KEY_COPIED = "key-copied"
    PHONE_IN_HAND = "phone-in-hand"
    FALSE_APPROVAL = "false-approval"
    OTHER_TERMINAL = "other-terminal"
    STRANGER_ADMITTED = "stranger-admitted"
    STRANGER_BOUND = "stranger-bound"
    FALSE_ACCEPTANCE = "false-acceptance"
    ACCEPTED_AGAIN = "accepted-again"
    FALSE_RECEIPT = "false-receipt"


GAINS: dict[Gain, Text] = {
    Gain.UI_IN_REE: Text(
        ja="利用者とのやり取りが通常OSを通ります",
        en="the user is shown and asked through the ordinary OS",
    ),
    Gain.UI_IN_TEE: Text(
        ja="利用者とのやり取りがTEEのTrusted UIで行われます",
        en="the user is shown and asked by Trusted UI in the TEE",
    ),
    Gain.UI_ON_LINK: Text(
        ja="表示と入力が、暗号化されないままSEとTAの間を流れます",
        en="what is shown and typed travels in clear between SE and TA",
    ),
    Gain.PROMPTED: Text(
        ja="攻撃者の画面が認証データの入力を求めています",
        en="a screen of the attacker asks for the authentication data",
    ),
    Gain.PIN_KNOWN: Text(ja="攻撃者がPINを知っています", en="the attacker knows the PIN"),
    Gain.KEY_COPIED: Text(
        ja="攻撃者が端末の鍵の写しを持っています",
        en="the attacker has a copy of the terminal's key",
    ),
    Gain.PHONE_IN_HAND: Text(
        ja="紐付け済みの端末が攻撃者の手元にあります",
        en="a bound terminal is in the attacker's hand",
    ),
    Gain.FALSE_APPROVAL: Text(
        ja="利用者が承認していない取引を、正規の端末が承認します",
        en="the genuine terminal approves what the user did not",
    ),
    Gain.OTHER_TERMINAL: Text(
        ja="攻撃者の端末が、利用者の端末として受け入れられます",
        en="another terminal is taken for the user's",
    ),
    Gain.STRANGER_ADMITTED: Text(
        ja="他人が登録の手続を通過します", en="a stranger passes the enrolment procedure"
    ),
    Gain.STRANGER_BOUND: Text(
        ja="他人の端末または口座が、利用者に紐付けられます",
        en="a stranger's terminal or account is tied to the user",
    ),
    Gain.FALSE_ACCEPTANCE: Text(
        ja="利用者が承認していない取引を、サーバが受け入れます",
        en="the server accepts what the user did not approve",
    ),
    Gain.ACCEPTED_AGAIN: Text(
        ja="一度の承認が、二度以上受け入れられます",
        en="more is accepted than was approved once",
    ),
    Gain.FALSE_RECEIPT: Text(
        ja="事実と異なる取引の控えが作られます", en="a receipt says what did not happen"
    ),
}
"""Every gain as a clause that can follow "then"."""


class Goal(StrEnum):
    """What a bank wants to hold whatever the attacker does."""

    PIN = "pin"
    TRANSACTION = "transaction"
    ONCE = "once"
    TERMINAL = "terminal"
    ENROLMENT = "enrolment"
    RECEIPT = "receipt"


class GoalRow(Struct, frozen=True, kw_only=True):
    """A goal, and the gain that breaks it."""

    goal: Goal
    broken_by: Gain
    name: Text
    """A few words, for the head of a column."""
    holds: Text
    """The sentence that is true while it holds."""
    clause: str


_TABLE: tuple[tuple[Goal, Gain, str, str, str, str, str], ...] = (
    (
        *(Goal.PIN, Gain.PIN_KNOWN, "PINの秘匿", "PIN stays secret"),
        "PINなどの認証データが攻撃者に知られません。",
        *("The attacker does not learn the authentication data.", "U 2.2"),
    ),
    (
        *(Goal.TRANSACTION, Gain.FALSE_ACCEPTANCE, "取引の真正性", "transaction as approved"),
        "サーバは、利用者が承認したその取引だけを受け入れます。",
        "The server accepts a transaction only if the user approved that very transaction.",
        "U 2.1, U 2.2",
    ),
    (
        *(Goal.ONCE, Gain.ACCEPTED_AGAIN, "一回限り", "at most once"),
        "一度の承認で受け入れられる取引は、一度だけです。",
        *("Each approval is accepted at most once.", "U 2.3 (data unique to the transaction)"),
    ),
    (
        *(Goal.TERMINAL, Gain.OTHER_TERMINAL, "端末の真正性", "no other terminal"),
        "他の端末から利用者になりすますことができません。",
        *("Nobody passes for the user from another terminal.", "U 2.2, U 2.3"),
    ),
    (
        *(Goal.ENROLMENT, Gain.STRANGER_BOUND, "登録と口座連携", "no stranger enrols"),
        "他人が利用者の名義で端末を登録したり、口座を連携したりすることができません。",
        *("No stranger enrols a terminal or links an account in the user's name.", "S 3, S 7"),
    ),
    (
        *(Goal.RECEIPT, Gain.FALSE_RECEIPT, "控えの真正性", "receipts are true"),
        "取引の控えが示す承認は、利用者本人が行ったものです。",
        *("What a receipt says was approved, the user approved.", "S 5.2"),
    ),
)

GOALS: dict[Goal, GoalRow] = {
    goal: GoalRow(
        goal=goal,
        broken_by=gain,
        name=Text(ja=name_ja, en=name_en),
        holds=Text(ja=ja, en=en),
        clause=clause,
    )
    for goal, gain, name_ja, name_en, ja, en, clause in _TABLE
}
"""Every goal with what breaks it."""
