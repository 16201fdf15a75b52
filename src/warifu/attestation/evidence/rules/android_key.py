"""Rules of Android key attestation, in the order they are checked.

The chain is also held to the rules of certification paths (``pki/*``). "AOSP attestation" in a
clause is the page *Key and ID attestation* of source.android.com, "Google verify" the page *Verify
hardware-backed key pairs with key attestation* of developer.android.com.
"""

from __future__ import annotations

from warifu.attestation.evidence.readers.key_description import (
    TAGS_UNORDERED,
    UNKNOWN_TAG,
    UNKNOWN_VERSION,
    WELL_FORMED,
)
from warifu.base.codec.der import TRUE_NOT_FF
from warifu.base.pki.certificate import ALGORITHM_PARAMETERS_NULL
from warifu.base.pki.path import ORDER_REPAIRED
from warifu.base.rule import Leniency, Rule, Text

CONTAINER = Rule(
    code="android-key/container",
    clause="AOSP KeyStore.getCertificateChain",
    requires=Text(
        ja="証拠は、PEMまたはDER形式の証明書を連結したもので、上限サイズ以内でなければなりません。",
        en="The evidence is certificates, PEM or DER, one after the other, within the size limit.",
    ),
    stops="resource exhaustion",
)
DESCRIPTION_PRESENT = Rule(
    code="android-key/description-present",
    clause="Google verify, step 6: the extension with OID 1.3.6.1.4.1.11129.2.1.17",
    requires=Text(
        ja="証明書チェーンには、鍵の説明情報（KeyDescription）を持つ証明書が必要です。",
        en="A certificate of the chain carries a key description, the attestation extension.",
    ),
    stops="certificates of keys that were never attested",
)
LEAF_DESCRIBED = Rule(
    code="android-key/leaf-described",
    clause="Google verify, step 6: the occurrence nearest the root counts",
    requires=Text(
        ja="構成証明を受けた鍵の下に、鍵の説明情報を持たない証明書が連なっていてはなりません。",
        en="No certificate without a key description stands below an attested key.",
    ),
    stops="chain extension: an app key that certifies a key of the attacker",
)
BELOW_ATTESTATION_KEY = Rule(
    code="android-key/below-attestation-key",
    clause="AOSP attestation: attestation keys and certificates",
    requires=Text(
        ja="鍵の説明情報を持つ最上位の証明書は、端末の構成証明鍵で署名されていなければなりません。",
        en="The topmost certificate with a key description is signed by a device attestation key.",
    ),
    stops="a root or intermediate that is made to sign statements itself",
)
NOT_REVOKED = Rule(
    code="android-key/not-revoked",
    clause="Google verify, step 3: certificate revocation status list",
    requires=Text(
        ja="証明書チェーンのどの証明書も、失効リストに記載されていてはなりません"
        "（一時停止を含みます）。",
        en="No certificate of the chain is on the revocation list, neither revoked nor suspended.",
    ),
    stops="leaked attestation keys (key boxes) sold to emulate hardware",
)
ATTEST_KEY_PURPOSE = Rule(
    code="android-key/attest-key-purpose",
    clause="AOSP KeyMint, KeyPurpose.aidl: ATTEST_KEY stands alone",
    requires=Text(
        ja="ほかの鍵を構成証明する鍵は、用途がATTEST_KEYのみでなければなりません。",
        en="A key that attests another has ATTEST_KEY as its only purpose.",
    ),
    stops="chain extension: an ordinary signing key that signs a forged description",
)
ATTEST_KEY_ORIGIN = Rule(
    code="android-key/attest-key-origin",
    clause="AOSP KeyMint, KeyOrigin.aidl: GENERATED",
    requires=Text(
        ja="ほかの鍵を構成証明する鍵は、それを保管する環境で生成されたものでなければなりません。",
        en="A key that attests another was generated where it is kept, and not imported.",
    ),
    stops="an imported attest key whose owner signs descriptions of his own making",
)
ATTEST_KEY_CONSISTENT = Rule(
    code="android-key/attest-key-consistent",
    clause="AOSP KeyMint, IKeyMintDevice.aidl generateKey: attestKey",
    requires=Text(
        ja="構成証明する鍵とされる鍵とで、セキュリティレベル、起動状態、アプリ、チャレンジが"
        "一致していなければなりません。",
        en="An attest key and the key it attests agree in level, boot state, app and challenge.",
    ),
    stops="an attest key of another device or app vouching for this one",
)
LEVELS_AGREE = Rule(
    code="android-key/levels-agree",
    clause="AOSP attestation: attestationSecurityLevel, keyMintSecurityLevel",
    requires=Text(
        ja="ハードウェアによる構成証明では、構成証明を行った環境と鍵を保管する環境が"
        "同じでなければなりません。",
        en="Hardware attests only keys that it keeps itself: both security levels are the same.",
    ),
    stops="a software key that borrows the level of the hardware",
)
LEVEL_OF_BATCH = Rule(
    code="android-key/level-of-attestation-key",
    clause="AOSP attestation: subject of the attestation certificate",
    requires=Text(
        ja="構成証明鍵の証明書にセキュリティレベルの記載がある場合、構成証明の内容は"
        "それと一致しなければなりません。",
        en="The claimed level is the one named in the attestation certificate, where it names one.",
    ),
    stops="a broken TEE that poses as StrongBox",
)
ROOT_OF_TRUST = Rule(
    code="android-key/root-of-trust",
    clause="AOSP attestation: rootOfTrust in hardwareEnforced",
    requires=Text(
        ja="ハードウェアによる構成証明では、起動状態をソフトウェアではなくハードウェアが"
        "示していなければなりません。",
        en="Hardware states the root of trust itself, and software states none.",
    ),
    stops="a boot state told by the operating system that it is about",
)
KEY_FITS = Rule(
    code="android-key/key-fits-description",
    clause="AOSP attestation: algorithm",
    requires=Text(
        ja="証明書の公開鍵は、鍵の説明情報に記載されたアルゴリズムの鍵でなければなりません。",
        en="The certified key is of the algorithm that its description states.",
    ),
    stops="a description of one key beside another",
)
CHALLENGE = Rule(
    code="android-key/challenge",
    clause="AOSP attestation: attestationChallenge",
    requires=Text(
        ja="構成証明に含まれるチャレンジは、発行したチャレンジと一致しなければなりません。",
        en="The challenge in the statement is the one that was issued.",
    ),
    stops="replay of a statement",
)
APP_KNOWN = Rule(
    code="android-key/app-known",
    clause="AOSP keystore: AttestationApplicationId, UnknownPackage",
    requires=Text(
        ja="鍵を作成したアプリを、端末が特定できていなければなりません。",
        en="The device could tell which app made the key.",
    ),
    stops="an unnamed app taken for the expected one",
)
APP = Rule(
    code="android-key/app",
    clause="AOSP attestation: attestationApplicationId, package_infos",
    requires=Text(
        ja="鍵は、想定したアプリ（パッケージ名）が作成したものでなければなりません。",
        en="The key was made by the expected app, by package name.",
    ),
    stops="statements for keys of an attacker's own app",
)
APP_SIGNERS = Rule(
    code="android-key/app-signers",
    clause="AOSP attestation: attestationApplicationId, signature_digests",
    requires=Text(
        ja="アプリは、想定した署名者だけが署名したものでなければなりません。",
        en="The app is signed by expected signers only.",
    ),
    stops="a repackaged app under the same name",
)

