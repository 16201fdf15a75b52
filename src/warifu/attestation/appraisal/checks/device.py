"""Requirements on the device: how it started, how old its system is, what others say of it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from warifu.attestation.appraisal.checks.case import Answer, among, fails, holds, listed, unknown
from warifu.attestation.claims import BootState, Endorsement
from warifu.base.errors import StaleTrust

if TYPE_CHECKING:
    from warifu.attestation.appraisal.checks.case import Case
    from warifu.attestation.trust.metadata_entry import MetadataEntry

MAX_NUMBER_DIGITS = 9
PLATFORM_STATEMENTS = frozenset({"apple", "android-key", "android-safetynet"})
"""WebAuthn formats whose makers root them themselves; FIDO metadata may not list their models."""


def boot_locked(case: Case) -> Answer:
    """The bootloader refuses systems that nobody signed."""
    boot = case.claims.boot
    if boot is None or boot.locked is None:
        return _NO_BOOT
    return Answer(boot.locked, "locked" if boot.locked else "unlocked")


def boot_state(case: Case) -> Answer:
    """The system is the maker's, or one whose boot key the policy accepts."""
    boot, wanted = case.claims.boot, case.settings.device
    if boot is None or boot.state is None:
        return _NO_BOOT
    if boot.state in wanted.boot_states:
        return holds(boot.state)
    if boot.state is not BootState.SELF_SIGNED or boot.key is None:
        return fails(boot.state)
    if boot.key.hex() in wanted.boot_keys:
        return holds(f"{boot.state}, key accepted by the policy")
    if not wanted.boot_systems:
        return fails(f"{boot.state}, key not accepted")
    if case.trust.boot_keys is None:
        return unknown(f"{boot.state}, and no list of boot keys is believed")
    entry = case.trust.boot_keys.find(boot.key)
    if entry is None:
        return fails(f"{boot.state}, nobody's key known to us")
    return Answer(entry.os in wanted.boot_systems, f"{boot.state}, {entry.os}")


def patch_level(case: Case) -> Answer:
    """The system's security patches are recent enough."""
    wanted = case.settings.device
    level = _levels(case)[0]
    if level is None:
        return _NO_LEVEL
    if wanted.patch_floor is not None and _below(level, wanted.patch_floor):
        return fails(f"{level}, below {wanted.patch_floor}")
    # As of the evidence: whether that is itself too old is another requirement's question.
    age = (case.claims.at.date() - _first_day(level)).days
    return Answer(age <= wanted.patch_max_age_days, f"{level}, {age} days old")


def vendor_patch_level(case: Case) -> Answer | None:
    """The maker's firmware is patched far enough."""
    return _reaches(_levels(case)[1], case.settings.device.vendor_patch_floor)


def boot_patch_level(case: Case) -> Answer | None:
    """The boot image is patched far enough."""
    return _reaches(_levels(case)[2], case.settings.device.boot_patch_floor)


def patch_not_ahead(case: Case) -> Answer:
    """No patch level claims to be from the future."""
    stated = [level for level in _levels(case) if level is not None]
    if not stated:
        return _NO_LEVEL
    latest = max(stated, key=_first_day)
    ahead = (_first_day(latest) - case.claims.at.date()).days
    return Answer(ahead <= case.settings.device.patch_days_ahead, f"{latest}, {ahead} days ahead")


def os_version(case: Case) -> Answer | None:
    """The system is of a version that is accepted."""
    platform = case.claims.device.platform if case.claims.device else None
    floor = case.settings.device.os_floors.get(platform or "")
    if floor is None:
        return None
    system = case.claims.operating_system
    found = None if system is None else system.version
    numbers = None if found is None else _numbers(found)
    if numbers is None:
        return unknown("no version that can be compared")
    return Answer(numbers >= (_numbers(floor) or ()), f"{found}"[:40])


def anchored(case: Case) -> Answer:
    """Somebody we trust vouches that hardware of a known maker made the statement."""
    endorsement = case.claims.key.endorsement if case.claims.key else Endorsement.NONE
    if endorsement in _NOBODY:
        return unknown(f"endorsement: {endorsement}")
    return Answer(endorsement is Endorsement.ANCHORED, f"endorsement: {endorsement}")


