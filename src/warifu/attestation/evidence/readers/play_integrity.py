"""The payload of a Play Integrity verdict, as Google's documents list its fields.

Everything listed is optional here; what must be there is the verifier's business. What is not
listed, be it a field or a value of a listed field, is kept under its path, so that a change at
Google's end is seen and never breaks a verdict.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import Struct

from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.base.codec import json
from warifu.base.errors import MalformedEvidence

MAX_PAYLOAD_BYTES = 64 << 10
MAX_DIGITS = 14
MAX_LISTED = 64

_DECODED_BY_GOOGLE = "tokenPayloadExternal"


class _Part(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of the payload; names in camel case."""


class RequestDetails(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Request details field"."""

    request_package_name: str | None = None
    request_hash: str | None = None
    nonce: str | None = None
    timestamp_millis: int | str | None = None


class AppIntegrity(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Application integrity field"."""

    app_recognition_verdict: str | None = None
    package_name: str | None = None
    certificate_sha256_digest: tuple[str, ...] | None = msgspec.field(
        default=None, name="certificateSha256Digest"
    )
    version_code: int | str | None = None


class RecentDeviceActivity(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Recent device activity"."""

    device_activity_level: str | None = None


class DeviceAttributes(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Device attributes"."""

    sdk_version: int | str | None = None


class RecallValues(_Part, frozen=True, kw_only=True):
    """Device recall page: three bits that outlive a factory reset."""

    bit_first: bool | None = None
    bit_second: bool | None = None
    bit_third: bool | None = None


class RecallWriteDates(_Part, frozen=True, kw_only=True):
    """Device recall page: the month each bit was last written, as the number YYYYMM."""

    yyyymm_first: int | None = None
    yyyymm_second: int | None = None
    yyyymm_third: int | None = None


class DeviceRecall(_Part, frozen=True, kw_only=True):
    """Device recall page."""

    values: RecallValues = RecallValues()
    write_dates: RecallWriteDates = RecallWriteDates()


class DeviceIntegrity(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Device integrity field"."""

    device_recognition_verdict: tuple[str, ...] | None = None
    legacy_device_recognition_verdict: tuple[str, ...] | None = None
    recent_device_activity: RecentDeviceActivity = RecentDeviceActivity()
    device_attributes: DeviceAttributes = DeviceAttributes()
    device_recall: DeviceRecall | None = None


class AccountActivity(_Part, frozen=True, kw_only=True):
    """API reference, AccountActivity; deprecated."""

    activity_level: str | None = None


class AccountDetails(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Account details field"."""

    app_licensing_verdict: str | None = None
    account_activity: AccountActivity = AccountActivity()


class AppAccessRisk(_Part, frozen=True, kw_only=True):
    """Verdicts page, "App access risk verdict"; without a list it was not evaluated."""

    apps_detected: tuple[str, ...] | None = None


class EnvironmentDetails(_Part, frozen=True, kw_only=True):
    """Verdicts page, "Environment details field"."""

    app_access_risk_verdict: AppAccessRisk = AppAccessRisk()
    play_protect_verdict: str | None = None


class TestingDetails(_Part, frozen=True, kw_only=True):
    """API reference, TestingDetails: set when the verdict was configured, not found."""

    __test__ = False
    is_testing_response: bool | None = None


class Payload(_Part, frozen=True, kw_only=True):
    """The whole verdict (API reference, TokenPayloadExternal)."""

    request_details: RequestDetails = RequestDetails()
    app_integrity: AppIntegrity = AppIntegrity()
    device_integrity: DeviceIntegrity = DeviceIntegrity()
    account_details: AccountDetails = AccountDetails()
    environment_details: EnvironmentDetails = EnvironmentDetails()
    testing_details: TestingDetails = TestingDetails()


_KNOWN_VALUES = {
    "appIntegrity.appRecognitionVerdict": frozenset(
        {"PLAY_RECOGNIZED", "UNRECOGNIZED_VERSION", "UNEVALUATED"}
    ),
    "deviceIntegrity.deviceRecognitionVerdict": frozenset(
        {
            "MEETS_DEVICE_INTEGRITY",
            "MEETS_BASIC_INTEGRITY",
            "MEETS_STRONG_INTEGRITY",
            "MEETS_VIRTUAL_INTEGRITY",
        }
    ),
    "deviceIntegrity.recentDeviceActivity.deviceActivityLevel": frozenset(
        {"LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "UNEVALUATED"}
    ),
    "accountDetails.appLicensingVerdict": frozenset({"LICENSED", "UNLICENSED", "UNEVALUATED"}),
    "environmentDetails.appAccessRiskVerdict.appsDetected": frozenset(
        {
            f"{origin}_{ability}"
            for origin in ("KNOWN", "UNKNOWN")
            for ability in ("INSTALLED", "CAPTURING", "CONTROLLING", "OVERLAYS")
        }
    ),
    "environmentDetails.playProtectVerdict": frozenset(
        {"NO_ISSUES", "NO_DATA", "POSSIBLE_RISK", "MEDIUM_RISK", "HIGH_RISK", "UNEVALUATED"}
    ),
}


def read_payload(data: bytes) -> tuple[Payload, dict[str, Any]]:
    """Read the JSON of a verdict.

    Args:
        data: UTF-8 JSON, as signed by Google or as its server returns it decoded
            (there wrapped in ``tokenPayloadExternal``).

    Returns:
        The listed fields, and what is not listed: path to value.

    Raises:
        MalformedEvidence: Not JSON, or ``play-integrity/payload`` for a listed field of another
            type or beyond a limit.
    """
    received = json.decode_object(data, max_bytes=MAX_PAYLOAD_BYTES)
    wrapped = received.get(_DECODED_BY_GOOGLE)
    if type(wrapped) is dict and len(received) == 1:
        received = wrapped
    try:
        payload = msgspec.convert(received, Payload)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedEvidence(rules.PAYLOAD, str(error)[:200]) from error
    unlisted: dict[str, Any] = {}
    _note_unlisted(received, _LISTED, "", unlisted)
    return payload, unlisted


def to_whole_number(value: int | str | None, name: str) -> int | None:
    """An int64 of proto3 JSON: a number, or its digits as text.

    Raises:
        MalformedEvidence: ``play-integrity/payload`` for other text, negative or huge numbers.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = (
            int(value) if len(value) <= MAX_DIGITS and value.isascii() and value.isdecimal() else -1
        )
    if not 0 <= value < 10**MAX_DIGITS:
        raise MalformedEvidence(rules.PAYLOAD, f"{name} is no whole number")
    return value


class _Listed(Struct, frozen=True):
    """What the documents say of one field: the fields below it, or its values, or neither."""

    below: dict[str, _Listed] | None
    values: frozenset[str] | None


def _note_unlisted(
    received: dict[str, Any], listed: dict[str, _Listed], prefix: str, found: dict[str, Any]
) -> None:
    """Collect fields and values that Google's documents did not list when this was written."""
    for name, value in received.items():
        entry = listed.get(name)
        if entry is None:
            found[prefix + name] = value
        elif entry.below is not None and type(value) is dict:
            _note_unlisted(value, entry.below, f"{prefix}{name}.", found)
        elif entry.values is not None and value is not None:
            new = [item for item in _as_list(value) if item not in entry.values]
            if new:
                found[prefix + name] = new


def _as_list(value: str | list[str]) -> list[str]:
    """Verdicts are one word or a list of words."""
    if type(value) is not list:
        return [cast("str", value)]
    if len(value) > MAX_LISTED:
        raise MalformedEvidence(rules.PAYLOAD, f"more than {MAX_LISTED} words")
    return value


def _listed_below(part: type[Struct], prefix: str = "") -> dict[str, _Listed]:
    """The table of a part and the parts below it, made once from their types."""
    table: dict[str, _Listed] = {}
    for known in msgspec.structs.fields(part):
        path = prefix + known.encode_name
        kinds = getattr(known.type, "__args__", (known.type,))
        parts = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)]
        table[known.encode_name] = _Listed(
            _listed_below(parts[0], f"{path}.") if parts else None, _KNOWN_VALUES.get(path)
        )
    return table


_LISTED = _listed_below(Payload)
