"""What a policy can ask, with the strict defaults, and which way each setting is milder.

A set that says what is accepted and is empty accepts nothing; ``None`` and ``{}`` of a limit ask
nothing. Names in TOML are these with hyphens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import fields

from warifu.attestation.appraisal.result import Relaxation
from warifu.attestation.claims import BootState, Realm, SecurityLevel
from warifu.attestation.evidence.facts.android_key import ProvisioningMethod
from warifu.attestation.trust.metadata_entry import COMPROMISED

MAX_ITEMS = 1000
MAX_TEXT = 256
MAX_DAYS = 36_500
MAX_SECONDS = 10 * 366 * 86_400
MAX_NUMBER = (1 << 53) - 1
PATCH_DAYS_AHEAD = 62
"""How far a patch level may lie ahead: honest builds carry the level of the month to come."""

Word = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Words = Annotated[frozenset[Word], Meta(max_length=MAX_ITEMS)]
Sha256Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Digests = Annotated[frozenset[Sha256Hex], Meta(max_length=MAX_ITEMS)]
Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Days = Annotated[int, Meta(ge=0, le=MAX_DAYS)]
Seconds = Annotated[int, Meta(ge=0, le=MAX_SECONDS)]
PatchLevel = Annotated[
    str, Meta(pattern=r"\A20[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?\Z")
]
Version = Annotated[str, Meta(pattern=r"\A[0-9]{1,9}(\.[0-9]{1,9}){0,3}\Z")]
OsVersions = Annotated[dict[Word, Version], Meta(max_length=8)]


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """One table of a policy file."""


class DeviceSettings(_Table, frozen=True, kw_only=True):
    """What the device must be."""

    boot_states: frozenset[BootState] = frozenset({BootState.VERIFIED})
    """Accepted whatever the boot key."""
    boot_systems: Words = frozenset()
    """Systems, such as ``GrapheneOS``, that are accepted self-signed by a key of the boot-key
    list that we believe."""
    boot_keys: Digests = frozenset()
    """Boot keys accepted self-signed, SHA-256 in hex."""
    patch_max_age_days: Days = 365
    """How old the system's patch level may be when the evidence is made."""
    patch_floor: PatchLevel | None = None
    vendor_patch_floor: PatchLevel | None = None
    boot_patch_floor: PatchLevel | None = None
    patch_days_ahead: Days = PATCH_DAYS_AHEAD
    """How far any patch level may lie in the future."""
    os_floors: OsVersions = {}
    """Lowest version by platform, ``android`` or ``apple``."""
    refused_model_statuses: Words = frozenset(COMPROMISED)
    """FIDO metadata statuses that a model must not have now."""
    required_model_statuses: Words = frozenset()
    """FIDO metadata statuses of which a model must have one."""
    play_labels: Words = frozenset({"MEETS_DEVICE_INTEGRITY"})
    """Google's labels that the device must all meet."""
    play_protect: Words = frozenset({"NO_ISSUES"})
    """Google's verdicts on malware that will do."""
    refused_app_access: Words = frozenset({"UNKNOWN_CAPTURING", "UNKNOWN_CONTROLLING"})
    """What no other app may be able to do."""
    max_risk_metric: Number = 16
    """How many keys Apple may count for the device and app in 30 days."""


class AppSettings(_Table, frozen=True, kw_only=True):
    """Which app it must be."""

    identifiers: Words = frozenset()
    """Package names, ``<team>.<bundle>``, RP IDs."""
    signers: Digests = frozenset()
    """SHA-256 in hex of the certificates that may sign the app on Android."""
    minimum_version: Number | None = None
    """Lowest version code on Android."""
    environments: Words = frozenset({"production"})
    recognition: Words = frozenset({"PLAY_RECOGNIZED"})
    """Google's verdicts on the app that will do."""
    licensing: Words = frozenset({"LICENSED"})
    """Google's verdicts on the licence that will do."""


class KeySettings(_Table, frozen=True, kw_only=True):
    """Which key it must be."""

    security_level: SecurityLevel = SecurityLevel.TRUSTED_ENVIRONMENT
    """The weakest place that will do."""
    attested_by: SecurityLevel = SecurityLevel.TRUSTED_ENVIRONMENT
    """The weakest environment whose word will do."""
    user_authentication: Words = frozenset()
    """What the holder may have to do before the key signs; empty asks nothing."""
    confirmation: bool = False
    """Whether the key must sign only what a trusted display showed."""
    provisioning: frozenset[ProvisioningMethod] = frozenset(
        {ProvisioningMethod.FACTORY, ProvisioningMethod.REMOTE}
    )
    max_certificates_issued: Number | None = None
    """How many certificates the provisioning server may have issued to the device of late."""


class EvidenceSettings(_Table, frozen=True, kw_only=True):
    """What evidence is taken at all."""

    realms: frozenset[Realm] = frozenset({Realm.PRODUCTION})
    max_age_seconds: Seconds = 600
    """How long after the evidence was made it may be appraised."""
    max_skew_seconds: Seconds = 60
    """How far in the future it may seem to have been made."""
    tolerated_gaps: Words = frozenset()
    """Codes of rules that may be left unchecked."""
    refused_leniencies: Words = frozenset()
    """Names of leniencies that are not granted; ``*`` grants none."""