RULES: tuple[Rule, ...] = (
    CONTAINER,
    DESCRIPTION_PRESENT,
    LEAF_DESCRIBED,
    BELOW_ATTESTATION_KEY,
    NOT_REVOKED,
    WELL_FORMED,
    ATTEST_KEY_PURPOSE,
    ATTEST_KEY_ORIGIN,
    ATTEST_KEY_CONSISTENT,
    LEVELS_AGREE,
    LEVEL_OF_BATCH,
    ROOT_OF_TRUST,
    KEY_FITS,
    CHALLENGE,
    APP_KNOWN,
    APP,
    APP_SIGNERS,
)

BATCH_NOT_AUTHORITY = Leniency(
    name="android-key/attestation-certificate-not-authority",
    departs_from="RFC 5280 §4.2.1.9: an issuer has cA TRUE",
    seen_on="Sony SOV37 and SO-52B, factory provisioned, directly below the intermediate",
)
ATTEST_KEY_NOT_AUTHORITY = Leniency(
    name="android-key/attest-key-not-authority",
    departs_from="RFC 5280 §4.2.1.9: an issuer has cA TRUE and counts for path lengths",
    seen_on="every attest key of an app, by design of KeyMint (Pixel 6 and later)",
)
EXPIRED_FACTORY_CHAIN = Leniency(
    name="android-key/expired-factory-chain",
    departs_from="RFC 5280 §6.1.3 (a)(2): certificates are within their validity",
    seen_on="factory keys cannot be renewed; whole chains ended with the root of 2016 in 2026-05",
)
DATES_OF_DESCRIBED = Leniency(
    name="android-key/dates-of-described-key",
    departs_from="RFC 5280 §6.1.3 (a)(2): certificates are within their validity",
    seen_on="phones whose clock is wrong, and keys whose app or owner chose other dates",
)
PATCH_LEVEL_FORM = Leniency(
    name="android-key/patch-level-form",
    departs_from="AOSP Tag.aidl: OS patch level YYYYMM, vendor and boot patch level YYYYMMDD",
    seen_on="Pixel 3: vendor and boot patch level without a day",
)
PATCH_LEVEL_UNREADABLE = Leniency(
    name="android-key/patch-level-unreadable",
    departs_from="AOSP Tag.aidl: a patch level is a month or a day",
    seen_on="vendors' free forms (google/android-key-attestation issue 77); nothing is proved then",
)

