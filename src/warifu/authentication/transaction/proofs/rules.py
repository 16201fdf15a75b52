"""Rules of proofs, in the order of checking: those of all kinds, then those of each kind.

Browsers' proofs are held to the rules of WebAuthn too, and App Attest's to its own.
"""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_DOCUMENT = "docs/formats/confirmation.md"

KIND = Rule(
    code="proof/kind",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="回答の証明は、その鍵について登録された方式で作られたものでなければなりません。",
        en="A proof is of the kind that its key is bound for; a refusal may be by the key alone.",
    ),
    stops="downgrade to a kind that shows less, and a key used for what it was not attested for",
)
CONTAINER = Rule(
    code="proof/container",
    clause=f"{_DOCUMENT} §3",
    requires=Text(
        ja="回答の証明は、方式ごとに定められた項目だけを持つ決定的CBORでなければなりません。",
        en="A proof is deterministic CBOR with exactly the members of its kind.",
    ),
    stops="bytes that no signature covers, and parser differentials",
)
SIGNATURE = Rule(
    code="proof/signature",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="回答の署名は、本人に紐付けられた鍵で検証できなければなりません。",
        en="The answer's signature verifies under the key that is bound to the person asked.",
    ),
    stops="forged answers, and answers of another person or device",
)
TRANSACTION = Rule(
    code="proof/transaction",
    clause=f"{_DOCUMENT} §2",
    requires=Text(
        ja="回答は、本人に送られた取引内容そのものに対するものでなければなりません。",
        en="The answer is to exactly the transaction that was sent, by the SHA-256 of its bytes.",
    ),
    stops="text swapped after approval, and an approval used for another transaction",
)
CAN_APPROVE = Rule(
    code="proof/can-approve",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="取引の承認には、内容を表示して承認を受けられる方式の証明が必要です。",
        en="An approval is by a kind of proof that can approve; a device key alone only refuses.",
    ),
    stops="approval by malware that may use the device key without the person",
)
CAN_REFUSE = Rule(
    code="proof/can-refuse",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="取引の拒否には、拒否の意思に署名できる方式の証明が必要です。",
        en="A refusal is by a kind of proof that can refuse.",
    ),
    stops="pressing OK in a system dialogue that is then read as something else",
)
USER_VERIFIED = Rule(
    code="proof/user-verified",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="利用者の検証を要する取引は、暗証番号または生体認証による検証を経て承認しなければなりません。",
        en="Where it is demanded, an approval was signed only after PIN or biometrics.",
    ),
    stops="approval by whoever holds an unlocked phone",
)
DISPLAY = Rule(
    code="proof/display",
    clause=f"{_DOCUMENT} §1",
    requires=Text(
        ja="取引内容は、その取引に求められる水準の環境で表示されていなければなりません。",
        en="The text was displayed by an environment that this transaction accepts.",
    ),
    stops="overlays and altered apps where the transaction calls for a trusted display",
)
BOUND_KEY = Rule(
    code="usage/bound-key",
    clause="RFC 5280 §4.1.2.7",
    requires=Text(
        ja="登録済みの鍵は、対応している種類の公開鍵（SubjectPublicKeyInfo）で指定してください。",
        en="A bound key is the SubjectPublicKeyInfo of a supported kind of key.",
    ),
)

ENVELOPE_HEADERS = Rule(
    code="proof-envelope/headers",
    clause=f"{_DOCUMENT} §4",
    requires=Text(
        ja="署名データ（COSE_Sign1）のヘッダーは、その方式に定められたものだけでなければなりません。",
        en="The envelope has exactly the protected headers of its kind, and no others.",
    ),
    stops="a signature of a plain device key passed off as that of a trusted display",
)

CONFIRMATION_KEY = Rule(
    code="protected-confirmation/key",
    clause="AOSP attestation: trustedConfirmationRequired [508] in hardwareEnforced",
    requires=Text(
        ja="保護された確認画面の表示内容にしか署名しないことを、ハードウェアが証明した鍵が必要です。",
        en="Hardware attested that the key signs only what was shown by a protected confirmation.",
    ),
    stops="an app that signs a message nobody was shown",
)
CONFIRMATION_MESSAGE = Rule(
    code="protected-confirmation/message",
    clause="AOSP confirmationui: IConfirmationResultCallback, formattedMessage",
    requires=Text(
        ja="確認メッセージは、表示文と付加データをこの順に持つ、上限長以内のCBORでなければなりません。",
        en="The message is a CBOR map of prompt, then extra, within the platform's limit.",
    ),
    stops="parser differentials about what was shown",
)
CONFIRMATION_PROMPT = Rule(
    code="protected-confirmation/prompt",
    clause=f"{_DOCUMENT} §5",
    requires=Text(
        ja="確認画面に表示された文は、取引の表示文と一字一句同じでなければなりません。",
        en="The prompt that was shown is the transaction's text, to the letter.",
    ),
    stops="another text shown than the one approved",
)

