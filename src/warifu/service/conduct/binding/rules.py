"""What the service demands of activations and bindings, beside what their ceremonies demand."""

from __future__ import annotations

from warifu.authentication.binding import rules as ceremony
from warifu.base.rule import Rule, Text

_FORMAT = "docs/formats/activation.md"

MOVED = Rule(
    code="binding/moved",
    clause="docs/decisions/0018-confirmation.md",
    requires=Text(
        ja="処理中に他のリクエストによる変更があってはなりません。もう一度送信してください。",
        en="An activation or binding is still as it was when the request was looked at; send it"
        " again.",
    ),
    stops="parallel guesses, and steps taken twice",
)
KEY_BOUND = Rule(
    code="binding/key-bound",
    clause=f"{_FORMAT} §7",
    requires=Text(
        ja="登録する鍵は、ほかの利用者や端末にまだ登録されていないものでなければなりません。",
        en="A key that is bound is not bound already, to anybody.",
    ),
    stops="one key that answers for two people",
)
APPRAISED = Rule(
    code="binding/appraised",
    clause=f"{_FORMAT} §5",
    requires=Text(
        ja="登録する端末は、ログインの評価ポリシーで不適合とならないものでなければなりません。",
        en="Nothing that the policy for log-ins asks of a device stands against the one that is"
        " bound.",
    ),
    stops="binding a rooted phone, or a key that anybody could copy",
)
DEVICE_WORD = Rule(
    code="binding/device-word",
    clause=f"{_FORMAT} §6",
    requires=Text(
        ja="端末での確認は、登録する鍵による署名で証明されていなければなりません。",
        en="What the device confirms is signed by the key that is being bound.",
    ),
    stops="anybody between app and bank who confirms in the name of the device",
)
COUNTS = Rule(
    code="endorsement/counts",
    clause="docs/formats/endorsement.md §5",
    requires=Text(
        ja="追加した鍵は、取り消されておらず、新しい鍵に置き換えられていないものでなければなりません。",
        en="An endorsed key was neither revoked nor replaced, and is of this binding.",
    ),
    stops="an endorsed key that goes on after it was taken back",
)
KEY_TAKEN = Rule(
    code="endorsement/key-taken",
    clause="docs/formats/endorsement.md §5",
    requires=Text(
        ja="追加する鍵は、ほかの端末や用途に登録されておらず、取り消されたこともないものでなければなりません。",
        en="A key is endorsed by one binding, for one use, and not again after it was taken back.",
    ),
    stops="one key that speaks for two people or does two things, or a stolen one that comes again",
)
RULES = (MOVED, KEY_BOUND, APPRAISED, DEVICE_WORD, COUNTS, KEY_TAKEN)
STATUS = {
    MOVED.code: 409,
    KEY_BOUND.code: 409,
    DEVICE_WORD.code: 422,
    APPRAISED.code: 422,
    COUNTS.code: 403,
    KEY_TAKEN.code: 409,
    ceremony.ENDORSEMENT_TIME.code: 403,
    ceremony.USE.code: 403,
    ceremony.WARRANT_TIME.code: 422,
    ceremony.WARRANT_NEEDED.code: 422,
    ceremony.IN_TIME.code: 409,
    ceremony.TRIES.code: 409,
    ceremony.MOVE.code: 409,
    ceremony.REVEAL.code: 409,
    ceremony.FINGERPRINT.code: 422,
    ceremony.CONFIRMED.code: 409,
    ceremony.BINDING_MOVE.code: 409,
    ceremony.ACTOR.code: 403,
    ceremony.USABLE.code: 403,
    ceremony.DEVICES.code: 409,
    ceremony.COOLING_OFF.code: 409,
}