LENIENCIES: tuple[Leniency, ...] = (
    ORDER_REPAIRED,
    ALGORITHM_PARAMETERS_NULL,
    BATCH_NOT_AUTHORITY,
    ATTEST_KEY_NOT_AUTHORITY,
    EXPIRED_FACTORY_CHAIN,
    DATES_OF_DESCRIBED,
    TRUE_NOT_FF,
    TAGS_UNORDERED,
    UNKNOWN_TAG,
    UNKNOWN_VERSION,
    PATCH_LEVEL_FORM,
    PATCH_LEVEL_UNREADABLE,
)

_STATED = (DESCRIPTION_PRESENT, LEAF_DESCRIBED, BELOW_ATTESTATION_KEY, NOT_REVOKED, WELL_FORMED)
_BY_HARDWARE = (*_STATED, LEVELS_AGREE, LEVEL_OF_BATCH)
_BOOT = (*_BY_HARDWARE, ROOT_OF_TRUST)

PROOFS: dict[str, tuple[Rule, ...]] = {
    "device.platform": _STATED,
    "device.brand": _BY_HARDWARE,
    "device.name": _BY_HARDWARE,
    "device.product": _BY_HARDWARE,
    "device.manufacturer": _BY_HARDWARE,
    "device.model": _BY_HARDWARE,
    "device.serial": _BY_HARDWARE,
    "device.imei": _BY_HARDWARE,
    "device.meid": _BY_HARDWARE,
    "boot.locked": _BOOT,
    "boot.state": _BOOT,
    "boot.key": _BOOT,
    "boot.hash": _BOOT,
    "operating_system.version": _BY_HARDWARE,
    "operating_system.patch_level": _BY_HARDWARE,
    "operating_system.vendor_patch_level": _BY_HARDWARE,
    "operating_system.boot_patch_level": _BY_HARDWARE,
    "app.identifier": (*_STATED, APP_KNOWN, APP),
    "app.packages": _STATED,
    "app.signers": (*_STATED, APP_SIGNERS),
    "key.public_key": (*_STATED, ATTEST_KEY_PURPOSE, ATTEST_KEY_ORIGIN, KEY_FITS),
    "key.algorithm": (*_STATED, KEY_FITS),
    "key.security_level": _BY_HARDWARE,
    "key.attested_by": _BY_HARDWARE,
    "key.endorsement": _STATED,
    "key.user_authentication": _BY_HARDWARE,
    "key.confirmation_required": _BY_HARDWARE,
    "freshness.challenge": (*_STATED, ATTEST_KEY_CONSISTENT),
    "freshness.challenge_matches": (*_STATED, CHALLENGE),
    "freshness.made_at": _STATED,
    "detail.attestation_version": _STATED,
    "detail.keymint_version": _STATED,
    "detail.attestation_level": _BY_HARDWARE,
    "detail.key_level": _BY_HARDWARE,
    "detail.storage_level": _BY_HARDWARE,
    "detail.rollback_resistant": _BY_HARDWARE,
    "detail.unique_id": _BY_HARDWARE,
    "detail.module_hash": _STATED,
    "detail.boot_key_name": _BOOT,
    "detail.provisioning": (BELOW_ATTESTATION_KEY,),
    "detail.attest_keys": (ATTEST_KEY_PURPOSE, ATTEST_KEY_ORIGIN, ATTEST_KEY_CONSISTENT),
    "detail.hardware_enforced": _BY_HARDWARE,
    "detail.software_enforced": _STATED,
}
