"""Rules of Apple App Attest attestations, in the order they are checked.

The clauses name the section *Verify the attestation* of Apple's article *Validating apps that
connect to your server* (DeviceCheck); its steps are numbered from 1.
"""

from __future__ import annotations

from warifu.base.rule import Leniency, Rule, Text

STRUCTURE = Rule(
    code="app-attest/structure",
    clause="Apple, attestation object: fmt, attStmt (x5c, receipt), authData",
    requires=Text(
        ja="構成証明オブジェクトは、apple-appattest形式の項目を備えていなければなりません。",
        en="The attestation object has the members and the format name of apple-appattest.",
    ),
    stops="statements of another format posing as App Attest",
)
CREDENTIAL_CERTIFICATE = Rule(
    code="app-attest/credential-certificate",
    clause="Apple, Verify the attestation, step 1",
    requires=Text(
        ja="先頭の証明書は、Appleの中間認証局が発行した、認証局以外の証明書でなければなりません。",
        en="The first certificate is issued by an intermediate of Apple and is no authority's.",
    ),
    stops="an authority's own certificate posing as a device's",
)
NONCE_EXTENSION = Rule(
    code="app-attest/nonce-extension",
    clause="Apple, Verify the attestation, step 4",
    requires=Text(
        ja="端末の証明書には、32バイトの値を一つだけ持つナンス拡張が必要です。",
        en="The credential certificate has the nonce extension, holding one string of 32 bytes.",
    ),
    stops="certificates that are bound to no challenge",
)
NONCE = Rule(
    code="app-attest/nonce",
    clause="Apple, Verify the attestation, steps 2 to 4",
    requires=Text(
        ja="証明書のナンスは、認証器データと発行したチャレンジから計算した値と一致しなければなりません。",
        en="The nonce in the certificate is made from the authenticator data and our challenge.",
    ),
    stops="replay of an attestation, and authenticator data of another device",
)
PUBLIC_KEY = Rule(
    code="app-attest/public-key",
    clause="Apple, Verify the attestation, step 5",
    requires=Text(
        ja="端末の証明書の公開鍵は、非圧縮形式のP-256の鍵でなければなりません。",
        en="The public key of the credential certificate is an uncompressed P-256 point.",
    ),
    stops="keys of a kind that App Attest never makes",
)
KEY_IDENTIFIER = Rule(
    code="app-attest/key-identifier",
    clause="Apple, Verify the attestation, step 5",
    requires=Text(
        ja="アプリから届いた鍵識別子は、証明書の公開鍵のSHA-256値と一致しなければなりません。",
        en="The key identifier from the app is the SHA-256 of the certified public key.",
    ),
    stops="attesting one key and registering another",
)
APP = Rule(
    code="app-attest/app",
    clause="Apple, Verify the attestation, step 6",
    requires=Text(
        ja="構成証明は、想定したアプリ（チームIDとバンドルID）のものでなければなりません。",
        en="The attestation was made for the expected app, by team and bundle identifier.",
    ),
    stops="attestations of an attacker's own app",
)
COUNTER_IS_ZERO = Rule(
    code="app-attest/counter",
    clause="Apple, Verify the attestation, step 7",
    requires=Text(
        ja="構成証明のカウンターは0でなければなりません。",
        en="The counter of an attestation is 0.",
    ),
    stops="attesting a key that has signed before",
)
AAGUID = Rule(
    code="app-attest/aaguid",
    clause="Apple, Verify the attestation, step 8",
    requires=Text(
        ja="認証器の機種識別子（AAGUID）は、App Attestの本番環境または開発環境の値で"
        "なければなりません。",
        en="The authenticator model (AAGUID) is that of App Attest, production or development.",
    ),
    stops="other Apple authenticators posing as App Attest",
)
ENVIRONMENT = Rule(
    code="app-attest/environment",
    clause="Apple, Verify the attestation, step 8",
    requires=Text(
        ja="構成証明は、想定した環境（指定がなければ本番環境）で作られたものでなければなりません。",
        en="The attestation was made in the expected environment, production unless stated.",
    ),
    stops="development builds, which anyone can debug, in production",
)
CREDENTIAL_ID = Rule(
    code="app-attest/credential-id",
    clause="Apple, Verify the attestation, step 9",
    requires=Text(
        ja="認証器データのクレデンシャルIDは、鍵識別子と一致しなければなりません。",
        en="The credential identifier in the authenticator data is the key identifier.",
    ),
    stops="authenticator data of another key",
)
CREDENTIAL_KEY = Rule(
    code="app-attest/credential-key",
    clause="WebAuthn L3 §6.5.1",
    requires=Text(
        ja="認証器データの公開鍵は、証明書の公開鍵と一致しなければなりません。",
        en="The public key in the authenticator data is the certified public key.",
    ),
    stops="two readers seeing two keys",
)
ONE_CHALLENGE_FORM = Rule(
    code="usage/app-attest-challenge",
    clause="Apple, Verify the attestation, step 2",
    requires=Text(
        ja="チャレンジとクライアントデータのハッシュは、どちらか一方だけを指定してください。",
        en="State either the challenge or the client data hash, not both.",
    ),
)

RULES: tuple[Rule, ...] = (
    STRUCTURE,
    CREDENTIAL_CERTIFICATE,
    NONCE_EXTENSION,
    NONCE,
    PUBLIC_KEY,
    KEY_IDENTIFIER,
    APP,
    COUNTER_IS_ZERO,
    AAGUID,
    ENVIRONMENT,
    CREDENTIAL_ID,
    CREDENTIAL_KEY,
)

LENIENCIES: tuple[Leniency, ...] = ()

PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": (CREDENTIAL_CERTIFICATE, AAGUID),
    "operating_system.version": (CREDENTIAL_CERTIFICATE,),
    "operating_system.build": (CREDENTIAL_CERTIFICATE,),
    "app.identifier": (NONCE, APP),
    "app.environment": (NONCE, AAGUID, ENVIRONMENT),
    "key.public_key": (CREDENTIAL_CERTIFICATE, PUBLIC_KEY, CREDENTIAL_KEY),
    "key.algorithm": (PUBLIC_KEY,),
    "key.identifier": (KEY_IDENTIFIER, CREDENTIAL_ID),
    "key.security_level": (CREDENTIAL_CERTIFICATE, AAGUID),
    "key.endorsement": (CREDENTIAL_CERTIFICATE,),
    "freshness.challenge": (NONCE_EXTENSION, NONCE),
    "freshness.challenge_matches": (NONCE,),
    "freshness.counter": (NONCE, COUNTER_IS_ZERO),
    "detail.app_id_hash": (NONCE, APP),
    "detail.extensions": (CREDENTIAL_CERTIFICATE,),
}
