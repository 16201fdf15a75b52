"""What WebAuthn android-key and android-safetynet statements must fulfil, in order of checking."""

from __future__ import annotations

from warifu.attestation.evidence.rules import android_key, safetynet
from warifu.attestation.evidence.rules.webauthn_statements import (
    STATEMENT_FORM,
    STATEMENT_SIGNATURE,
)
from warifu.base.rule import Leniency, Rule, Text

KEY = Rule(
    code="webauthn-android-key/key",
    clause="WebAuthn L3 §8.4: the certificate's key is credentialPublicKey",
    requires=Text(
        ja="先頭の証明書の公開鍵は、登録する鍵と一致しなければなりません。",
        en="The first certificate is for the credential key.",
    ),
    stops="registering a key that Android did not attest",
)
ONE_DESCRIPTION = Rule(
    code="webauthn-android-key/one-description",
    clause="WebAuthn L3 §8.4.1; Google verify, step 6",
    requires=Text(
        ja="鍵の説明情報は、先頭の証明書だけに含まれていなければなりません。",
        en="The first certificate, and no other, has the attestation extension.",
    ),
    stops="chain extension: an app key that certifies a key of the attacker",
)
CHALLENGE = Rule(
    code="webauthn-android-key/challenge",
    clause="WebAuthn L3 §8.4: attestationChallenge is clientDataHash",
    requires=Text(
        ja="鍵の構成証明のチャレンジは、クライアントデータのハッシュ値でなければなりません。",
        en="The attested challenge is the hash of the client data.",
    ),
    stops="replaying a chain in another ceremony",
)
NOT_SHARED = Rule(
    code="webauthn-android-key/not-shared",
    clause="WebAuthn L3 §8.4: allApplications is absent",
    requires=Text(
        ja="鍵は、すべてのアプリから使えるものであってはなりません。",
        en="The key is not open to all applications.",
    ),
    stops="a credential that every app on the phone can use",
)
ORIGIN = Rule(
    code="webauthn-android-key/origin",
    clause="WebAuthn L3 §8.4: origin is KM_ORIGIN_GENERATED",
    requires=Text(
        ja="鍵は、端末のキーストアの内部で生成されたものでなければなりません。",
        en="The key was generated inside the keystore.",
    ),
    stops="imported keys, of which copies exist elsewhere",
)
PURPOSE = Rule(
    code="webauthn-android-key/purpose",
    clause="WebAuthn L3 §8.4: purpose contains KM_PURPOSE_SIGN",
    requires=Text(
        ja="鍵の用途には、署名が含まれていなければなりません。",
        en="The key's purposes include signing.",
    ),
    stops="a description of a key for something else",
)
SAFETYNET_NONCE = Rule(
    code="webauthn-android-safetynet/nonce",
    clause="WebAuthn L3 §8.5: nonce is the Base64 of SHA-256 over attToBeSigned",
    requires=Text(
        ja="SafetyNetの応答のナンスは、認証器データとクライアントデータから計算した値と"
        "一致しなければなりません。",
        en="The nonce of the response is the hash of this authenticator data and client data.",
    ),
    stops="moving a response to another key or another ceremony",
)
SAFETYNET_PROFILE = Rule(
    code="webauthn-android-safetynet/profile-match",
    clause="WebAuthn L3 §8.5: ctsProfileMatch is true",
    requires=Text(
        ja="端末は、Androidの互換性テストに合格した構成と一致していなければなりません。",
        en="The device matches a profile that passed Android's compatibility tests.",
    ),
    stops="unlocked and uncertified devices",
)

ANDROID_KEY_RULES: tuple[Rule, ...] = (
    STATEMENT_FORM,
    STATEMENT_SIGNATURE,
    KEY,
    ONE_DESCRIPTION,
    CHALLENGE,
    NOT_SHARED,
    ORIGIN,
    PURPOSE,
)
ANDROID_CHAIN_RULES: tuple[Rule, ...] = (
    android_key.BELOW_ATTESTATION_KEY,
    android_key.NOT_REVOKED,
    android_key.LEVELS_AGREE,
    android_key.LEVEL_OF_BATCH,
    android_key.ROOT_OF_TRUST,
    android_key.KEY_FITS,
)
"""Held in addition where the chain leads to an anchor for Android keys."""
SAFETYNET_RULES: tuple[Rule, ...] = (
    STATEMENT_FORM,
    safetynet.HOSTNAME,
    safetynet.SIGNATURE,
    safetynet.PAYLOAD,
    SAFETYNET_NONCE,
    SAFETYNET_PROFILE,
)
RULES: tuple[Rule, ...] = (
    KEY,
    ONE_DESCRIPTION,
    CHALLENGE,
    NOT_SHARED,
    ORIGIN,
    PURPOSE,
    SAFETYNET_NONCE,
    SAFETYNET_PROFILE,
)
LENIENCIES: tuple[Leniency, ...] = ()
