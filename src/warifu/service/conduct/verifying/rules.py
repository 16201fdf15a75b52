"""What the service demands of user authentication, beside what its pure room demands."""

from __future__ import annotations

from warifu.authentication.user.rules import LOCKED, PACED
from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0018-confirmation.md"

PIN_KNOWN = Rule(
    code="pin/known",
    clause=_RECORD,
    requires=Text(
        ja="暗証番号は、あらかじめ登録されている必要があります。",
        en="The user has set a PIN.",
    ),
)
FIRST_PIN = Rule(
    code="pin/first",
    clause="NIST SP 800-63B-4 §4.1.2",
    requires=Text(
        ja="暗証番号の初回登録は、端末の登録後か、別の利用者認証の後、一定時間内に行う必要があります。",
        en="A first PIN is set soon after the device was bound, or after another verification.",
    ),
    stops="whoever finds an unlocked phone setting a PIN of his own",
)
OLD_PIN = Rule(
    code="pin/old-pin",
    clause="NIST SP 800-63B-4 §4.1.2",
    requires=Text(
        ja="暗証番号の変更は、同じ端末で、現在の暗証番号による認証の後、一定時間内に行う必要があります。",
        en="Another PIN is set just after the old one was verified on the same device.",
    ),
    stops="possession of the phone, or a passkey, replacing the PIN and with it the counter",
)
RACED = Rule(
    code="pin/raced",
    clause=_RECORD,
    requires=Text(
        ja="同じ暗証番号を同時に処理することはできません。もう一度お試しください。",
        en="The PIN and its counter did not change in the meantime; try again.",
    ),
    stops="tries that race past the counter",
)
PEPPER = Rule(
    code="pin/pepper",
    clause="docs/operators.md, PINs",
    requires=Text(
        ja="暗証番号の登録と照合には、サービスにペッパーが設定されている必要があります。",
        en="PINs take a service that was given the peppers under which they are kept.",
    ),
    stops="PINs kept so that the database alone gives them away",
)
REPLAYED = Rule(
    code="dpop/replay",
    clause="RFC 9449 §11.1",
    requires=Text(
        ja="DPoP証明を使用できるのは一度だけです。",
        en="A DPoP proof is used once.",
    ),
    stops="a proof that was overheard, sent again",
)
TOKEN_AFTER = Rule(
    code="token/verified",
    clause=_RECORD,
    requires=Text(
        ja="アクセストークンの発行には、同じ端末での有効な利用者認証が必要です。",
        en="An access token is issued after its user was verified on the same device.",
    ),
    stops="whoever holds an unlocked phone reading accounts",
)
CALL_FORM = Rule(
    code="call/check-form",
    clause="docs/openapi.json",
    requires=Text(
        ja="順序付きの呼び出しにはチャレンジを、並行の呼び出しにはトークンを指定してください。",
        en="An ordered call comes with its session's challenge, a parallel one with its token.",
    ),
)
RULES = (*(PIN_KNOWN, FIRST_PIN, OLD_PIN, RACED, PEPPER, REPLAYED, TOKEN_AFTER, CALL_FORM),)
STATUS = {
    PIN_KNOWN.code: 404,
    RACED.code: 409,
    REPLAYED.code: 409,
    LOCKED.code: 423,
    PACED.code: 429,
}
