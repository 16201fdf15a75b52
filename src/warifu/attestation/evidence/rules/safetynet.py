"""What a SafetyNet attestation must fulfil, in the order of checking."""

from __future__ import annotations

from warifu.base.rule import Leniency, Rule, Text

_GUIDE = "SafetyNet Attestation API, Verify the SafetyNet attestation response"
_FIELDS = "SafetyNet Attestation API, JWS payload"

HOSTNAME = Rule(
    code="safetynet/hostname",
    clause=f"{_GUIDE}, step 2; RFC 6125 §6.4",
    requires=Text(
        ja="署名者の証明書は、attest.android.comに対して発行されたものでなければなりません。",
        en="The signing certificate was issued to the host attest.android.com.",
    ),
    stops="statements signed with any other web server's certificate",
)
SIGNATURE = Rule(
    code="safetynet/signature",
    clause=f"{_GUIDE}, step 3; RFC 7515 §5.2",
    requires=Text(
        ja="応答は、署名者の証明書の鍵で署名されていなければなりません。",
        en="The response is signed by the key of the signing certificate.",
    ),
    stops="forgery and alteration",
)
PAYLOAD = Rule(
    code="safetynet/payload",
    clause=_FIELDS,
    requires=Text(
        ja="応答の各項目は、公開仕様に定められた型でなければなりません。",
        en="Each documented field of the response has its documented type.",
    ),
    stops="type confusion",
)
NONCE = Rule(
    code="safetynet/nonce",
    clause=f"{_FIELDS}, nonce",
    requires=Text(
        ja="応答のナンスは、発行したナンスと一致しなければなりません。",
        en="The nonce is the one that was issued.",
    ),
    stops="replay of a response",
)
TIMESTAMP = Rule(
    code="safetynet/timestamp",
    clause=f"{_FIELDS}, timestampMs",
    requires=Text(
        ja="応答は、判定の基準時点から見て許容時間内に作られたものでなければなりません。",
        en="The response was made within the allowed time before the time judged for.",
    ),
    stops="old responses, and judging a response as of a time it was not made at",
)
PACKAGE = Rule(
    code="safetynet/package",
    clause=f"{_FIELDS}, apkPackageName",
    requires=Text(
        ja="応答を要求したアプリは、想定したアプリでなければなりません。",
        en="The package that asked for the response is the expected one.",
    ),
    stops="responses relayed from another app",
)
SIGNER = Rule(
    code="safetynet/app-signer",
    clause=f"{_FIELDS}, apkCertificateDigestSha256",
    requires=Text(
        ja="アプリは、想定した証明書だけで署名されていなければなりません。",
        en="The app is signed by expected certificates only.",
    ),
    stops="repackaged apps",
)
APK = Rule(
    code="safetynet/app-file",
    clause=f"{_FIELDS}, apkDigestSha256",
    requires=Text(
        ja="アプリのファイルは、想定したもののいずれかと一致しなければなりません。",
        en="The app's file is one of those expected.",
    ),
    stops="altered apps",
)
PROFILE_MATCH = Rule(
    code="safetynet/profile-match",
    clause=f"{_FIELDS}, ctsProfileMatch",
    requires=Text(
        ja="端末は、Androidの互換性テストに合格した構成と一致していなければなりません。",
        en="The device matches a profile that passed Android's compatibility tests.",
    ),
    stops="unlocked and uncertified devices",
)
BASIC_INTEGRITY = Rule(
    code="safetynet/basic-integrity",
    clause=f"{_FIELDS}, basicIntegrity",
    requires=Text(
        ja="端末は、基本的な完全性の検査に合格していなければなりません。",
        en="The device passed the test of basic integrity.",
    ),
    stops="rooted devices, emulators and hooked systems",
)

RULES: tuple[Rule, ...] = (
    HOSTNAME,
    SIGNATURE,
    PAYLOAD,
    NONCE,
    TIMESTAMP,
    PACKAGE,
    SIGNER,
    APK,
    PROFILE_MATCH,
    BASIC_INTEGRITY,
)
LENIENCIES: tuple[Leniency, ...] = ()

_SIGNED = (HOSTNAME, SIGNATURE, PAYLOAD)
PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": _SIGNED,
    "app.identifier": (*_SIGNED, PACKAGE),
    "app.packages": (*_SIGNED, PACKAGE),
    "app.signers": (*_SIGNED, SIGNER),
    "freshness.challenge": _SIGNED,
    "freshness.challenge_matches": (*_SIGNED, NONCE),
    "freshness.made_at": (*_SIGNED, TIMESTAMP),
    "detail.cts_profile_match": (*_SIGNED, PROFILE_MATCH),
    "detail.basic_integrity": (*_SIGNED, BASIC_INTEGRITY),
    "detail.apk_digest": (*_SIGNED, APK),
    "detail.evaluation_types": _SIGNED,
    "detail.advice": _SIGNED,
    "detail.error": _SIGNED,
}
