"""What can be required of the key."""

from __future__ import annotations

from warifu.attestation.appraisal.checks import device, key
from warifu.attestation.appraisal.requirement import (
    ANDROID_KEY,
    ASSERTION,
    ATTESTED,
    AUTHENTICATION,
    RECEIPT,
    REGISTRATION,
    Requirement,
)
from warifu.attestation.appraisal.result import Severity, Submodule
from warifu.attestation.appraisal.vector import Entry
from warifu.base.rule import Text

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        id="key.endorsed",
        submodules=(Submodule.KEY,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=ATTESTED | {RECEIPT},
        check=device.anchored,
        facts=("key.endorsement",),
        refuses_as=97,
        reason=Text(
            ja="端末の鍵は、信頼の起点まで確認できる証明書で裏付けられていなければなりません。",
            en="The device key is certified up to an anchor that we trust.",
        ),
        stops="keys that only vouch for themselves",
    ),
    Requirement(
        id="key.not-revoked",
        submodules=(Submodule.KEY,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=frozenset({ANDROID_KEY, REGISTRATION}),
        check=key.not_revoked,
        reason=Text(
            ja="端末の鍵の証明書は、失効または一時停止されたものであってはなりません。",
            en="No certificate above the device key is revoked or suspended.",
        ),
        stops="attestation keys that have leaked",
    ),
    Requirement(
        id="key.provisioning",
        submodules=(Submodule.KEY,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=frozenset({ANDROID_KEY}),
        check=key.provisioning,
        facts=("detail.provisioning",),
        refuses_as=97,
        reason=Text(
            ja="端末の構成証明鍵は、許可された方法で端末に組み込まれたものでなければなりません。",
            en="The device's attestation key was provisioned in a way that is accepted.",
        ),
        stops="chains of a form that nobody known issues",
    ),
    Requirement(
        id="key.certificates-issued",
        submodules=(Submodule.KEY,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=frozenset({ANDROID_KEY}),
        check=key.certificates_issued,
        facts=("detail.provisioning",),
        severity=Severity.WARN,
        reason=Text(
            ja="端末に最近発行された証明書の数は、許容範囲内でなければなりません。",
            en="The number of certificates issued to the device of late is within bounds.",
        ),
        stops="one attestation key that serves many devices",
    ),
    Requirement(
        id="key.security-level",
        submodules=(Submodule.KEY,),
        entry=Entry.STORAGE_OPAQUE,
        kinds=ATTESTED,
        check=key.security_level,
        facts=("key.security_level",),
        reason=Text(
            ja="端末の鍵は、取り出せない安全な領域に保管されていなければなりません。",
            en="The device key is kept where it cannot be copied from.",
        ),
        stops="keys in software, which malware can copy",
    ),
    Requirement(
        id="key.made-inside",
        submodules=(Submodule.KEY,),
        entry=Entry.STORAGE_OPAQUE,
        kinds=frozenset({ANDROID_KEY}),
        check=key.made_inside,
        facts=("detail.hardware_enforced",),
        reason=Text(
            ja="端末の鍵は、端末の安全な領域の中で作成されたものでなければなりません。",
            en="The device key was made inside the device's hardware.",
        ),
        stops="imported keys, of which someone has a copy",
    ),
    Requirement(
        id="key.attestation-level",
        submodules=(Submodule.KEY,),
        entry=Entry.HARDWARE,
        kinds=frozenset({ANDROID_KEY, REGISTRATION}),
        check=key.attested_by,
        facts=("key.attested_by",),
        reason=Text(
            ja="端末の鍵の構成証明は、安全な領域が行ったものでなければなりません。",
            en="The statement about the device key is made by secure hardware.",
        ),
        stops="software that speaks for hardware",
    ),
    Requirement(
        id="key.user-authentication",
        submodules=(Submodule.KEY,),
        entry=Entry.CONFIGURATION,
        kinds=frozenset({ANDROID_KEY, REGISTRATION, AUTHENTICATION}),
        check=key.user_authentication,
        facts=("key.user_authentication",),
        reason=Text(
            ja="端末の鍵の使用には、生体認証や暗証番号などによる利用者の検証が必要です。",
            en="The device key signs only after the holder is verified.",
        ),
        stops="use of the key by whoever picks up the phone",
    ),
    Requirement(
        id="key.confirmation",
        submodules=(Submodule.KEY,),
        entry=Entry.CONFIGURATION,
        kinds=frozenset({ANDROID_KEY}),
        check=key.confirmation,
        facts=("key.confirmation_required",),
        reason=Text(
            ja="端末の鍵は、信頼できる画面に表示した内容だけに署名するものでなければなりません。",
            en="The device key signs only what a trusted display has shown.",
        ),
        stops="malware that shows one transaction and signs another",
    ),
    Requirement(
        id="key.possession",
        submodules=(Submodule.KEY,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=frozenset({ASSERTION, AUTHENTICATION}),
        check=key.possession,
        reason=Text(
            ja="要求は、登録された端末の鍵で署名されていなければなりません。",
            en="The request is signed by the registered device key.",
        ),
        stops="requests from another device",
    ),
)
