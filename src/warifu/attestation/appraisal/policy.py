"""Reading a policy: one small TOML file per app registration, over a shipped profile.

::

    id = "jp.example.bank/transfer"
    profile = "transfer"

    [app]
    identifiers = ["jp.example.bank"]
    signers = ["<SHA-256 in hex>"]

    [device]
    boot-systems = ["GrapheneOS"]

    [severity]
    "device.os-version" = "warn"

A profile is a file of the same form without a profile of its own. What the registration states
replaces what the profile states, setting by setting. Everything else has the strict defaults.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.requirement import Requirement
from warifu.attestation.appraisal.requirements import REQUIREMENTS
from warifu.attestation.appraisal.result import Relaxation, Severity
from warifu.attestation.appraisal.settings import (
    AppSettings,
    DeviceSettings,
    EvidenceSettings,
    KeySettings,
    Settings,
    milder_settings,
    relaxed_settings,
)
from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 64 << 10

Identifier = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}\Z")]


class PolicyFile(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The file as written."""

    id: Identifier
    profile: Identifier | None = None
    device: DeviceSettings = DeviceSettings()
    app: AppSettings = AppSettings()
    key: KeySettings = KeySettings()
    evidence: EvidenceSettings = EvidenceSettings()
    severity: dict[str, Severity] = {}


class AppraisalPolicy(Struct, frozen=True, kw_only=True):
    """A policy ready for use; made by `load_policy` only."""

    id: str
    digest: str
    """SHA-256 in hex over the effective settings and severities as canonical JSON."""
    settings: Settings
    severities: dict[str, Severity]
    """Of every requirement, by id."""
    relaxations: tuple[Relaxation, ...]
    plan: dict[str, tuple[tuple[Requirement, Severity], ...]]
    """What is asked of each kind of evidence."""


def load_policy(
    data: bytes,
    *,
    profiles: Mapping[str, bytes],
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> AppraisalPolicy:
    """Read a policy file.

    Args:
        data: TOML in UTF-8.
        profiles: The files of the profiles that it may start from, by name.
        given: Settings that hold where neither file nor profile states them, by table and name as
            in TOML: what an app's registration says already.

    Raises:
        Misuse: ``policy/well-formed``, ``policy/known-keys``, ``policy/known-requirements``,
            ``policy/known-profile``.
    """
    document = _parse(data)
    name = document.get("profile")
    if name is not None:
        document = _over(_profile(name, profiles), document)
    return _ready(_typed(_over(given or {}, document)))


def milder(policy: AppraisalPolicy, *, than: AppraisalPolicy) -> tuple[Relaxation, ...]:
    """Where a policy lets through what another does not; `default` is what that one asks.

    Args:
        policy: What may come into force.
        than: What is in force.
    """
    return (
        *_relaxed(policy.severities, than.severities),
        *milder_settings(policy.settings, than.settings),
    )


def _profile(name: object, profiles: Mapping[str, bytes]) -> dict[str, Any]:
    data = profiles.get(name) if isinstance(name, str) else None
    if data is None:
        raise Misuse(rules.POLICY_KNOWN_PROFILE, repr(name)[:100])
    profile = _parse(data)
    if "profile" in profile:
        raise Misuse(rules.POLICY_KNOWN_PROFILE, "a profile starts from no other")
    return profile


def _over(profile: Mapping[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    merged = {**profile, **document}
    for name, table in profile.items():
        own = document.get(name)
        if isinstance(table, dict) and isinstance(own, dict):
            merged[name] = {**table, **own}
    return merged


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = toml.decode(data, max_bytes=MAX_BYTES)
    except MalformedEvidence as error:
        raise Misuse(rules.POLICY_WELL_FORMED, error.detail) from error
    _require_known(document, PolicyFile, "")
    return document


def _require_known(document: dict[str, Any], kind: type[Struct], place: str) -> None:
    known = {entry.encode_name: entry for entry in fields(kind)}
    unknown = sorted(document.keys() - known.keys())
    if unknown:
        raise Misuse(rules.POLICY_KNOWN_KEYS, f"{place}{unknown[0]}"[:200])
    for name, value in document.items():
        inner = known[name].type
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            _require_known(value, inner, f"{place}{name}.")


def _typed(document: dict[str, Any]) -> PolicyFile:
    try:
        file = msgspec.convert(document, PolicyFile)
    except msgspec.ValidationError as error:
        raise Misuse(rules.POLICY_WELL_FORMED, str(error)[:200]) from error
    unknown = sorted(file.severity.keys() - REQUIREMENTS.keys())
    if unknown:
        raise Misuse(rules.POLICY_KNOWN_REQUIREMENTS, unknown[0][:100])
    return file


def _ready(file: PolicyFile) -> AppraisalPolicy:
    settings = Settings(device=file.device, app=file.app, key=file.key, evidence=file.evidence)
    severities = {
        requirement.id: file.severity.get(requirement.id, requirement.severity)
        for requirement in REQUIREMENTS.values()
    }
    kinds = {kind for requirement in REQUIREMENTS.values() for kind in requirement.kinds}
    return AppraisalPolicy(
        id=file.id,
        digest=_digest(file.id, settings, severities),
        settings=settings,
        severities=severities,
        relaxations=(*_relaxed(severities, _STRICT), *relaxed_settings(settings)),
        plan={
            kind: tuple(
                (requirement, severities[requirement.id])
                for requirement in REQUIREMENTS.values()
                if kind in requirement.kinds
            )
            for kind in sorted(kinds)
        },
    )


def _digest(name: str, settings: Settings, severities: dict[str, Severity]) -> str:
    effective = {"id": name, "settings": settings, "severities": severities}
    return sha256(msgspec.json.encode(effective, order="deterministic")).hexdigest()


def _relaxed(severities: dict[str, Severity], than: Mapping[str, Severity]) -> list[Relaxation]:
    order = list(Severity)
    return [
        Relaxation(setting=name, default=than[name], chosen=chosen)
        for name, chosen in severities.items()
        if order.index(chosen) < order.index(than[name])
    ]


_STRICT = {requirement.id: requirement.severity for requirement in REQUIREMENTS.values()}
