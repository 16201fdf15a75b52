"""What a Play Integrity verdict must fulfil, in the order of checking."""

from __future__ import annotations

from warifu.base.rule import Leniency, Rule, Text

_VERDICTS = "Play Integrity API, Integrity verdicts"
_DECRYPT = "Play Integrity API, Make a standard/classic request, Decrypt and verify the verdict"

RESPONSE_KEYS = Rule(
    code="play-integrity/response-keys",
    clause=_DECRYPT,
    requires=Text(
        ja="応答用の鍵は、32バイトの復号鍵とP-256の検証鍵でなければなりません。",
        en="The response keys are a 32-byte decryption key and a P-256 verification key.",
    ),
    stops="judging tokens with keys of another kind",
)
ENCRYPTION = Rule(
    code="play-integrity/encryption",
    clause=f"{_DECRYPT}; RFC 7516 §5.2",
    requires=Text(
        ja="トークンは、アプリの応答用の復号鍵で復号できなければなりません。",
        en="The token decrypts under the app's response key (A256KW with A256GCM).",
    ),
    stops="tokens made for another app, and altered tokens",
)
SIGNATURE = Rule(
    code="play-integrity/signature",
    clause=f"{_DECRYPT}; RFC 7515 §5.2",
    requires=Text(
        ja="判定結果は、このアプリ用のGoogleの鍵（ES256）で署名されていなければなりません。",
        en="The verdict is signed by Google's key for the app (ES256).",
    ),
    stops="verdicts written by the device, or by whoever holds the decryption key",
)
PAYLOAD = Rule(
    code="play-integrity/payload",
    clause=_VERDICTS,
    requires=Text(
        ja="判定結果の各項目は、公開仕様に定められた型でなければなりません。",
        en="Each documented field of the verdict has its documented type.",
    ),
    stops="type confusion",
)
GENUINE_RESPONSE = Rule(
    code="play-integrity/genuine-response",
    clause="Play Integrity API reference, TestingDetails",
    requires=Text(
        ja="判定結果は、テスト用に設定された応答であってはなりません。",
        en="The verdict was found by Google, not configured for a tester's account.",
    ),
    stops="a tester's account whose verdict is always good",
)
REQUEST_PACKAGE = Rule(
    code="play-integrity/request-package",
    clause=f"{_VERDICTS}, Request details field",
    requires=Text(
        ja="判定を要求したアプリは、想定したアプリでなければなりません。",
        en="The package that asked for the verdict is the expected one.",
    ),
    stops="verdicts relayed from another app",
)
ONE_BINDING = Rule(
    code="play-integrity/one-binding",
    clause=f"{_VERDICTS}, Request details field",
    requires=Text(
        ja="判定結果は、リクエストハッシュとナンスのいずれか一方に結び付いていなければなりません。",
        en="The verdict is bound to exactly one of a request hash and a nonce.",
    ),
    stops="verdicts bound to nothing",
)
REQUEST_HASH = Rule(
    code="play-integrity/request-hash",
    clause=f"{_VERDICTS}, Request details field, requestHash",
    requires=Text(
        ja="判定結果のリクエストハッシュは、想定した値と一致しなければなりません。",
        en="The request hash is the expected one.",
    ),
    stops="replay of a verdict, and tampering with the request it protects",
)
NONCE = Rule(
    code="play-integrity/nonce",
    clause=f"{_VERDICTS}, Request details field, nonce",
    requires=Text(
        ja="判定結果のナンスは、発行したナンスと一致しなければなりません。",
        en="The nonce is the one that was issued.",
    ),
    stops="replay of a verdict",
)
TIMESTAMP = Rule(
    code="play-integrity/timestamp",
    clause=f"{_VERDICTS}, Request details field, timestampMillis",
    requires=Text(
        ja="判定結果は、判定の基準時点から見て許容時間内に作られたものでなければなりません。",
        en="The verdict was made within the allowed time before the time judged for.",
    ),
    stops="old verdicts; the token itself never expires",
)
APP_PACKAGE = Rule(
    code="play-integrity/app-package",
    clause=f"{_VERDICTS}, Application integrity field, packageName",
    requires=Text(
        ja="Googleが判定したアプリは、判定を要求したアプリと同じでなければなりません。",
        en="The app that was recognised is the app that asked, where Google evaluated it.",
    ),
    stops="one app asking with another one's verdict",
)
APP_SIGNER = Rule(
    code="play-integrity/app-signer",
    clause=f"{_VERDICTS}, Application integrity field, certificateSha256Digest",
    requires=Text(
        ja="アプリは、想定した証明書だけで署名されていなければなりません。",
        en="The app is signed by expected certificates only.",
    ),
    stops="repackaged apps",
)
APP_VERSION = Rule(
    code="play-integrity/app-version",
    clause=f"{_VERDICTS}, Application integrity field, versionCode",
    requires=Text(
        ja="アプリのバージョンは、指定された最低バージョン以上でなければなりません。",
        en="The app's version code is known and not below the lowest one accepted.",
    ),
    stops="old versions with known weaknesses",
)
APP_RECOGNITION = Rule(
    code="play-integrity/app-recognition",
    clause=f"{_VERDICTS}, Application integrity field, appRecognitionVerdict",
    requires=Text(
        ja="アプリに対するGoogleの判定は、許容する値のいずれかでなければなりません。",
        en="Google's verdict on the app is one of those asked for.",
    ),
    stops="repackaged and sideloaded apps",
)
DEVICE_RECOGNITION = Rule(
    code="play-integrity/device-recognition",
    clause=f"{_VERDICTS}, Device integrity field, deviceRecognitionVerdict",
    requires=Text(
        ja="端末に対するGoogleの判定は、求める完全性の水準をすべて満たしていなければなりません。",
        en="The device meets every label asked for; no label at all means it meets none.",
    ),
    stops="rooted devices, emulators and hooked systems",
)
LICENSING = Rule(
    code="play-integrity/licensing",
    clause=f"{_VERDICTS}, Account details field, appLicensingVerdict",
    requires=Text(
        ja="アプリのライセンスに対するGoogleの判定は、許容する値のいずれかでなければなりません。",
        en="Google's verdict on the licence is one of those asked for.",
    ),
    stops="copies of the app that its account never installed from Google Play",
)

