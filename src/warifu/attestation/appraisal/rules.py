"""What policies, appraisals and received attestation results must fulfil."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_POLICY = "docs/appraisal.md, Policy files"
_EAR = "draft-ietf-rats-ear"

POLICY_WELL_FORMED = Rule(
    code="policy/well-formed",
    clause=f"{_POLICY}; TOML 1.0.0",
    requires=Text(
        ja="評価ポリシーは、正しいTOMLで、各項目が定められた型と範囲でなければなりません。",
        en="A policy is valid TOML whose settings have their documented types and ranges.",
    ),
    stops="a policy that means something else to its author",
)
POLICY_KNOWN_KEYS = Rule(
    code="policy/known-keys",
    clause=_POLICY,
    requires=Text(
        ja="評価ポリシーに、定義されていない項目があってはなりません。",
        en="A policy has no settings that this version does not know.",
    ),
    stops="a misspelt setting that silently demands nothing",
)
POLICY_KNOWN_REQUIREMENTS = Rule(
    code="policy/known-requirements",
    clause=_POLICY,
    requires=Text(
        ja="評価ポリシーで重大度を変更する要件は、定義済みのものでなければなりません。",
        en="A policy changes the severity of requirements that exist.",
    ),
    stops="a tightening that never takes effect",
)
POLICY_KNOWN_PROFILE = Rule(
    code="policy/known-profile",
    clause=_POLICY,
    requires=Text(
        ja="評価ポリシーの基となるプロファイルは、登録済みのものでなければなりません。",
        en="The profile that a policy starts from is one that is at hand.",
    ),
    stops="a policy that starts from nothing",
)
DEVICE_EVIDENCE = Rule(
    code="appraisal/device-evidence",
    clause="RFC 9334 §7.2",
    requires=Text(
        ja="評価の対象は、端末・アプリ・鍵についての証拠でなければなりません。",
        en="What is appraised is evidence about a device, an app or a key.",
    ),
    stops="metadata of a publisher passing for a device",
)
SAME_REALM = Rule(
    code="appraisal/same-realm",
    clause="docs/decisions/0011-appraisal.md",
    requires=Text(
        ja="評価に用いる信頼情報は、検証に用いたものと同じ環境のものでなければなりません。",
        en="An appraisal believes trust of the realm that the evidence was verified in.",
    ),
    stops="test roots that enter production between two steps",
)
EAR_WELL_FORMED = Rule(
    code="ear/well-formed",
    clause=f"{_EAR} §3, §4; RFC 9711 §7",
    requires=Text(
        ja="評価結果（EAR）の各項目は、定められた型と符号化でなければなりません。",
        en="Each claim of an attestation result has its documented type and encoding.",
    ),
    stops="type confusion between the verifier and whoever relies on it",
)
EAR_PROFILE = Rule(
    code="ear/profile",
    clause=f"{_EAR} §3; RFC 9711 §4.3.2",
    requires=Text(
        ja="評価結果（EAR）のプロファイルは、受け取る側が許可したものでなければなりません。",
        en="The attestation result names a profile that its receiver takes.",
    ),
    stops="claims of another vocabulary read as ours",
)
EAR_MANDATORY = Rule(
    code="ear/mandatory-claims",
    clause=f"{_EAR} §3",
    requires=Text(
        ja="評価結果（EAR）には、発行日時、検証者、評価対象とその状態が必要です。",
        en="An attestation result states when, by whom, and a status for at least one submodule.",
    ),
    stops="an empty result that is taken for a good one",
)
EAR_STATUS = Rule(
    code="ear/status",
    clause=f"{_EAR} §3.2; draft-ietf-rats-ar4si §2.3.2",
    requires=Text(
        ja="評価結果（EAR）の状態は、その内訳の最も悪い値より良くてはなりません。",
        en="A status is not more trusted than the worst claim of its vector.",
    ),
    stops="a good summary over bad facts",
)
EAR_FRESH = Rule(
    code="ear/fresh",
    clause="RFC 7519 §4.1.4, §4.1.6; RFC 8725 §3.12",
    requires=Text(
        ja="評価結果（EAR）は、判定の基準時点で有効期間内のものでなければなりません。",
        en="The attestation result was issued by the time judged for, and has not expired.",
    ),
    stops="results that outlive the state they describe",
)
EAR_KEY = Rule(
    code="ear/pinned-key",
    clause="RFC 8725 §3.10; RFC 9334 §7.4",
    requires=Text(
        ja="評価結果（EAR）の署名鍵は、受け取る側があらかじめ登録したものでなければなりません。",
        en="The attestation result is signed under a key that its receiver pinned.",
    ),
    stops="results signed under a key that they bring along",
)

RULES: tuple[Rule, ...] = (
    POLICY_WELL_FORMED,
    POLICY_KNOWN_KEYS,
    POLICY_KNOWN_REQUIREMENTS,
    POLICY_KNOWN_PROFILE,
    DEVICE_EVIDENCE,
    SAME_REALM,
    EAR_WELL_FORMED,
    EAR_PROFILE,
    EAR_MANDATORY,
    EAR_STATUS,
    EAR_FRESH,
    EAR_KEY,
)
