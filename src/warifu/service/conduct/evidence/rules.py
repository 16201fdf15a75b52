"""What the service demands of evidence, beside what its format demands."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0014-service.md"

FORM = Rule(
    code="evidence/form",
    clause="docs/openapi.json",
    requires=Text(
        ja="証拠は、データとメディアタイプの組、またはCMWのどちらか一方で送る必要があります。",
        en="Evidence is sent as data with its media type or as one CMW record, and with what its"
        " format needs beside it.",
    ),
    stops="two pieces of evidence of which one is looked at",
)
PLATFORM = Rule(
    code="evidence/platform",
    clause=_RECORD,
    requires=Text(
        ja="証拠の形式は、登録されたアプリのプラットフォームに対応するものでなければなりません。",
        en="The evidence is of a kind that the app registration expects.",
    ),
    stops="evidence that nothing could be held against",
)
KNOWN_KEY = Rule(
    code="evidence/known-key",
    clause=_RECORD,
    requires=Text(
        ja="署名に使う鍵は、この利用機関のこのアプリに登録されたものでなければなりません。",
        en="An assertion is made by a key that is registered for this app of this tenant.",
    ),
    stops="keys of another bank's customers, or of another app",
)
SAME_DEVICE = Rule(
    code="evidence/same-device",
    clause=_RECORD,
    requires=Text(
        ja="署名に使う鍵は、指定された端末に登録されたものでなければなりません。",
        en="An assertion is made by a key of the device that the request names.",
    ),
    stops="one device answering in the name of another",
)
NEW_KEY = Rule(
    code="evidence/new-key",
    clause="WebAuthn L3 §7.1 step 26",
    requires=Text(
        ja="登録する鍵は、まだ登録されていないものでなければなりません。",
        en="A key that is registered was not registered before.",
    ),
    stops="taking over a registration by registering its key once more",
)
COUNTER_MOVED = Rule(
    code="evidence/counter-moved",
    clause="WebAuthn L3 §7.2 step 22; Apple, Validating apps, Verify the assertion, step 5",
    requires=Text(
        ja="署名カウンターは、確認した時点から変わっていてはなりません。",
        en="The key's counter is still what the assertion was checked against.",
    ),
    stops="two copies of one key that sign at the same time",
)
DEVICE_APPEARED = Rule(
    code="evidence/device-appeared",
    clause=_RECORD,
    requires=Text(
        ja="同じ端末を初めて登録するリクエストは、1件ずつ処理します。もう一度送信してください。",
        en="A device is seen for the first time by one request only; send this one again.",
    ),
    stops="data sealed under a key that nobody kept",
)
KEPT = Rule(
    code="evidence/kept",
    clause=_RECORD,
    requires=Text(
        ja="再評価には、受信した証拠の原本が保管されている必要があります。",
        en="Evidence is judged again from its bytes as received, which were kept.",
    ),
    stops="believing in a registration that nobody can look at any more",
)
RULES = (
    FORM,
    PLATFORM,
    KNOWN_KEY,
    SAME_DEVICE,
    NEW_KEY,
    COUNTER_MOVED,
    DEVICE_APPEARED,
    KEPT,
)
STATUS = {NEW_KEY.code: 409, COUNTER_MOVED.code: 409, DEVICE_APPEARED.code: 409, KEPT.code: 409}
