"""What Android key attestation proves beyond the common facts, and what it can be held against."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.attestation.claims import BootState, Package, SecurityLevel
from warifu.attestation.expectations import Expectations


class AndroidKeyExpectations(Expectations, frozen=True, kw_only=True):
    """Expectations of an app that asked Android Keystore for an attested key."""

    signers: frozenset[bytes] | None = None
    """SHA-256 digests of the certificates that may sign `app`. None asks nothing; a package name
    alone can be taken by anybody, so a caller that leaves this out must judge `Claims.app.signers`
    itself."""


class RootOfTrust(Struct, frozen=True, kw_only=True):
    """How the device started, as the keystore implementation was told by the bootloader."""

    verified_boot_key: bytes
    device_locked: bool
    verified_boot_state: BootState
    verified_boot_hash: bytes | None = None
    """Absent before attestation version 3."""


class Application(Struct, frozen=True, kw_only=True):
    """AttestationApplicationId: the packages that share the caller's user id, and their signers."""

    packages: tuple[Package, ...]
    signature_digests: tuple[bytes, ...]
    """SHA-256 of each signing certificate."""


class AuthorizationList(Struct, frozen=True, kw_only=True):
    """What one side, hardware or software, enforces. Values as encoded; None where absent.

    Times are milliseconds since 1970-01-01 UTC, timeouts seconds, patch levels decimal digits;
    enumerations keep the numbers of AOSP, so that a new one is kept and not lost.
    """

    purpose: tuple[int, ...] | None = None
    algorithm: int | None = None
    key_size: int | None = None
    block_mode: tuple[int, ...] | None = None
    digest: tuple[int, ...] | None = None
    padding: tuple[int, ...] | None = None
    caller_nonce: bool | None = None
    min_mac_length: int | None = None
    kdf: tuple[int, ...] | None = None
    ec_curve: int | None = None
    ml_dsa_variant: int | None = None
    rsa_public_exponent: int | None = None
    ecies_single_hash_mode: bool | None = None
    include_unique_id: bool | None = None
    rsa_oaep_mgf_digest: tuple[int, ...] | None = None
    blob_usage_requirements: int | None = None
    bootloader_only: bool | None = None
    rollback_resistance: bool | None = None
    hardware_type: int | None = None
    early_boot_only: bool | None = None
    active_date_time: int | None = None
    origination_expire_date_time: int | None = None
    usage_expire_date_time: int | None = None
    min_seconds_between_ops: int | None = None
    max_uses_per_boot: int | None = None
    usage_count_limit: int | None = None
    all_users: bool | None = None
    user_id: int | None = None
    user_secure_id: tuple[int, ...] | None = None
    no_auth_required: bool | None = None
    user_auth_type: int | None = None
    auth_timeout: int | None = None
    allow_while_on_body: bool | None = None
    trusted_user_presence_required: bool | None = None
    trusted_confirmation_required: bool | None = None
    unlocked_device_required: bool | None = None
    all_applications: bool | None = None
    application_id: bytes | None = None
    exportable: bool | None = None
    application_data: bytes | None = None
    creation_date_time: int | None = None
    origin: int | None = None
    rollback_resistant: bool | None = None
    root_of_trust: RootOfTrust | None = None
    os_version: int | None = None
    os_patch_level: int | None = None
    unique_id: bytes | None = None
    attestation_challenge: bytes | None = None
    attestation_application_id: Application | None = None
    attestation_id_brand: str | None = None
    attestation_id_device: str | None = None
    attestation_id_product: str | None = None
    attestation_id_serial: str | None = None
    attestation_id_imei: str | None = None
    attestation_id_meid: str | None = None
    attestation_id_manufacturer: str | None = None
    attestation_id_model: str | None = None
    vendor_patch_level: int | None = None
    boot_patch_level: int | None = None
    device_unique_attestation: bool | None = None
    identity_credential_key: bool | None = None
    storage_key: bool | None = None
    attestation_id_second_imei: str | None = None
    module_hash: bytes | None = None
    associated_data: bytes | None = None
    nonce: bytes | None = None
    auth_token: bytes | None = None
    mac_length: int | None = None
    reset_since_id_rotation: bool | None = None
    confirmation_token: bytes | None = None
    certificate_serial: bytes | None = None
    certificate_subject: bytes | None = None
    certificate_not_before: int | None = None
    certificate_not_after: int | None = None
    max_boot_level: int | None = None
    unknown: dict[int, str] = {}
    """Tags that AOSP does not know, by number: the DER of the value, in hex."""


class ProvisioningMethod(StrEnum):
    """How the attestation key came to the device."""

    FACTORY = "factory"
    """Written at the factory, shared by a batch of devices; outlives its certificates."""
    REMOTE = "remote"
    """Certified over the network for some weeks, for this device alone."""
    UNKNOWN = "unknown"
    """Neither form is recognised: held to the dates of its certificates."""


class Provisioning(Struct, frozen=True, kw_only=True):
    """What the chain says about provisioning."""

    method: ProvisioningMethod
    certificates_issued: int | None = None
    """How many certificates the device got from the provisioning server of late: a high number
    hints at a key that serves more than one device."""
    info: bytes | None = None
    """CBOR of the ProvisioningInfo extension, where there is one."""


class AndroidKeyDetail(Struct, frozen=True, kw_only=True, tag="android-key"):
    """Facts of one attested key."""

    attestation_version: int
    """1 to 4 for Keymaster 2 to 4.1, then 100 per KeyMint version."""
    keymint_version: int
    attestation_level: SecurityLevel
    """Who made the statement."""
    key_level: SecurityLevel
    """Which implementation holds the key."""
    storage_level: SecurityLevel
    """Where the key's properties are enforced: software when not even its origin is."""
    rollback_resistant: bool
    """Deletion of the key is final, by hardware."""
    unique_id: bytes
    """Empty unless asked for; changes with the app and every 30 days."""
    module_hash: bytes | None
    """SHA-256 over the list of updatable system modules, enforced by software."""
    boot_key_name: str | None
    """Whose verified boot key it is, where the boot-key list knows it."""
    provisioning: Provisioning
    attest_keys: int
    """How many attest keys of the app stand between the key and the device's attestation key."""
    hardware_enforced: AuthorizationList
    software_enforced: AuthorizationList
