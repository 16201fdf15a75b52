"""Rules of WebAuthn registrations and assertions (WebAuthn Level 3 §7.1, §7.2), in step order.

Rules of the single statement formats are in `webauthn_statements`.
"""

from __future__ import annotations

from warifu.attestation.evidence.rules import (
    webauthn_android,
    webauthn_statements,
    webauthn_tpm,
)
from warifu.base.rule import Leniency, Rule, Text

RESPONSE_FORM = Rule(
    code="webauthn/response-form",
    clause="WebAuthn L3 §5.1.8; §7.1 steps 3-4; §7.2 steps 3-4",
    requires=Text(
        ja="応答は、登録または認証の応答として必要な項目をすべて備えたJSONでなければなりません。",
        en="The response is the JSON of a registration or an authentication, with all its members.",
    ),
    stops="passing one kind of response off as the other",
)
CREDENTIAL_EXPECTED = Rule(
    code="webauthn/credential-expected",
    clause="WebAuthn L3 §7.2 steps 5-6",
    requires=Text(
        ja="認証に使われたクレデンシャルは、対象の利用者が登録したものでなければなりません。",
        en="The credential used is the one registered for this user.",
    ),
    stops="signing in with another customer's credential",
)
USER_HANDLE = Rule(
    code="webauthn/user-handle",
    clause="WebAuthn L3 §7.2 step 6",
    requires=Text(
        ja="応答に含まれるユーザーハンドルは、登録時のものと一致しなければなりません。",
        en="A user handle in the response is the one stored with the credential.",
    ),
    stops="mixing up accounts",
)
CLIENT_DATA = Rule(
    code="webauthn/client-data",
    clause="WebAuthn L3 §5.8.1; §7.1 steps 5-6; §7.2 steps 8-9",
    requires=Text(
        ja="クライアントデータは、必要な項目を正しい型で持つJSONでなければなりません。",
        en="The client data is JSON with the required members in their types.",
    ),
    stops="parser differentials",
)
TYPE = Rule(
    code="webauthn/type",
    clause="WebAuthn L3 §7.1 step 7; §7.2 step 10",
    requires=Text(
        ja="クライアントデータの種別（登録または認証）は、実際の手続と一致しなければなりません。",
        en="The client data states the type of this ceremony, registration or authentication.",
    ),
    stops="using a sign-in as a registration, or the reverse",
)
CHALLENGE = Rule(
    code="webauthn/challenge",
    clause="WebAuthn L3 §7.1 step 8; §7.2 step 11",
    requires=Text(
        ja="応答は、発行したチャレンジに対するものでなければなりません。",
        en="The response answers the challenge that was issued.",
    ),
    stops="replay",
)
ORIGIN = Rule(
    code="webauthn/origin",
    clause="WebAuthn L3 §7.1 step 9; §7.2 step 12; §13.4.9",
    requires=Text(
        ja="手続は、正規のサイトまたはアプリで行われたものでなければなりません。",
        en="The ceremony took place on an origin that belongs to the service.",
    ),
    stops="phishing and relaying through another site",
)
CROSS_ORIGIN = Rule(
    code="webauthn/cross-origin",
    clause="WebAuthn L3 §7.1 steps 10-11; §7.2 steps 13-14",
    requires=Text(
        ja="ほかのサイトのフレーム内での手続は、あらかじめ許可されたものでなければなりません。",
        en="The ceremony ran inside another site's frame only where that is expected.",
    ),
    stops="clickjacking and hidden frames",
)
TOP_ORIGIN = Rule(
    code="webauthn/top-origin",
    clause="WebAuthn L3 §7.1 step 11; §7.2 step 14",
    requires=Text(
        ja="フレームを埋め込んでいるサイトは、許可されたサイトでなければなりません。",
        en="The site around the frame is one that is expected.",
    ),
    stops="embedding by strangers",
)
ATTESTATION_OBJECT = Rule(
    code="webauthn/attestation-object",
    clause="WebAuthn L3 §6.5.4; §7.1 step 13",
    requires=Text(
        ja="構成証明オブジェクトには、形式、認証器データ、構成証明ステートメントが必要です。",
        en="The attestation object has a format, authenticator data and a statement.",
    ),
    stops="parser differentials",
)
RP_ID = Rule(
    code="webauthn/rp-id",
    clause="WebAuthn L3 §7.1 step 14; §7.2 step 15",
    requires=Text(
        ja="認証器データは、想定したサービス（RP ID）に対して作られたものでなければなりません。",
        en="The authenticator signed for this relying party's RP ID.",
    ),
    stops="use of a credential or statement made for another service",
)
USER_PRESENT = Rule(
    code="webauthn/user-present",
    clause="WebAuthn L3 §7.1 step 15; §7.2 step 16",
    requires=Text(
        ja="利用者がその場で操作したことを、認証器が確認していなければなりません。",
        en="The authenticator saw that a person was present.",
    ),
    stops="use by malware without the person",
)
USER_VERIFIED = Rule(
    code="webauthn/user-verified",
    clause="WebAuthn L3 §7.1 step 16; §7.2 step 17",
    requires=Text(
        ja="利用者の検証が必要な場合、認証器が生体認証やPINで利用者を検証していなければなりません。",
        en="Where user verification is required, the authenticator verified the user.",
    ),
    stops="use of a stolen device",
)
BACKUP_FLAGS = Rule(
    code="webauthn/backup-flags",
    clause="WebAuthn L3 §6.1.3; §7.1 step 17; §7.2 step 18",
    requires=Text(
        ja="バックアップできない鍵が、バックアップ済みと示されていてはなりません。",
        en="A key that cannot be backed up is not said to be backed up.",
    ),
    stops="contradictory flags of a forged authenticator",
)
BACKUP_ELIGIBILITY_KEPT = Rule(
    code="webauthn/backup-eligibility-kept",
    clause="WebAuthn L3 §6.1.3; §7.2 step 19",
    requires=Text(
        ja="鍵をバックアップできるかどうかは、登録時から変わっていてはなりません。",
        en="Whether the key can be backed up is as it was at registration.",
    ),
    stops="substitution of a synced key for a device-bound one",
)
ALGORITHM = Rule(
    code="webauthn/algorithm",
    clause="WebAuthn L3 §7.1 step 20",
    requires=Text(
        ja="公開鍵のアルゴリズムは、登録時に提示したもののいずれかでなければなりません。",
        en="The credential's algorithm is one that was offered.",
    ),
    stops="downgrade to an algorithm the service does not want",
)
STATEMENT_FORMAT = Rule(
    code="webauthn/statement-format",
    clause="WebAuthn L3 §7.1 step 21; §8",
    requires=Text(
        ja="構成証明の形式は、対応しているものでなければなりません。",
        en="The attestation statement is of a supported format.",
    ),
    stops="statements nobody checks",
)
STATEMENT_FORM = webauthn_statements.STATEMENT_FORM
STATEMENT_SIGNATURE = webauthn_statements.STATEMENT_SIGNATURE
ATTESTATION_TRUSTED = Rule(
    code="webauthn/attestation-trusted",
    clause="WebAuthn L3 §7.1 steps 23-24",
    requires=Text(
        ja="構成証明の証明書チェーンは、信頼の起点につながっていなければなりません。",
        en="The statement's chain ends at an anchor, or at a metadata root of its model.",
    ),
    stops="authenticators made up by an attacker",
)
NOT_COMPROMISED = Rule(
    code="webauthn/authenticator-not-compromised",
    clause="FIDO Metadata Service v3.1 §3.1.4; WebAuthn L3 §7.1 step 24",
    requires=Text(
        ja="FIDOメタデータで、この認証器の機種の危殆化や失効が報告されていてはなりません。",
        en="FIDO metadata reports no compromise or revocation of this authenticator model.",
    ),
    stops="authenticators whose keys are known to be broken",
)
CREDENTIAL_ID = Rule(
    code="webauthn/credential-id",
    clause="WebAuthn L3 §7.1 step 25",
    requires=Text(
        ja="クレデンシャルIDは、1バイト以上1023バイト以下でなければなりません。",
        en="The credential id that the authenticator signed has 1 to 1023 bytes.",
    ),
    stops="ids that break or flood a store",
)
ASSERTION_SIGNATURE = Rule(
    code="webauthn/assertion-signature",
    clause="WebAuthn L3 §7.2 steps 20-21",
    requires=Text(
        ja="認証の署名は、登録済みの公開鍵で検証できなければなりません。",
        en="The assertion verifies under the registered public key.",
    ),
    stops="forgery",
)
COUNTER = Rule(
    code="webauthn/counter",
    clause="WebAuthn L3 §6.1.1; §7.2 step 22",
    requires=Text(
        ja="署名カウンターは、前回の値より大きくなければなりません（どちらも0の場合を除きます）。",
        en="The signature counter has grown since last time, unless both are zero.",
    ),
    stops="cloned authenticators",
)

