"""Rules of Apple App Attest assertions, in the order they are checked.

The clauses name the section *Verify the assertion* of Apple's article *Validating apps that
connect to your server* (DeviceCheck); its steps are numbered from 1.
"""

from __future__ import annotations

from warifu.base.rule import Leniency, Rule, Text

STRUCTURE = Rule(
    code="app-attest-assertion/structure",
    clause="Apple, assertion object: signature, authenticatorData",
    requires=Text(
        ja="アサーションは、署名と37バイトの認証器データで構成されていなければなりません。",
        en="The assertion object has a signature and authenticator data of 37 bytes.",
    ),
    stops="hidden bytes and parser differentials",
)
SIGNATURE = Rule(
    code="app-attest-assertion/signature",
    clause="Apple, Verify the assertion, steps 1 to 3",
    requires=Text(
        ja="認証器データとクライアントデータへの署名は、登録済みの公開鍵で検証できなければなりません。",
        en="The signature over authenticator data and client data verifies under the stored key.",
    ),
    stops="forged requests, and requests changed on their way",
)
APP = Rule(
    code="app-attest-assertion/app",
    clause="Apple, Verify the assertion, step 4",
    requires=Text(
        ja="アサーションは、想定したアプリ（チームIDとバンドルID）のものでなければなりません。",
        en="The assertion was made by the expected app, by team and bundle identifier.",
    ),
    stops="assertions of another app with the same key",
)
COUNTER = Rule(
    code="app-attest-assertion/counter",
    clause="Apple, Verify the assertion, step 5",
    requires=Text(
        ja="カウンターは、前回の値（初回は0）より大きくなければなりません。",
        en="The counter is greater than the stored one, and greater than 0 at first.",
    ),
    stops="replay of an earlier assertion",
)
CHALLENGE = Rule(
    code="app-attest-assertion/challenge",
    clause="Apple, Verify the assertion, step 6",
    requires=Text(
        ja="クライアントデータには、発行したチャレンジが所定の位置に含まれていなければなりません。",
        en="The client data holds the issued challenge in the agreed place.",
    ),
    stops="replay of a request under another session",
)
STORED_KEY = Rule(
    code="usage/app-attest-stored-key",
    clause="Apple, Verify the assertion, step 3",
    requires=Text(
        ja="登録済みの公開鍵は、P-256のSubjectPublicKeyInfoまたは非圧縮の点で指定してください。",
        en="The stored public key is a P-256 SubjectPublicKeyInfo or an uncompressed point.",
    ),
)
CHALLENGE_NOT_EMPTY = Rule(
    code="usage/app-attest-empty-challenge",
    clause="Apple, Verify the assertion, step 6",
    requires=Text(
        ja="チャレンジには1バイト以上の値を指定してください。",
        en="A challenge has at least one byte.",
    ),
)

RULES: tuple[Rule, ...] = (STRUCTURE, SIGNATURE, APP, COUNTER, CHALLENGE)

ATTESTED_FLAG_WITHOUT_DATA = Leniency(
    name="app-attest-assertion/attested-flag-without-data",
    departs_from="WebAuthn L3 §6.1: flag AT announces attested credential data",
    seen_on="every assertion of iOS 14.2 and later: flags 40, no data",
)
LENIENCIES: tuple[Leniency, ...] = (ATTESTED_FLAG_WITHOUT_DATA,)

PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": (SIGNATURE,),
    "app.identifier": (SIGNATURE, APP),
    "key.public_key": (SIGNATURE,),
    "key.algorithm": (SIGNATURE,),
    "key.identifier": (SIGNATURE,),
    "freshness.challenge": (SIGNATURE, CHALLENGE),
    "freshness.challenge_matches": (SIGNATURE, CHALLENGE),
    "freshness.counter": (SIGNATURE, COUNTER),
    "detail.app_id_hash": (SIGNATURE, APP),
    "detail.client_data_hash": (SIGNATURE,),
}