PAYMENT_FORM = Rule(
    code="secure-payment/form",
    clause="Secure Payment Confirmation, CollectedClientAdditionalPaymentData",
    requires=Text(
        ja="署名された支払情報は、仕様に定められた項目だけを正しい型で持たなければなりません。",
        en="The signed payment has the specified members in their types, and no unknown ones.",
    ),
    stops="members that were displayed and signed, and that nobody compared",
)
PAYMENT_TRANSACTION = Rule(
    code="secure-payment/transaction",
    clause=f"{_DOCUMENT} §6",
    requires=Text(
        ja="この方式で承認できるのは、金額と受取人を示した振込に限ります。",
        en="Only a transfer, which has an amount and a payee, is approved by this kind.",
    ),
    stops="a document or an account link approved on a sheet that shows a payment",
)
PAYMENT_RP_ID = Rule(
    code="secure-payment/rp-id",
    clause="Secure Payment Confirmation, Verifying an Authentication Assertion: rpId",
    requires=Text(
        ja="署名された支払情報は、想定したRP IDに対するものでなければなりません。",
        en="The signed payment names this relying party, by rpId and by the older rp if present.",
    ),
    stops="a payment approved to another bank",
)
PAYMENT_TOP_ORIGIN = Rule(
    code="secure-payment/top-origin",
    clause="Secure Payment Confirmation, Verifying an Authentication Assertion: topOrigin",
    requires=Text(
        ja="支払いを求めたページのオリジンは、想定したものでなければなりません。",
        en="The page in the address bar is the one that was expected to ask.",
    ),
    stops="a phishing page that frames the genuine one",
)
PAYMENT_PAYEE = Rule(
    code="secure-payment/payee",
    clause="Secure Payment Confirmation, Verifying an Authentication Assertion: payeeName",
    requires=Text(
        ja="ブラウザーに表示された受取人は、取引の受取人と一致しなければなりません。",
        en="The payee that the browser showed is the transaction's, by name and by origin.",
    ),
    stops="a payee swapped on the page",
)
PAYMENT_TOTAL = Rule(
    code="secure-payment/total",
    clause="Secure Payment Confirmation, Verifying an Authentication Assertion: total",
    requires=Text(
        ja="ブラウザーに表示された金額と通貨は、取引の金額と通貨に正確に一致しなければなりません。",
        en="The amount that the browser showed is the transaction's, as an exact decimal.",
    ),
    stops="an amount altered on the page, or rounded by a reader",
)
PAYMENT_INSTRUMENT = Rule(
    code="secure-payment/instrument",
    clause="Secure Payment Confirmation, Verifying an Authentication Assertion: instrument",
    requires=Text(
        ja="ブラウザーに表示された支払元は、想定した口座またはカードでなければなりません。",
        en="The instrument that the browser showed is the one that was asked for.",
    ),
    stops="paying from another account than the person saw",
)
PAYMENT_LOGOS = Rule(
    code="secure-payment/logos",
    clause="Secure Payment Confirmation, CollectedClientAdditionalPaymentData: logos",
    requires=Text(
        ja="ブラウザーに表示されたロゴは、指定したもの、またはその一部を順番どおりに並べたものに限ります。",
        en="The logos that were shown are some of those asked for, in their order.",
    ),
    stops="a logo of another institution lending its name",
)
BROWSER_BOUND_KEY = Rule(
    code="secure-payment/browser-bound-key",
    clause="Secure Payment Confirmation, browserBoundPublicKey, browserBoundSignature",
    requires=Text(
        ja="ブラウザーに固有の鍵は登録時のものと一致し、その署名を検証できなければなりません。",
        en="The browser-bound key is the one stored, and its signature over client data verifies.",
    ),
    stops="use of a synced passkey on a device that was never enrolled",
)
PAYMENT_EXPECTED = Rule(
    code="usage/payment-expected",
    clause=f"{_DOCUMENT} §6",
    requires=Text(
        ja="この方式の検証には、表示を求めた支払元とページを指定してください。",
        en="To verify this kind, say which instrument and page were asked for.",
    ),
)

COMMON = (KIND, CONTAINER, SIGNATURE, TRANSACTION, CAN_APPROVE, CAN_REFUSE, USER_VERIFIED, DISPLAY)
ENVELOPE = (ENVELOPE_HEADERS,)
PROTECTED_CONFIRMATION = (CONFIRMATION_KEY, CONFIRMATION_MESSAGE, CONFIRMATION_PROMPT)
SECURE_PAYMENT = (
    PAYMENT_FORM,
    PAYMENT_TRANSACTION,
    PAYMENT_RP_ID,
    PAYMENT_TOP_ORIGIN,
    PAYMENT_PAYEE,
    PAYMENT_TOTAL,
    PAYMENT_INSTRUMENT,
    PAYMENT_LOGOS,
)
RULES: tuple[Rule, ...] = (
    *COMMON,
    *ENVELOPE,
    *PROTECTED_CONFIRMATION,
    *SECURE_PAYMENT,
    BROWSER_BOUND_KEY,
)
