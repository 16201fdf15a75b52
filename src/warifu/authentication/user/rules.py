"""Rules of user authentication, in the order in which the files of this room check them."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

FORMATS = "docs/formats/user-authentication.md"

KEY_KIND = Rule(
    code="user/key-kind",
    clause=f"{FORMATS} §1",
    requires=Text(
        ja="利用者認証に用いる鍵は、その方式のために登録されたものでなければなりません。",
        en="User authentication uses a key that is bound for this kind of proof.",
    ),
    stops="a key that was bound for something weaker standing in for a stronger one",
)
KEY_ATTESTED = Rule(
    code="user/key-attested",
    clause=f"{FORMATS} §1",
    requires=Text(
        ja="端末で判定した結果には、構成証明を確認した登録済みの鍵による署名が必要です。",
        en="What a terminal judged is signed by the bound key that was attested at enrolment.",
    ),
    stops="verdicts of a terminal that nobody vouches for",
)
NAMED = Rule(
    code="user/named",
    clause=f"{FORMATS} §1",
    requires=Text(
        ja="利用者認証では、対象の利用者と端末を指定する必要があります。",
        en="User authentication is asked of a named user on a named device.",
    ),
    stops="an authentication that would count for anybody",
)
SIGNED_FORM = Rule(
    code="user/signed-form",
    clause=f"{FORMATS} §2",
    requires=Text(
        ja="端末の鍵で署名したデータは、定められた種類と形式でなければなりません。",
        en="What a device key signed is of the stated content type and in its documented form.",
    ),
    stops="a signature made for one purpose passing for another",
)
STATEMENT_FORM = Rule(
    code="user/statement-form",
    clause=f"{FORMATS} §3",
    requires=Text(
        ja="利用者認証の結果は、定められた形式の決定的CBORでなければなりません。",
        en="A statement of what was checked is deterministic CBOR of the documented form.",
    ),
    stops="a statement that two readers understand differently",
)
STATEMENT_CONTEXT = Rule(
    code="user/statement-context",
    clause=f"{FORMATS} §3",
    requires=Text(
        ja="利用者認証の結果は、今回の手続に対するものでなければなりません。",
        en="The statement answers this challenge of this verifier, for this user and purpose.",
    ),
    stops="phishing relay, replay to another server, and replay of an earlier statement",
)
STATEMENT_TIME = Rule(
    code="user/statement-time",
    clause=f"{FORMATS} §3",
    requires=Text(
        ja="端末での認証は、結果を受け付ける前の定められた時間内に行われていなければなりません。",
        en="The check was made within the stated time before the statement arrived.",
    ),
    stops="a check made long ago, by whoever held the phone then",
)
STATEMENT_METHOD = Rule(
    code="user/statement-method",
    clause=f"{FORMATS} §3",
    requires=Text(
        ja="端末での認証の方法は、鍵の構成証明で確認できた利用条件と一致しなければなりません。",
        en="The method stated is one that the key's attestation says its use requires.",
    ),
    stops="an app that says the user was checked, with a key that anyone can use",
)
ASSURANCE = Rule(
    code="user/assurance",
    clause=f"{FORMATS} §3",
    requires=Text(
        ja="端末での認証は、この手続で認められた環境で行われなければなりません。",
        en="The check was made by an environment that this procedure accepts.",
    ),
    stops="an app's word where the word of hardware is asked for",
)

ENVELOPE_FORM = Rule(
    code="pin/envelope-form",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="暗号化した暗証番号は、定められた形式と長さで送信しなければなりません。",
        en="An encrypted PIN arrives in its documented form and length.",
    ),
    stops="parser differentials, and lengths that tell how long the PIN is",
)
ENVELOPE_SIGNATURE = Rule(
    code="pin/signature",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="暗号化した暗証番号には、登録済みの端末の鍵による署名が必要です。",
        en="The encrypted PIN is signed by the bound device key.",
    ),
    stops="tries made, or burnt, from any other device",
)
ENVELOPE_CONTEXT = Rule(
    code="pin/context",
    clause=f"{FORMATS} §4; RFC 9180 §5.1",
    requires=Text(
        ja="暗号化した暗証番号は、今回の手続に対するものでなければなりません。",
        en="The PIN was encrypted for this challenge, verifier, user, device and purpose.",
    ),
    stops="an envelope replayed, relayed, or used for another purpose",
)
ENVELOPE_KEY = Rule(
    code="pin/hpke-key",
    clause=f"{FORMATS} §4, §5",
    requires=Text(
        ja="暗証番号は、有効期間内の暗号化用公開鍵で暗号化しなければなりません。",
        en="The PIN is encrypted to one of our encryption keys within its time.",
    ),
    stops="keys that are retired, or were never ours",
)
OPENS = Rule(
    code="pin/opens",
    clause="RFC 9180 §5.2, §6.1",
    requires=Text(
        ja="暗号化した暗証番号は、改ざんされておらず、復号できなければなりません。",
        en="The encrypted PIN decrypts, and what comes out is a padded PIN.",
    ),
    stops="altered ciphertext; the try is spent all the same",
)
HPKE_PRIVATE = Rule(
    code="usage/hpke-private-key",
    clause="RFC 9180 §7.1.2",
    requires=Text(
        ja="暗号化用の秘密鍵は、暗号文が対象とするX25519の鍵を指定してください。",
        en="The decryption key is the X25519 key that the envelope names.",
    ),
)
DIGITS = Rule(
    code="pin/digits",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="暗証番号は、4桁から12桁の数字で指定してください。",
        en="A PIN has 4 to 12 digits.",
    ),
    stops="PINs that cannot be typed, and inputs of any size for a costly function",
)
WEAK = Rule(
    code="pin/weak",
    clause="NIST SP 800-63B-4 §3.1.1.2",
    requires=Text(
        ja="暗証番号には、推測されやすい番号（連続した数字、生年月日など）を使用できません。",
        en="A PIN is not one that is easily guessed, such as a run of digits or a birthday.",
    ),
    stops="the few PINs that a thief tries first",
)
WRONG = Rule(
    code="pin/wrong",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="入力する暗証番号は、登録された暗証番号と一致しなければなりません。",
        en="The PIN is the one that was set.",
    ),
    stops="whoever holds the phone and does not know the PIN",
)
RECORD = Rule(
    code="pin/record",
    clause="RFC 9106 §3.1, §4",
    requires=Text(
        ja="暗証番号の登録情報は、本人のもので、認められた条件で作成されていなければなりません。",
        en="The stored record is this user's, with known parameters and the stated pepper.",
    ),
    stops="records copied between users, and parameters that exhaust memory",
)
LOCKED = Rule(
    code="pin/locked",
    clause="NIST SP 800-63B-4 §3.2.2",
    requires=Text(
        ja="暗証番号の誤りが続いたため、ご利用を停止しています。窓口でお手続きください。",
        en="The PIN is not locked after too many wrong tries.",
    ),
    stops="guessing",
)
PACED = Rule(
    code="pin/paced",
    clause="NIST SP 800-63B-4 §3.2.2",
    requires=Text(
        ja="暗証番号の再入力は、定められた時間が経過してから行う必要があります。",
        en="After wrong tries, the next one waits for its time.",
    ),
    stops="guessing by the machine",
)
TICKET = Rule(
    code="usage/pin-ticket",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="暗証番号の照合結果は、事前に消費した試行に対してのみ記録できます。",
        en="Only a try that was spent before, by a PIN that matched, is settled.",
    ),
    stops="resetting the counter by anything else than the right PIN",
)
TRANSITION = Rule(
    code="pin/transition",
    clause=f"{FORMATS} §4",
    requires=Text(
        ja="暗証番号の試行の状態は、定められた順序でのみ変更できます。",
        en="The counter of tries moves only as its table says.",
    ),
    stops="states that nobody thought of",
)

CERTIFICATE_FORM = Rule(
    code="hpke-key/form",
    clause=f"{FORMATS} §5",
    requires=Text(
        ja="暗号化用公開鍵の証明書は、定められた形式でなければなりません。",
        en="A certificate of an encryption key is of the documented form.",
    ),
    stops="parser differentials, and another signed document taken for a certificate",
)
CERTIFICATE_SIGNER = Rule(
    code="hpke-key/signer",
    clause=f"{FORMATS} §5",
    requires=Text(
        ja="暗号化用公開鍵には、あらかじめ確認したサーバーの鍵による署名が必要です。",
        en="The encryption key is signed by a pinned long-term key of the server.",
    ),
    stops="a man in the middle who has the PIN encrypted to himself",
)
CERTIFICATE_VERIFIER = Rule(
    code="hpke-key/verifier",
    clause=f"{FORMATS} §5",
    requires=Text(
        ja="暗号化用公開鍵は、接続先のサービスのものでなければなりません。",
        en="The encryption key is that of the service which the app was made for.",
    ),
    stops="one service's key used to collect the PINs of another",
)
CERTIFICATE_TIME = Rule(
    code="hpke-key/time",
    clause=f"{FORMATS} §5",
    requires=Text(
        ja="暗号化用公開鍵は、有効期間内でなければなりません。",
        en="The encryption key is within its time.",
    ),
    stops="keys that were stolen after they should have been forgotten",
)
CERTIFICATE_LIFE = Rule(
    code="usage/hpke-key-life",
    clause=f"{FORMATS} §5",
    requires=Text(
        ja="暗号化用公開鍵の有効期間は、24時間以内で指定してください。",
        en="An encryption key of 32 octets is certified for at most 24 hours.",
    ),
)

CALL_FORM = Rule(
    code="call/form",
    clause=f"{FORMATS} §6",
    requires=Text(
        ja="署名付きの呼び出しは、定められた形式の決定的CBORでなければなりません。",
        en="A signed call is deterministic CBOR of the documented form.",
    ),
    stops="parser differentials",
)
CALL_TARGET = Rule(
    code="call/target",
    clause=f"{FORMATS} §6",
    requires=Text(
        ja="署名は、受信したリクエストのメソッド、パス、本文と一致しなければなりません。",
        en="The signature is over method, path and body of the request that arrived.",
    ),
    stops="a signature moved to another request, and altered bodies",
)
CALL_CONTEXT = Rule(
    code="call/context",
    clause=f"{FORMATS} §6",
    requires=Text(
        ja="署名付きの呼び出しは、このサービスのこのセッションに対するものでなければなりません。",
        en="A signed call is for this verifier, channel, user, device and session.",
    ),
    stops="relay, and replay to another server or session",
)
CALL_SEQUENCE = Rule(
    code="call/sequence",
    clause=f"{FORMATS} §6",
    requires=Text(
        ja="署名付きの呼び出しの番号は、前回より大きくなければなりません。",
        en="Each signed call has a higher number than the one before it.",
    ),
    stops="replay, and calls put into another order",
)
READ_ONLY = Rule(
    code="call/read-only",
    clause=f"{FORMATS} §6",
    requires=Text(
        ja="アクセストークンで行えるのは、参照のみの呼び出しに限られます。",
        en="With an access token one can only read.",
    ),
    stops="an unordered, unsigned body that changes something",
)
TOKEN = Rule(
    code="call/token",
    clause="RFC 9449 §7.1",
    requires=Text(
        ja="アクセストークンは、発行済みで有効期間内のものでなければなりません。",
        en="The access token is one that was issued and has not expired.",
    ),
    stops="forged and old tokens",
)

DPOP_FORM = Rule(
    code="dpop/form",
    clause="RFC 9449 §4.2, §4.3 steps 2 to 4",
    requires=Text(
        ja="DPoP証明は、必要な項目をすべて含む、種別dpop+jwtのJWTでなければなりません。",
        en="A DPoP proof is a JWT of type dpop+jwt with all its members.",
    ),
    stops="another signed token passing for a proof",
)
DPOP_KEY = Rule(
    code="dpop/key",
    clause="RFC 9449 §4.2, §4.3 steps 5 to 7; RFC 7517 §4",
    requires=Text(
        ja="DPoP証明には、アルゴリズムに適合した公開鍵だけを含めなければなりません。",
        en="A DPoP proof brings a public key that fits its algorithm, and nothing private.",
    ),
    stops="private or symmetric keys in a header, and keys of another kind",
)
DPOP_TARGET = Rule(
    code="dpop/target",
    clause="RFC 9449 §4.3 steps 8 and 9",
    requires=Text(
        ja="DPoP証明は、受信したリクエストのメソッドとURLに対するものでなければなりません。",
        en="The DPoP proof is for the method and the address of this request.",
    ),
    stops="a proof taken from one request and used for another, or at another server",
)
DPOP_TIME = Rule(
    code="dpop/time",
    clause="RFC 9449 §4.3 step 11, §11.1",
    requires=Text(
        ja="DPoP証明は、直前に作成されたものでなければなりません。",
        en="The DPoP proof was made just now.",
    ),
    stops="proofs made in advance, and replay after we have forgotten",
)
DPOP_NONCE = Rule(
    code="dpop/nonce",
    clause="RFC 9449 §4.3 step 10, §8",
    requires=Text(
        ja="DPoP証明には、サーバーが発行したナンスを含めなければなりません。",
        en="The DPoP proof holds the nonce that the server gave.",
    ),
    stops="proofs made in advance on a device that was held for a moment",
)
DPOP_TOKEN = Rule(
    code="dpop/token",
    clause="RFC 9449 §4.3 step 12 (ath)",
    requires=Text(
        ja="DPoP証明は、リクエストに添えたアクセストークンに対するものでなければなりません。",
        en="The DPoP proof is for the access token of this request.",
    ),
    stops="a proof used with another token",
)
DPOP_BOUND = Rule(
    code="dpop/bound",
    clause="RFC 9449 §4.3 step 12, §6.1",
    requires=Text(
        ja="DPoP証明は、アクセストークンを発行した鍵で署名されていなければなりません。",
        en="The DPoP proof is signed by the key to which the token was issued.",
    ),
    stops="a stolen token, which alone is worth nothing",
)

RULES = (
    *(KEY_KIND, KEY_ATTESTED, NAMED, SIGNED_FORM),
    *(STATEMENT_FORM, STATEMENT_CONTEXT, STATEMENT_TIME, STATEMENT_METHOD, ASSURANCE),
    *(ENVELOPE_FORM, ENVELOPE_SIGNATURE, ENVELOPE_CONTEXT, ENVELOPE_KEY, OPENS, HPKE_PRIVATE),
    *(DIGITS, WEAK, WRONG, RECORD, LOCKED, PACED, TICKET, TRANSITION),
    *(CERTIFICATE_FORM, CERTIFICATE_SIGNER, CERTIFICATE_VERIFIER, CERTIFICATE_TIME),
    *(CERTIFICATE_LIFE, CALL_FORM, CALL_TARGET, CALL_CONTEXT, CALL_SEQUENCE, READ_ONLY, TOKEN),
    *(DPOP_FORM, DPOP_KEY, DPOP_TARGET, DPOP_TIME, DPOP_NONCE, DPOP_TOKEN, DPOP_BOUND),
)
