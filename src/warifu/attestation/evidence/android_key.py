"""Android key attestation: what a phone's secure hardware says about a key it holds.

The evidence is the certificates of ``KeyStore.getCertificateChain``, leaf first as the app gets
them, either as PEM blocks or as DER, one after the other. The root may be there or be left out.

Levels, boot state and patch levels are facts here and refuse nothing: an unlocked phone makes an
honest statement. What is proved by software alone stands in the detail and not in the claims.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from warifu.attestation.claims import (
    App,
    Boot,
    Claims,
    Device,
    Endorsement,
    Format,
    Freshness,
    Key,
    OperatingSystem,
    SecurityLevel,
)
from warifu.attestation.evidence.android_chain import AndroidChain, prove_chain
from warifu.attestation.evidence.facts.android_key import (
    AndroidKeyDetail,
    AndroidKeyExpectations,
    Application,
    AuthorizationList,
)
from warifu.attestation.evidence.readers import authorization_tags as tags
from warifu.attestation.evidence.readers.key_description import (
    KEY_DESCRIPTION_OID,
    KeyDescription,
    read_key_description,
)
from warifu.attestation.evidence.readers.public_key import name_public_key
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.examination import Examination, Gaps
from warifu.base.codec import der, text
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.certificate import Certificate, read_certificate
from warifu.base.pki.memory import read_armoured_authority, read_authority
from warifu.base.pki.path import LENGTH, MAX_PATH

if TYPE_CHECKING:
    from warifu.attestation.trust.view import TrustView
    from warifu.base.rule import Rule

MAX_EVIDENCE_BYTES = 128 << 10
MIN_YEAR = 2000
MAX_YEAR = 2999
MAX_OS_VERSION = 99_99_99
MAX_MILLISECONDS = 253_402_300_799_999
"""The last moment of the year 9999."""

UNKNOWN_PACKAGE = "UnknownPackage"
"""What keystore writes when it could not ask the package manager who the caller is."""


def verify(
    evidence: bytes,
    *,
    expected: AndroidKeyExpectations,
    trust: TrustView,
    at: datetime,
    gaps: Gaps = Gaps.REFUSE,
) -> Claims:
    """Verify an Android key attestation.

    Args:
        evidence: Certificates, concatenated PEM or concatenated DER.
        expected: Challenge, package name, signers.
        trust: What is believed; its `android-key` anchors and revocation list count.
        at: When the evidence was made. Remotely provisioned chains live for weeks.
        gaps: What to do where an expectation is not stated or no fresh revocation list is known.

    Raises:
        BadEvidence: ``android-key/*``, ``pki/*``, ``der/*``, ``text/*``, ``cbor/*``.
        VerifierFault: `Unchecked` for a gap; `MissingTrust` where no anchor is known; `StaleTrust`
            where the revocation list is too old.
        Misuse: `at` has no offset.
    """
    exam = Examination(trust=trust, at=at, gaps=gaps)
    chain = prove_chain(_read_evidence(evidence), exam)
    leaf = chain.path.certificates[0]

    # Google verify, step 7: read the descriptions, which are now the word of their issuers.
    descriptions = [
        read_key_description(certificate.extensions[KEY_DESCRIPTION_OID].value)
        for certificate in chain.path.certificates[: chain.topmost + 1]
    ]
    for description in descriptions:
        exam.allow(*description.leniencies)
    for attesting, attested in zip(descriptions[1:], descriptions, strict=False):
        _check_attest_key(attesting, attested)
    description = descriptions[0]
    algorithm = check_description(description, leaf, chain)

    challenge = exam.match(rules.CHALLENGE, description.challenge, expected.challenge)
    application = (
        description.software_enforced.attestation_application_id
        or description.hardware_enforced.attestation_application_id
    )
    identifier = _check_app(application, expected, exam)
    return Claims(
        format=Format.ANDROID_KEY,
        at=exam.at,
        known_at=trust.known_at,
        realm=trust.realm,
        device=_device(description),
        boot=_boot(description),
        operating_system=_operating_system(description, exam),
        app=_app(application, identifier),
        key=_key(description, leaf, algorithm),
        freshness=Freshness(
            challenge=description.challenge,
            challenge_matches=challenge,
            made_at=_made_at(description),
        ),
        chain=(*chain.path.certificates, chain.anchor.certificate),
        anchor=chain.anchor.name,
        detail=_detail(description, chain, trust),
        proved=exam.proved(
            _RULES[chain.topmost > 0, expected.app is not None, expected.signers is not None]
        ),
        leniencies=exam.leniencies(),
        unchecked=exam.unchecked(),
    )


def check_description(description: KeyDescription, leaf: Certificate, chain: AndroidChain) -> str:
    """Hold one description against itself, its key, and who made it.

    Returns:
        The kind of the key, as `name_public_key` calls it.

    Raises:
        BadEvidence: ``android-key/levels-agree``, ``android-key/level-of-attestation-key``,
            ``android-key/root-of-trust``, ``android-key/key-fits-description``.
    """
    # AOSP attestation: hardware attests keys in hardware; software may know of hardware's keys.
    level = description.attestation_level
    if level is not SecurityLevel.SOFTWARE:
        if description.keymint_level is not level:
            raise BadEvidence(rules.LEVELS_AGREE, f"{level}, {description.keymint_level}")
        subject = chain.attestation_certificate.subject
        for needle, named in _LEVEL_ATTRIBUTES:
            if needle in subject and named is not level:
                raise BadEvidence(rules.LEVEL_OF_BATCH, f"{level}, named {named}")

        # The root of trust is the hardware's to tell. A second one, told by software, would be
        # there only to be taken for it.
        if (
            description.hardware_enforced.root_of_trust is None
            or description.software_enforced.root_of_trust is not None
        ):
            raise BadEvidence(rules.ROOT_OF_TRUST, f"level {level}")

    stated = _either(description, "algorithm")
    algorithm = name_public_key(leaf.public_key)
    if stated is None or not algorithm.startswith(_FAMILIES.get(stated, "")):
        raise BadEvidence(rules.KEY_FITS, f"{algorithm}, algorithm {stated}")
    return algorithm


def _read_evidence(evidence: bytes) -> list[Certificate]:
    """Certificates as sent. What stands above the first undescribed one is an authority's."""
    if not 0 < len(evidence) <= MAX_EVIDENCE_BYTES:
        raise MalformedEvidence(rules.CONTAINER, f"{len(evidence)} bytes")
    armoured = _PEM in evidence
    blocks = text.split_pem_certificates(evidence) if armoured else _split(evidence)
    if len(blocks) > MAX_PATH:
        raise BadEvidence(LENGTH, f"{len(blocks)} certificates")
    certificates: list[Certificate] = []
    authorities = False
    for block in blocks:
        if authorities:
            certificate = read_armoured_authority(block) if armoured else read_authority(block)
        else:
            certificate = read_certificate(text.from_base64(block) if armoured else block)
        authorities = authorities or KEY_DESCRIPTION_OID not in certificate.extensions
        certificates.append(certificate)
    return certificates


def _split(evidence: bytes) -> list[bytes]:
    blocks: list[bytes] = []
    at, end = 0, len(evidence)
    while at < end and len(blocks) <= MAX_PATH:
        _, stop = der.read_expected(evidence, at, end, der.SEQUENCE)
        blocks.append(evidence[at:stop])
        at = stop
    return blocks


def _check_attest_key(attesting: KeyDescription, attested: KeyDescription) -> None:
    """AOSP KeyMint: a key may attest another only if that is all it may do, and nobody has it.

    Both statements are of one device and one app: anything else is an attest key lent elsewhere.
    """
    if _enforced(attesting).purpose != (tags.PURPOSE_ATTEST_KEY,):
        raise BadEvidence(rules.ATTEST_KEY_PURPOSE, f"purposes {_enforced(attesting).purpose}")
    if _enforced(attesting).origin != tags.ORIGIN_GENERATED:
        raise BadEvidence(rules.ATTEST_KEY_ORIGIN, f"origin {_enforced(attesting).origin}")
    for what in ("attestation_level", "keymint_level", "challenge"):
        if getattr(attesting, what) != getattr(attested, what):
            raise BadEvidence(rules.ATTEST_KEY_CONSISTENT, what)
    for what in ("root_of_trust", "attestation_application_id"):
        if _either(attesting, what) != _either(attested, what):
            raise BadEvidence(rules.ATTEST_KEY_CONSISTENT, what)


def _check_app(
    application: Application | None, expected: AndroidKeyExpectations, exam: Examination
) -> str | None:
    """Who made the key; returns the package name where it is one, or the expected one."""
    packages = () if application is None else application.packages
    names = [package.name for package in packages]
    known = bool(names) and UNKNOWN_PACKAGE not in names
    if expected.app is None:
        exam.leave_open(rules.APP, "no app was stated")
    elif not known:
        raise BadEvidence(rules.APP_KNOWN, ", ".join(names) or "no application id")
    elif expected.app not in names:
        raise BadEvidence(rules.APP, ", ".join(names))
    if expected.signers is not None:
        digests = () if application is None else application.signature_digests
        if not digests or not expected.signers.issuperset(digests):
            raise BadEvidence(rules.APP_SIGNERS, ", ".join(map(bytes.hex, digests)))
    return expected.app or (names[0] if known and len(names) == 1 else None)


def _enforced(description: KeyDescription) -> AuthorizationList:
    """The list that the maker of the statement enforces itself."""
    if description.attestation_level is SecurityLevel.SOFTWARE:
        return description.software_enforced
    return description.hardware_enforced


def _either(description: KeyDescription, field: str) -> object:
    value = getattr(description.hardware_enforced, field)
    return getattr(description.software_enforced, field) if value is None else value


def _proved_by_hardware(description: KeyDescription) -> AuthorizationList:
    """What hardware says it enforces; nothing where software speaks for it."""
    if description.attestation_level is SecurityLevel.SOFTWARE:
        return _NOTHING
    return description.hardware_enforced


def _device(description: KeyDescription) -> Device:
    ids = _proved_by_hardware(description)
    imei = (ids.attestation_id_imei, ids.attestation_id_second_imei)
    return Device(
        platform="android",
        brand=ids.attestation_id_brand,
        name=ids.attestation_id_device,
        product=ids.attestation_id_product,
        manufacturer=ids.attestation_id_manufacturer,
        model=ids.attestation_id_model,
        serial=ids.attestation_id_serial,
        imei=tuple(number for number in imei if number is not None),
        meid=ids.attestation_id_meid,
    )


def _boot(description: KeyDescription) -> Boot | None:
    root = _proved_by_hardware(description).root_of_trust
    if root is None:
        return None
    return Boot(
        locked=root.device_locked,
        state=root.verified_boot_state,
        key=root.verified_boot_key,
        hash=root.verified_boot_hash,
    )


def _operating_system(description: KeyDescription, exam: Examination) -> OperatingSystem:
    enforced = _proved_by_hardware(description)
    return OperatingSystem(
        version=_version(enforced.os_version),
        patch_level=_patch_level(enforced.os_patch_level, exam, with_day=False),
        vendor_patch_level=_patch_level(enforced.vendor_patch_level, exam, with_day=True),
        boot_patch_level=_patch_level(enforced.boot_patch_level, exam, with_day=True),
    )


def _version(number: int | None) -> str | None:
    """AOSP Tag.aidl OS_VERSION: MMmmss in decimal; zero where the build has no number."""
    if number is None or not 0 < number <= MAX_OS_VERSION:
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _patch_level(value: int | None, exam: Examination, *, with_day: bool) -> str | None:
    """A patch level as an ISO date; None where nothing is stated, or nothing that is a date."""
    if not value:
        return None
    month, day = divmod(value, 100) if value > _MAX_MONTH_FORM else (value, 0)
    year, number = divmod(month, 100)
    if not (MIN_YEAR <= year <= MAX_YEAR and 0 < number <= 12 and day <= 31):
        exam.allow(rules.PATCH_LEVEL_UNREADABLE)
        return None
    if bool(day) is not with_day:
        exam.allow(rules.PATCH_LEVEL_FORM)
    return f"{year}-{number:02}-{day:02}" if day else f"{year}-{number:02}"


def _app(application: Application | None, identifier: str | None) -> App:
    if application is None:
        return App(identifier=identifier)
    return App(
        identifier=identifier,
        packages=application.packages,
        signers=application.signature_digests,
    )


def _key(description: KeyDescription, leaf: Certificate, algorithm: str) -> Key:
    enforced = _proved_by_hardware(description)
    by_hardware = enforced is not _NOTHING
    return Key(
        public_key=leaf.public_key,
        algorithm=algorithm,
        # What software says of hardware is no more than software's word; it stands in the detail.
        security_level=(
            description.keymint_level if by_hardware else description.attestation_level
        ),
        attested_by=description.attestation_level,
        endorsement=Endorsement.ANCHORED,
        user_authentication=_user_authentication(enforced),
        confirmation_required=(
            enforced.trusted_confirmation_required is True if by_hardware else None
        ),
    )


def _user_authentication(enforced: AuthorizationList) -> str | None:
    """HardwareAuthenticatorType.aidl: a mask of what unlocks the key; the timeout is in detail."""
    if enforced.no_auth_required:
        return "none"
    return None if enforced.user_auth_type is None else _AUTHENTICATORS[enforced.user_auth_type & 3]


def _made_at(description: KeyDescription) -> datetime | None:
    created = _either(description, "creation_date_time")
    if not isinstance(created, int) or not 0 <= created <= MAX_MILLISECONDS:
        return None
    return _EPOCH + timedelta(milliseconds=created)


def _detail(description: KeyDescription, chain: AndroidChain, trust: TrustView) -> AndroidKeyDetail:
    enforced = _proved_by_hardware(description)
    stored = description.attestation_level if enforced.origin is not None else None
    return AndroidKeyDetail(
        attestation_version=description.attestation_version,
        keymint_version=description.keymint_version,
        attestation_level=description.attestation_level,
        key_level=description.keymint_level,
        storage_level=stored or SecurityLevel.SOFTWARE,
        rollback_resistant=bool(enforced.rollback_resistance or enforced.rollback_resistant),
        unique_id=description.unique_id,
        module_hash=description.software_enforced.module_hash,
        boot_key_name=_boot_key_name(enforced, trust),
        provisioning=chain.provisioning,
        attest_keys=chain.topmost,
        hardware_enforced=description.hardware_enforced,
        software_enforced=description.software_enforced,
    )


def _boot_key_name(enforced: AuthorizationList, trust: TrustView) -> str | None:
    if trust.boot_keys is None or enforced.root_of_trust is None:
        return None
    entry = trust.boot_keys.find(enforced.root_of_trust.verified_boot_key)
    return None if entry is None else entry.os


_PEM = b"-----BEGIN CERTIFICATE-----"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = AuthorizationList()
_MAX_MONTH_FORM = 999_999
_AUTHENTICATORS = (None, "password", "biometric", "password-or-biometric")
_FAMILIES: dict[object, str] = {
    tags.ALGORITHM_RSA: "RSA",
    tags.ALGORITHM_EC: "EC",
    tags.ALGORITHM_ML_DSA: "ML-DSA",
    **dict.fromkeys(tags.SECRET_KEY_ALGORITHMS, "no public key"),
}
"""How `name_public_key` begins; algorithms that are newer than this code fit any key."""
# Titles of factory certificates (2.5.4.12), organizations of remote ones (2.5.4.10), as encoded.
_LEVEL_ATTRIBUTES: tuple[tuple[bytes, SecurityLevel], ...] = tuple(
    (b"\x06\x03\x55\x04" + bytes((attribute, kind, len(name))) + name, level)
    for name, level in (
        (b"TEE", SecurityLevel.TRUSTED_ENVIRONMENT),
        (b"StrongBox", SecurityLevel.SECURE_ELEMENT),
    )
    for attribute in (0x0C, 0x0A)
    for kind in (der.UTF8_STRING, der.PRINTABLE_STRING)
)


def _checked(*, attest_keys: bool, app: bool, signers: bool) -> tuple[Rule, ...]:
    """The rules that one verification checks: what was not asked is not proved."""
    left = {
        rules.ATTEST_KEY_PURPOSE.code: attest_keys,
        rules.ATTEST_KEY_ORIGIN.code: attest_keys,
        rules.ATTEST_KEY_CONSISTENT.code: attest_keys,
        rules.APP_KNOWN.code: app,
        rules.APP_SIGNERS.code: signers,
    }
    return tuple(rule for rule in rules.RULES if left.get(rule.code, True))


_RULES = {
    (attest_keys, app, signers): _checked(attest_keys=attest_keys, app=app, signers=signers)
    for attest_keys in (False, True)
    for app in (False, True)
    for signers in (False, True)
}