class Settings(_Table, frozen=True, kw_only=True):
    """All that a policy asks."""

    device: DeviceSettings = DeviceSettings()
    app: AppSettings = AppSettings()
    key: KeySettings = KeySettings()
    evidence: EvidenceSettings = EvidenceSettings()


def relaxed_settings(settings: Settings) -> tuple[Relaxation, ...]:
    """Every setting that asks for less than the strict defaults, in the order of the tables."""
    return _compared(settings, _STRICT, _MILDER)


def milder_settings(settings: Settings, than: Settings) -> tuple[Relaxation, ...]:
    """Every setting that lets through what another would not: its value there, and the new one.

    Unlike `relaxed_settings` this counts what has no strict default, such as one more signer.
    """
    return _compared(settings, than, _MILDER_THAN_BEFORE)


def level_number(level: SecurityLevel) -> int:
    """Weakest first."""
    return _LEVELS[level]


def _compared(
    settings: Settings, than: Settings, table: dict[str, Callable[[Any, Any], bool]]
) -> tuple[Relaxation, ...]:
    found = []
    for group in fields(Settings):
        chosen_group, default_group = getattr(settings, group.name), getattr(than, group.name)
        for entry in fields(type(chosen_group)):
            milder = table.get(entry.name)
            chosen, default = (getattr(each, entry.name) for each in (chosen_group, default_group))
            if milder is not None and milder(chosen, default):
                found.append(
                    Relaxation(
                        setting=f"{group.encode_name}.{entry.encode_name}",
                        default=_shown(default),
                        chosen=_shown(chosen),
                    )
                )
    return tuple(found)


def _accepts_more(chosen: Any, default: Any) -> bool:  # noqa: ANN401 - sets of words or enums
    return bool(chosen - default)


def _demands_less(chosen: Any, default: Any) -> bool:  # noqa: ANN401 - as above
    return bool(default - chosen)


def _allows_more(chosen: int, default: int) -> bool:
    return chosen > default


def _weaker(chosen: SecurityLevel, default: SecurityLevel) -> bool:
    return level_number(chosen) < level_number(default)


def _lower_floor(chosen: Any, default: Any) -> bool:  # noqa: ANN401 - a number or a date as text
    return default is not None and (chosen is None or chosen < default)


def _higher_ceiling(chosen: int | None, default: int | None) -> bool:
    return default is not None and (chosen is None or chosen > default)


def _more_will_do(chosen: frozenset[str], default: frozenset[str]) -> bool:
    """For settings where one of a set will do, and the empty set asks nothing."""
    return bool(default) and (not chosen or bool(chosen - default))


def _lower_versions(chosen: dict[str, str], default: dict[str, str]) -> bool:
    return any(
        platform not in chosen or _version(chosen[platform]) < _version(floor)
        for platform, floor in default.items()
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _grants_more(chosen: frozenset[str], default: frozenset[str]) -> bool:
    """For names that are refused, all of them by ``*``."""
    return "*" not in chosen and bool(default - chosen)


def _no_longer(chosen: bool, default: bool) -> bool:  # noqa: FBT001 - two settings
    return default and not chosen


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in sorted(value.items())) or "(any)"
    if isinstance(value, frozenset):
        return ", ".join(sorted(str(each) for each in value)) or "(none)"
    return "(any)" if value is None else str(value)


_LEVELS = {level: number for number, level in enumerate(SecurityLevel)}
_STRICT = Settings()
_MILDER: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(
        (
            "boot_states",
            "boot_systems",
            "boot_keys",
            "play_protect",
            "environments",
            "recognition",
            "licensing",
            "provisioning",
            "realms",
            "tolerated_gaps",
        ),
        _accepts_more,
    ),
    **dict.fromkeys(("refused_model_statuses", "play_labels", "refused_app_access"), _demands_less),
    **dict.fromkeys(
        (
            "patch_max_age_days",
            "patch_days_ahead",
            "max_risk_metric",
            "max_age_seconds",
            "max_skew_seconds",
        ),
        _allows_more,
    ),
    **dict.fromkeys(("security_level", "attested_by"), _weaker),
}
"""By setting: whether a choice is milder than the default. Names of an app are no leniency, and
settings that ask nothing by default cannot become milder."""

_MILDER_THAN_BEFORE: dict[str, Callable[[Any, Any], bool]] = {
    **_MILDER,
    **dict.fromkeys(("identifiers", "signers"), _accepts_more),
    **dict.fromkeys(
        ("minimum_version", "patch_floor", "vendor_patch_floor", "boot_patch_floor"), _lower_floor
    ),
    **dict.fromkeys(("required_model_statuses", "user_authentication"), _more_will_do),
    "os_floors": _lower_versions,
    "max_certificates_issued": _higher_ceiling,
    "refused_leniencies": _grants_more,
    "confirmation": _no_longer,
}
"""By setting, all of them: whether a choice lets through what another would not."""
