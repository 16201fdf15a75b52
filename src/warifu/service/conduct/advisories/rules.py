"""What files about threats demand."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_RECORD = "docs/decisions/0022-assurance.md"

FILES = Rule(
    code="advisories/room",
    clause=_RECORD,
    requires=Text(
        ja="勧告と対策のファイルの保存は、それぞれ1,000件までです。",
        en="A tenant keeps at most 1,000 files of advisories and as many of measures.",
    ),
    stops="proposals without end",
)
READABLE = Rule(
    code="advisories/readable",
    clause=_RECORD,
    requires=Text(
        ja="保存された勧告と対策のファイルは、このバージョンで読み取れるものでなければなりません。",
        en="The files of advisories and measures in force can be read by this version.",
    ),
    stops="deciding as if nothing had been published",
)
RULES = (FILES, READABLE)
STATUS = {FILES.code: 409}
