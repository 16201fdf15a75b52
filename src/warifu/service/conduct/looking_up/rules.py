"""What look-ups demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

PAST = Rule(
    code="lookup/past",
    clause="docs/decisions/0014-service.md",
    requires=Text(
        ja="照会できるのは、現在または過去の時点の信頼情報です。",
        en="What is believed is asked for the present or an earlier moment.",
    ),
    stops="taking today's knowledge for tomorrow's",
)
SERIAL = Rule(
    code="lookup/serial",
    clause="docs/decisions/0010-revocation-spellings.md; RFC 5280 §4.1.2.2",
    requires=Text(
        ja="証明書のシリアル番号は、16進数または10進数で指定してください。",
        en="A certificate's serial number is given in hex or decimal digits.",
    ),
    stops="a misspelt number passing for one that is not listed",
)
REVOCATION_KNOWN = Rule(
    code="lookup/revocation-known",
    clause="docs/decisions/0014-service.md",
    requires=Text(
        ja="失効の照会には、失効リストが取り込まれている必要があります。",
        en="A revocation list is known, in which to look things up.",
    ),
    stops="an unknown list passing for one that lists nothing",
)
SERIALS_KEPT = Rule(
    code="lookup/serials-kept",
    clause="docs/data-protection.md",
    requires=Text(
        ja="失効した端末を一覧にするには、シリアル番号を保管する設定が必要です。",
        en="Serial numbers are kept, in clear or by blind index, where devices are listed by them.",
    ),
    stops="an empty list passing for devices of which none is revoked",
)
RULES = (PAST, SERIAL, REVOCATION_KNOWN, SERIALS_KEPT)
STATUS: dict[str, int] = {
    PAST.code: 400,
    SERIAL.code: 400,
    REVOCATION_KNOWN.code: 503,
    SERIALS_KEPT.code: 409,
}
