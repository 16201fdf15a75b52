"""What can be required of the evidence as a whole."""

from __future__ import annotations

from warifu.attestation.appraisal.checks import evidence
from warifu.attestation.appraisal.requirement import (
    KINDS,
    RECEIPT,
    Requirement,
)
from warifu.attestation.appraisal.result import Severity, Submodule
from warifu.attestation.appraisal.vector import Entry
from warifu.base.rule import Text

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        id="evidence.realm",
        submodules=tuple(Submodule),
        entry=Entry.SOURCED_DATA,
        kinds=KINDS,
        check=evidence.realm,
        affirms_as=None,
        reason=Text(
            ja="証拠は、本番環境の信頼情報で検証されたものでなければなりません。",
            en="The evidence was verified with trust of the realm that is accepted.",
        ),
        stops="test roots, whose keys anyone may hold",
    ),
    Requirement(
        id="evidence.age",
        submodules=tuple(Submodule),
        entry=Entry.SOURCED_DATA,
        kinds=KINDS,
        check=evidence.age,
        affirms_as=None,
        reason=Text(
            ja="証拠は、許容時間内に作られたものでなければなりません。",
            en="The evidence was made within the time allowed.",
        ),
        stops="old evidence of a device that has changed since",
    ),
    Requirement(
        id="evidence.challenge",
        submodules=tuple(Submodule),
        entry=Entry.SOURCED_DATA,
        kinds=KINDS - {RECEIPT},
        check=evidence.challenge,
        affirms_as=None,
        facts=("freshness.challenge_matches",),
        reason=Text(
            ja="証拠は、発行したチャレンジに応答したものでなければなりません。",
            en="The evidence answers the challenge that was issued.",
        ),
        stops="replay of earlier evidence",
    ),
    Requirement(
        id="evidence.unchecked",
        submodules=tuple(Submodule),
        entry=Entry.SOURCED_DATA,
        kinds=KINDS,
        check=evidence.unchecked,
        affirms_as=None,
        reason=Text(
            ja="証拠の検証に、確認していない項目が残っていてはなりません。",
            en="No rule was left unchecked.",
        ),
        stops="conclusions from what nobody looked at",
    ),
    Requirement(
        id="evidence.leniencies",
        submodules=tuple(Submodule),
        entry=Entry.SOURCED_DATA,
        kinds=KINDS,
        check=evidence.leniencies,
        affirms_as=None,
        severity=Severity.WARN,
        reason=Text(
            ja="証拠に、評価ポリシーで認めていない仕様からの逸脱があってはなりません。",
            en="The evidence departs from its format only where the policy tolerates it.",
        ),
        stops="odd encodings where the operator wants none",
    ),
)