TOKEN_BINDING = Leniency(
    name="webauthn/token-binding-kept",
    departs_from="WebAuthn L3 §5.8.1: tokenBinding is reserved and no longer written",
    seen_on="browsers of 2018 to 2020, in evidence that was stored then",
)

REGISTRATION_RULES: tuple[Rule, ...] = (
    RESPONSE_FORM,
    CLIENT_DATA,
    TYPE,
    CHALLENGE,
    ORIGIN,
    CROSS_ORIGIN,
    TOP_ORIGIN,
    ATTESTATION_OBJECT,
    RP_ID,
    USER_PRESENT,
    USER_VERIFIED,
    BACKUP_FLAGS,
    ALGORITHM,
    STATEMENT_FORMAT,
    STATEMENT_FORM,
    STATEMENT_SIGNATURE,
    ATTESTATION_TRUSTED,
    NOT_COMPROMISED,
    CREDENTIAL_ID,
)
ASSERTION_RULES: tuple[Rule, ...] = (
    RESPONSE_FORM,
    CREDENTIAL_EXPECTED,
    USER_HANDLE,
    CLIENT_DATA,
    TYPE,
    CHALLENGE,
    ORIGIN,
    CROSS_ORIGIN,
    TOP_ORIGIN,
    RP_ID,
    USER_PRESENT,
    USER_VERIFIED,
    BACKUP_FLAGS,
    BACKUP_ELIGIBILITY_KEPT,
    ASSERTION_SIGNATURE,
    COUNTER,
)
RULES: tuple[Rule, ...] = tuple(
    dict.fromkeys(
        (
            *REGISTRATION_RULES,
            *webauthn_statements.RULES,
            *webauthn_tpm.RULES,
            *webauthn_android.RULES,
            *ASSERTION_RULES,
        )
    )
)