RULES: tuple[Rule, ...] = (
    RESPONSE_KEYS,
    ENCRYPTION,
    SIGNATURE,
    PAYLOAD,
    GENUINE_RESPONSE,
    REQUEST_PACKAGE,
    ONE_BINDING,
    REQUEST_HASH,
    NONCE,
    TIMESTAMP,
    APP_PACKAGE,
    APP_SIGNER,
    APP_VERSION,
    APP_RECOGNITION,
    DEVICE_RECOGNITION,
    LICENSING,
)
LENIENCIES: tuple[Leniency, ...] = ()

_SIGNED = (ENCRYPTION, SIGNATURE, PAYLOAD)
_GENUINE = (*_SIGNED, GENUINE_RESPONSE)
PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": _SIGNED,
    "app.identifier": (*_SIGNED, REQUEST_PACKAGE),
    "app.packages": (*_GENUINE, APP_PACKAGE),
    "app.signers": (*_GENUINE, APP_SIGNER),
    "freshness.challenge": (*_SIGNED, ONE_BINDING),
    "freshness.challenge_matches": (*_SIGNED, REQUEST_HASH, NONCE),
    "freshness.made_at": (*_SIGNED, TIMESTAMP),
    "detail.request_kind": (*_SIGNED, ONE_BINDING),
    "detail.request_package": (*_SIGNED, REQUEST_PACKAGE),
    "detail.app_recognition": (*_GENUINE, APP_RECOGNITION),
    "detail.certificate_digests": (*_GENUINE, APP_SIGNER),
    "detail.version_code": (*_GENUINE, APP_VERSION),
    "detail.device_labels": (*_GENUINE, DEVICE_RECOGNITION),
    "detail.legacy_device_labels": _GENUINE,
    "detail.sdk_version": _GENUINE,
    "detail.device_activity": _GENUINE,
    "detail.recall": _GENUINE,
    "detail.licensing": (*_GENUINE, LICENSING),
    "detail.account_activity": _GENUINE,
    "detail.play_protect": _GENUINE,
    "detail.apps_detected": _GENUINE,
    "detail.testing_response": _GENUINE,
}
