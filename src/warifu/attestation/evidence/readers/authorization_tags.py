"""Every authorization tag known to AOSP: number, our field name, and how its value is encoded.

Names and types follow AOSP's Tag.aidl (KeyMint 1 to 5), types.hal (Keymaster 3 to 4.1) and
keymaster_defs.h (Keymaster 1 and 2). Tags that never leave the device today are listed too: a
vendor that attests them anyway must not look unknown. What is not listed is kept raw.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct


class Encoding(Enum):
    """How the value of a tag is encoded inside its explicit context tag."""

    INTEGER = auto()
    INTEGERS = auto()
    """SET OF INTEGER; a single INTEGER where a vendor treats a repeatable tag as plain."""
    FLAG = auto()
    """NULL: present means true."""
    OCTETS = auto()
    TEXT = auto()
    """OCTET STRING holding UTF-8."""
    ROOT_OF_TRUST = auto()
    APPLICATION = auto()
    """OCTET STRING holding the DER of an AttestationApplicationId."""


class Tag(Struct, frozen=True):
    """One authorization tag."""

    number: int
    field: str
    """Name of the field of `AuthorizationList`."""
    encoding: Encoding


TAGS: tuple[Tag, ...] = tuple(
    Tag(number, field, encoding)
    for number, field, encoding in (
        (1, "purpose", Encoding.INTEGERS),
        (2, "algorithm", Encoding.INTEGER),
        (3, "key_size", Encoding.INTEGER),
        (4, "block_mode", Encoding.INTEGERS),
        (5, "digest", Encoding.INTEGERS),
        (6, "padding", Encoding.INTEGERS),
        (7, "caller_nonce", Encoding.FLAG),
        (8, "min_mac_length", Encoding.INTEGER),
        (9, "kdf", Encoding.INTEGERS),
        (10, "ec_curve", Encoding.INTEGER),
        (11, "ml_dsa_variant", Encoding.INTEGER),
        (200, "rsa_public_exponent", Encoding.INTEGER),
        (201, "ecies_single_hash_mode", Encoding.FLAG),
        (202, "include_unique_id", Encoding.FLAG),
        (203, "rsa_oaep_mgf_digest", Encoding.INTEGERS),
        (301, "blob_usage_requirements", Encoding.INTEGER),
        (302, "bootloader_only", Encoding.FLAG),
        (303, "rollback_resistance", Encoding.FLAG),
        (304, "hardware_type", Encoding.INTEGER),
        (305, "early_boot_only", Encoding.FLAG),
        (400, "active_date_time", Encoding.INTEGER),
        (401, "origination_expire_date_time", Encoding.INTEGER),
        (402, "usage_expire_date_time", Encoding.INTEGER),
        (403, "min_seconds_between_ops", Encoding.INTEGER),
        (404, "max_uses_per_boot", Encoding.INTEGER),
        (405, "usage_count_limit", Encoding.INTEGER),
        (500, "all_users", Encoding.FLAG),
        (501, "user_id", Encoding.INTEGER),
        (502, "user_secure_id", Encoding.INTEGERS),
        (503, "no_auth_required", Encoding.FLAG),
        (504, "user_auth_type", Encoding.INTEGER),
        (505, "auth_timeout", Encoding.INTEGER),
        (506, "allow_while_on_body", Encoding.FLAG),
        (507, "trusted_user_presence_required", Encoding.FLAG),
        (508, "trusted_confirmation_required", Encoding.FLAG),
        (509, "unlocked_device_required", Encoding.FLAG),
        (600, "all_applications", Encoding.FLAG),
        (601, "application_id", Encoding.OCTETS),
        (602, "exportable", Encoding.FLAG),
        (700, "application_data", Encoding.OCTETS),
        (701, "creation_date_time", Encoding.INTEGER),
        (702, "origin", Encoding.INTEGER),
        (703, "rollback_resistant", Encoding.FLAG),
        (704, "root_of_trust", Encoding.ROOT_OF_TRUST),
        (705, "os_version", Encoding.INTEGER),
        (706, "os_patch_level", Encoding.INTEGER),
        (707, "unique_id", Encoding.OCTETS),
        (708, "attestation_challenge", Encoding.OCTETS),
        (709, "attestation_application_id", Encoding.APPLICATION),
        (710, "attestation_id_brand", Encoding.TEXT),
        (711, "attestation_id_device", Encoding.TEXT),
        (712, "attestation_id_product", Encoding.TEXT),
        (713, "attestation_id_serial", Encoding.TEXT),
        (714, "attestation_id_imei", Encoding.TEXT),
        (715, "attestation_id_meid", Encoding.TEXT),
        (716, "attestation_id_manufacturer", Encoding.TEXT),
        (717, "attestation_id_model", Encoding.TEXT),
        (718, "vendor_patch_level", Encoding.INTEGER),
        (719, "boot_patch_level", Encoding.INTEGER),
        (720, "device_unique_attestation", Encoding.FLAG),
        (721, "identity_credential_key", Encoding.FLAG),
        (722, "storage_key", Encoding.FLAG),
        (723, "attestation_id_second_imei", Encoding.TEXT),
        (724, "module_hash", Encoding.OCTETS),
        (1000, "associated_data", Encoding.OCTETS),
        (1001, "nonce", Encoding.OCTETS),
        (1002, "auth_token", Encoding.OCTETS),
        (1003, "mac_length", Encoding.INTEGER),
        (1004, "reset_since_id_rotation", Encoding.FLAG),
        (1005, "confirmation_token", Encoding.OCTETS),
        (1006, "certificate_serial", Encoding.OCTETS),
        (1007, "certificate_subject", Encoding.OCTETS),
        (1008, "certificate_not_before", Encoding.INTEGER),
        (1009, "certificate_not_after", Encoding.INTEGER),
        (1010, "max_boot_level", Encoding.INTEGER),
    )
)

PURPOSE_SIGN = 2
PURPOSE_ATTEST_KEY = 7

ALGORITHM_RSA = 1
ALGORITHM_EC = 3
ALGORITHM_ML_DSA = 4
SECRET_KEY_ALGORITHMS = (32, 33, 128)
"""AES, triple DES, HMAC: no certificate is made for their keys."""

ORIGIN_GENERATED = 0

KNOWN_ATTESTATION_VERSIONS = frozenset({1, 2, 3, 4, 100, 200, 300, 400, 500})
KNOWN_KEYMINT_VERSIONS = frozenset({0, 1, 2, 3, 4, 41, 100, 200, 300, 400, 500})
