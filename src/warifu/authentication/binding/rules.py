"""What activations and bindings demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

TERMS = Rule(
    code="activation/terms",
    clause="docs/formats/activation.md §2",
    requires=Text(
        ja="端末登録は、定められた長さの乱数と有効期間、試行回数で始めなければなりません。",
        en="An activation begins with random octets, a life and tries of the stated sizes.",
    ),
    stops="codes that live for days, and nonces that can be guessed",
)
CODE_FORM = Rule(
    code="activation/code-form",
    clause="docs/formats/activation.md §3",
    requires=Text(
        ja="アクティベーションコードは、定められた形式でなければなりません。",
        en="An activation code is a text of the documented form.",
    ),
    stops="parser differentials in the app",
)
CODE_KEY = Rule(
    code="activation/code-key",
    clause="docs/formats/activation.md §3",
    requires=Text(
        ja="アクティベーションコードは、アプリに登録された金融機関の鍵で署名されている必要があります。",
        en="An activation code is signed by a key that the app has pinned.",
    ),
    stops="a phishing site that makes the app enrol with an attacker",
)
CODE_VERIFIER = Rule(
    code="activation/code-verifier",
    clause="docs/formats/activation.md §3",
    requires=Text(
        ja="アクティベーションコードを使用できるのは、発行元のサービスだけです。",
        en="An activation code is used at the verifier that issued it, and nowhere else.",
    ),
    stops="replay of a code at another verifier",
)
IN_TIME = Rule(
    code="activation/in-time",
    clause="docs/formats/activation.md §2",
    requires=Text(
        ja="端末登録は、有効期間内に終える必要があります。お手数ですが、初めからやり直してください。",
        en="An activation is ended within its time.",
    ),
    stops="codes found in an old letter or mailbox",
)
TRIES = Rule(
    code="activation/tries",
    clause="docs/formats/activation.md §2",
    requires=Text(
        ja="端末登録の試行は、定められた回数までです。お手数ですが、初めからやり直してください。",
        en="An activation admits no more tries than it began with.",
    ),
    stops="guessing the fingerprint",
)
MOVE = Rule(
    code="activation/move",
    clause="docs/states.md",
    requires=Text(
        ja="端末登録は、定められた順序でのみ進めることができます。",
        en="An activation moves only as its table allows: commitment, proof, then both sides.",
    ),
    stops="a second commitment, and steps that are left out or repeated",
)
COMMITMENT = Rule(
    code="activation/commitment",
    clause="docs/formats/activation.md §4",
    requires=Text(
        ja="端末は、鍵と乱数から計算した32バイトのコミットメントを先に送らなければなりません。",
        en="A commitment is 32 octets: SHA-256 over activation, key and the device's nonce.",
    ),
)
REVEAL = Rule(
    code="activation/reveal",
    clause="docs/formats/activation.md §4",
    requires=Text(
        ja="サーバーの乱数は、端末のコミットメントを受け取った後にのみ開示できます。",
        en="The server's nonce is revealed only after it holds the device's commitment.",
    ),
    stops="grinding a key or nonce until the fingerprints agree",
)
OPENING = Rule(
    code="activation/opening",
    clause="docs/formats/activation.md §5",
    requires=Text(
        ja="端末の鍵と乱数は、先に受け取ったコミットメントと一致しなければなりません。",
        en="The attested key and the device's nonce are the ones that were committed to.",
    ),
    stops="substituting the key at enrolment",
)
EVIDENCE_CHALLENGE = Rule(
    code="activation/evidence-challenge",
    clause="docs/formats/activation.md §5",
    requires=Text(
        ja="端末の証拠は、この端末登録のチャレンジに対するものでなければなりません。",
        en="The evidence was made for the challenge of this activation.",
    ),
    stops="relaying evidence from another activation or another verifier",
)
EVIDENCE_APP = Rule(
    code="activation/evidence-app",
    clause="docs/formats/activation.md §5",
    requires=Text(
        ja="端末の証拠は、登録しようとするアプリのものでなければなりません。",
        en="The evidence was made for the app that the activation is for.",
    ),
    stops="binding the key of a fake app",
)
KIND = Rule(
    code="activation/kind",
    clause="docs/formats/activation.md §5",
    requires=Text(
        ja="鍵は、その証拠で証明できる用途にのみ登録できます。",
        en="A key is bound for a kind of proof that its evidence warrants.",
    ),
    stops="passing off an ordinary key as one that signs what a trusted display showed",
)
FINGERPRINT = Rule(
    code="activation/fingerprint",
    clause="docs/formats/activation.md §6",
    requires=Text(
        ja="端末と金融機関に表示された8桁の確認番号は、一致していなければなりません。",
        en="The eight digits on the device and at the bank are the same.",
    ),
    stops="a man in the middle at enrolment",
)
CONFIRMED = Rule(
    code="binding/confirmed",
    clause="docs/formats/activation.md §6",
    requires=Text(
        ja="端末紐付けは、確認番号が双方で確認された端末登録に基づくものでなければなりません。",
        en="A binding rests on an activation of the same key and user, confirmed on both sides.",
    ),
    stops="a key that becomes active without anybody having compared",
)
BINDING_MOVE = Rule(
    code="binding/move",
    clause="docs/states.md",
    requires=Text(
        ja="端末紐付けの状態は、定められた順序でのみ変更できます。失効した紐付けは元に戻せません。",
        en="A binding moves only as its table allows; a revoked one never comes back.",
    ),
    stops="a lost phone coming back to life",
)
ACTOR = Rule(
    code="binding/actor",
    clause="docs/states.md",
    requires=Text(
        ja="端末紐付けの変更は、それを行う権限のある者だけが実行できます。",
        en="A binding is changed by those who may, and a hold is lifted by those who may lift it.",
    ),
    stops="a thief who resumes the phone that its owner suspended",
)
USABLE = Rule(
    code="binding/usable",
    clause="PSD2 RTS (EU) 2018/389 art. 7, 24",
    requires=Text(
        ja="この手続には、ご本人の有効な端末として登録された端末が必要です。",
        en="The binding is active, and is of this user and this device.",
    ),
    stops="keys that are suspended, revoked or somebody else's",
)
DEVICES = Rule(
    code="binding/devices",
    clause="docs/formats/activation.md §7",
    requires=Text(
        ja="登録できる端末の台数には上限があります。ご不要な端末の登録を解除してください。",
        en="A user has no more devices than the bank allows; suspended ones count.",
    ),
    stops="an attacker who quietly adds a phone to many",
)
COOLING_OFF = Rule(
    code="binding/cooling-off",
    clause="docs/formats/activation.md §7",
    requires=Text(
        ja="新しく登録した端末では、一定の期間が過ぎるまで、この手続をご利用いただけません。",
        en="The device has been bound for as long as the operation demands.",
    ),
    stops="emptying an account minutes after enrolling a stolen identity",
)
RULES = (
    *(TERMS, CODE_FORM, CODE_KEY, CODE_VERIFIER, IN_TIME, TRIES, MOVE, COMMITMENT, REVEAL),
    *(OPENING, EVIDENCE_CHALLENGE, EVIDENCE_APP, KIND, FINGERPRINT),
    *(CONFIRMED, BINDING_MOVE, ACTOR, USABLE, DEVICES, COOLING_OFF),
)