def model_status(case: Case) -> Answer | None:
    """FIDO metadata has nothing against the authenticator's model."""
    wanted = case.settings.device
    if not wanted.refused_model_statuses and not wanted.required_model_statuses:
        return None
    metadata, entry = case.trust.metadata, _model_entry(case)
    if entry is None and case.detail.statement_format in PLATFORM_STATEMENTS:
        return None
    if metadata is None or entry is None:
        return unknown("no metadata of this model is believed")
    found = {report.status for report in entry.statuses_in_effect(case.now)}
    if found & wanted.refused_model_statuses:
        return fails(listed(found & wanted.refused_model_statuses))
    try:
        metadata.require_fresh(case.trust.known_at)
    except StaleTrust:
        return unknown("the metadata is too old to acquit")
    required = wanted.required_model_statuses
    return Answer(not required or bool(found & required), listed(found))


def play_labels(case: Case) -> Answer | None:
    """Google says that the device meets every label asked for."""
    wanted = case.settings.device.play_labels
    if not wanted:
        return None
    return Answer(wanted <= set(case.detail.device_labels), listed(case.detail.device_labels))


def play_protect(case: Case) -> Answer:
    """Google found no malware."""
    return among(case.detail.play_protect, case.settings.device.play_protect)


def app_access(case: Case) -> Answer | None:
    """No other app can watch or steer this one."""
    refused, found = case.settings.device.refused_app_access, case.detail.apps_detected
    if not refused:
        return None
    if found is None:
        return unknown("not evaluated")
    return Answer(refused.isdisjoint(found), listed(found))


def safetynet_profile(case: Case) -> Answer:
    """Google says that the device matches one that passed the compatibility tests."""
    matches = case.detail.cts_profile_match
    return Answer(
        matches, f"ctsProfileMatch {matches}, basicIntegrity {case.detail.basic_integrity}"
    )


def risk_metric(case: Case) -> Answer:
    """Apple does not count more keys on the device than one app makes."""
    limit, found = case.settings.device.max_risk_metric, case.detail.risk_metric
    if found is None:
        return unknown("not in this receipt")
    return Answer(found <= limit, f"{found} keys in 30 days")


def _model_entry(case: Case) -> MetadataEntry | None:
    device, metadata = case.claims.device, case.trust.metadata
    if device is None or device.aaguid is None or metadata is None:
        return None
    return metadata.find_aaguid(UUID(device.aaguid).bytes)


def _levels(case: Case) -> tuple[str | None, str | None, str | None]:
    system = case.claims.operating_system
    if system is None:
        return None, None, None
    return system.patch_level, system.vendor_patch_level, system.boot_patch_level


def _reaches(level: str | None, floor: str | None) -> Answer | None:
    if floor is None:
        return None
    return _NO_LEVEL if level is None else Answer(not _below(level, floor), level)


def _below(level: str, floor: str) -> bool:
    """ISO dates order as text; a level without a day is held to the floor's month."""
    precision = min(len(level), len(floor))
    return level[:precision] < floor[:precision]


@lru_cache(maxsize=1024)
def _first_day(level: str) -> date:
    """The earliest day a level can mean; a day beyond its month runs into the next."""
    year, month, *day = map(int, level.split("-"))
    return date(year, month, 1) + timedelta(days=day[0] - 1 if day else 0)


def _numbers(version: str) -> tuple[int, ...] | None:
    """``18.1.0`` as 18, 1; None where a part is no short number."""
    parts = version.split(".")
    if not all(
        part.isascii() and part.isdigit() and len(part) <= MAX_NUMBER_DIGITS for part in parts
    ):
        return None
    numbers = [int(part) for part in parts]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


_NO_BOOT = unknown("hardware says nothing of how the device started")
_NO_LEVEL = unknown("hardware states no patch level")
_NOBODY = (Endorsement.NONE, Endorsement.SELF)