EMPTY_USER_HANDLE = Leniency(
    name="webauthn/empty-user-handle",
    departs_from="WebAuthn L3 §5.1.8, §5.4.3: a user handle is absent or has 1 to 64 bytes",
    seen_on="browsers of 2019 to 2022 with security keys that store no user handle",
)

MEMBERS_LEFT_OUT = Leniency(
    name="webauthn/members-left-out",
    departs_from="WebAuthn L3 §5.1.8: a response has id and type",
    seen_on="the webauthn-json library before browsers had toJSON, with security keys",
)
OTHER_RAW_ID = Leniency(
    name="webauthn/other-raw-id",
    departs_from="WebAuthn L3 §5.1: rawId is the credential id of the authenticator data",
    seen_on="a registration of iOS 14 in 2020; the signed id counts, never this one",
)

LENIENCIES: tuple[Leniency, ...] = (
    TOKEN_BINDING,
    EMPTY_USER_HANDLE,
    MEMBERS_LEFT_OUT,
    OTHER_RAW_ID,
    *webauthn_tpm.LENIENCIES,
)

PROOFS: dict[str, tuple[Rule, ...]] = {
    "app.identifier": (RP_ID,),
    "device.aaguid": (STATEMENT_SIGNATURE, webauthn_statements.PACKED_MODEL, ATTESTATION_TRUSTED),
    "device.platform": (ATTESTATION_TRUSTED,),
    "key.public_key": (STATEMENT_SIGNATURE, ASSERTION_SIGNATURE),
    "key.algorithm": (ALGORITHM,),
    "key.identifier": (CREDENTIAL_ID, CREDENTIAL_EXPECTED),
    "key.endorsement": (STATEMENT_SIGNATURE, ATTESTATION_TRUSTED),
    "key.security_level": (ATTESTATION_TRUSTED, NOT_COMPROMISED),
    "key.attested_by": (ATTESTATION_TRUSTED,),
    "key.user_authentication": (USER_VERIFIED,),
    "freshness.challenge": (CHALLENGE,),
    "freshness.challenge_matches": (CHALLENGE,),
    "freshness.counter": (COUNTER,),
    "detail.rp_id_hash": (RP_ID,),
    "detail.origin": (ORIGIN,),
    "detail.cross_origin": (CROSS_ORIGIN,),
    "detail.top_origin": (TOP_ORIGIN,),
    "detail.user_present": (USER_PRESENT,),
    "detail.user_verified": (USER_VERIFIED,),
    "detail.backup_eligible": (BACKUP_FLAGS, BACKUP_ELIGIBILITY_KEPT),
    "detail.backed_up": (BACKUP_FLAGS,),
    "detail.statement_format": (STATEMENT_FORMAT, STATEMENT_FORM),
    "detail.attestation_type": (STATEMENT_FORM, STATEMENT_SIGNATURE),
    "detail.model": (NOT_COMPROMISED,),
    "detail.user_handle": (USER_HANDLE,),
}
"""Which rules prove each fact. Transports, attachment and client extension outputs are what the
client says: nobody signs them."""
