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
_ENDORSEMENT = "docs/formats/endorsement.md"
ENDORSER = Rule(
    code="endorsement/bound-key",
    clause=f"{_ENDORSEMENT} §2",
    requires=Text(
        ja="鍵の追加は、端末に登録された鍵自身の署名によらなければなりません。",
        en="A key is endorsed by the bound key, of a kind that signs documents or assertions.",
    ),
    stops="a stolen session, or an endorsed key, that adds keys of its own",
)
ENDORSEMENT_FORM = Rule(
    code="endorsement/form",
    clause=f"{_ENDORSEMENT} §2",
    requires=Text(
        ja="鍵の追加の申出は、定められた形式の決定的CBORでなければなりません。",
        en="An endorsement is deterministic CBOR of the documented form.",
    ),
    stops="parser differentials",
)
ENDORSEMENT_ASKED = Rule(
    code="endorsement/asked",
    clause=f"{_ENDORSEMENT} §2",
    requires=Text(
        ja="鍵の追加の申出は、求められた金融機関・端末・用途・チャレンジ・期限に対するものでなければなりません。",
        en="An endorsement is for the bank, channel, binding, use, challenge and end asked for.",
    ),
    stops="an endorsement replayed for another binding, tenant, verifier or use",
)
ENDORSEMENT_TIME = Rule(
    code="endorsement/time",
    clause=f"{_ENDORSEMENT} §2",
    requires=Text(
        ja="追加した鍵は、その期限までに限りご利用いただけます。",
        en="An endorsed key is used before its end.",
    ),
    stops="a session key that lives on in a backup",
)
NEW_KEY = Rule(
    code="endorsement/new-key",
    clause=f"{_ENDORSEMENT} §2",
    requires=Text(
        ja="追加する鍵は、端末に登録された鍵とは別の、P-256またはEd25519の鍵でなければなりません。",
        en="The endorsed key is another than the bound one, on P-256 or Ed25519.",
    ),
    stops="one key with two uses",
)
POSSESSION = Rule(
    code="endorsement/possession",
    clause=f"{_ENDORSEMENT} §3",
    requires=Text(
        ja="追加する鍵は、同じ申出に自らも署名しなければなりません。",
        en="The endorsed key signs the same bytes as the bound key.",
    ),
    stops="endorsing a key that somebody else holds",
)
USE = Rule(
    code="endorsement/use",
    clause=f"{_ENDORSEMENT} §1",
    requires=Text(
        ja="追加した鍵は、認められた用途にのみ使用できます。",
        en="An endorsed key is used for its one use.",
    ),
    stops="a session key that approves transactions or endorses other keys",
)
WARRANT_NEEDED = Rule(
    code="warrant/needed",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="取引を表示して署名する鍵には、部品の提供者による保証書が必要です。ほかの用途の鍵には添付できません。",
        en="A key for transactions comes with a warrant of its component, and no other key does.",
    ),
    stops="a key of the app passing for one behind a trusted display",
)
WARRANT_FORM = Rule(
    code="warrant/form",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="部品の保証書は、定められた形式のCOSE_Sign1でなければなりません。",
        en="A warrant is a COSE_Sign1 of the documented form.",
    ),
    stops="parser differentials, and another document of the provider passing for a warrant",
)
WARRANT_PROVIDER = Rule(
    code="warrant/provider",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="部品の保証書は、このアプリに登録された提供者の鍵で署名されていなければなりません。",
        en="A warrant is signed by a provider's key that the app registration names.",
    ),
    stops="whoever owns a phone warranting a display of his own",
)
WARRANT_DEVICE = Rule(
    code="warrant/device",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="部品の保証書は、この端末に登録された鍵に対するものでなければなりません。",
        en="A warrant is for a component on the device of the bound key.",
    ),
    stops="a warrant for another device's key",
)
WARRANT_KEY = Rule(
    code="warrant/key",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="部品の保証書は、追加する鍵そのものに対するものでなければなりません。",
        en="A warrant is for the very key that is endorsed.",
    ),
    stops="substitution of the key behind the display",
)
WARRANT_TIME = Rule(
    code="warrant/time",
    clause=f"{_ENDORSEMENT} §4",
    requires=Text(
        ja="部品の保証書は、有効期間内のものでなければなりません。",
        en="A warrant is used within its time.",
    ),
    stops="a component that its provider no longer stands for",
)
RULES = (
    *(TERMS, CODE_FORM, CODE_KEY, CODE_VERIFIER, IN_TIME, TRIES, MOVE, COMMITMENT, REVEAL),
    *(OPENING, EVIDENCE_CHALLENGE, EVIDENCE_APP, KIND, FINGERPRINT),
    *(CONFIRMED, BINDING_MOVE, ACTOR, USABLE, DEVICES, COOLING_OFF),
    *(ENDORSER, ENDORSEMENT_FORM, ENDORSEMENT_ASKED, ENDORSEMENT_TIME, NEW_KEY, POSSESSION, USE),
    *(WARRANT_NEEDED, WARRANT_FORM, WARRANT_PROVIDER, WARRANT_DEVICE, WARRANT_KEY, WARRANT_TIME),
)
