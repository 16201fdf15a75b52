"""From an attestation result to the facts that evidence establishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.attestation.appraisal.result import Basis, Submodule
from warifu.attestation.appraisal.vector import Tier, least_trusted
from warifu.base.errors import StaleTrust
from warifu.risk.decision.facts import (
    AppFacts,
    DeviceFacts,
    EvidenceFacts,
    Facts,
    KeyFacts,
    OperationFacts,
    ServiceFacts,
    ThreatFacts,
)

if TYPE_CHECKING:
    from warifu.attestation.appraisal.result import AttestationResult
    from warifu.attestation.claims import Claims
    from warifu.base.errors import VerifierFault

_OUTCOMES = {
    Basis.CLAIMS: "proved",
    Basis.BAD_EVIDENCE: "refused",
    Basis.VERIFIER_FAULT: "no-statement",
}

_TIERS = {tier.label: tier for tier in Tier}
_NO_CLAIM = Tier.NONE.label


def facts_from(
    result: AttestationResult | None,
    *,
    operation: OperationFacts,
    claims: Claims | None = None,
    fault: VerifierFault | None = None,
    vendor_down: bool | None = None,
    powers: tuple[str, ...] | None = None,
) -> Facts:
    """The facts of one request that evidence and appraisal establish; the bank adds its own.

    Where the verifier could not judge, tiers stay unknown: our fault is no statement about the
    device, and only an outage statement of the rule set can pass over it.

    Args:
        result: The appraisal, or None where no evidence was sent.
        operation: What is asked.
        claims: What the appraisal was made of, where evidence was proved.
        fault: Why the verifier could not judge, where it could not. Only stale trust is an outage:
            an unknown authority is what a forger would show, and stays refused.
        vendor_down: Whether a vendor's service that this very evidence needs did not answer.
        powers: Powers that advisories give an attacker on this device; None where not looked up.
    """
    if result is None:
        return Facts(
            operation=operation,
            evidence=EvidenceFacts(outcome="absent"),
            service=ServiceFacts(trust_stale=False, vendor_down=vendor_down),
        )
    proved = claims if result.basis is Basis.CLAIMS else None
    return Facts(
        operation=operation,
        evidence=EvidenceFacts(
            outcome=_OUTCOMES[result.basis],
            format=result.format,
            realm=result.realm,
            age_seconds=_age(result),
        ),
        device=_device(proved, _status(result, Submodule.DEVICE)),
        app=_app(proved, _status(result, Submodule.APP)),
        key=_key(proved, _status(result, Submodule.KEY)),
        service=ServiceFacts(trust_stale=_stale(result, fault), vendor_down=vendor_down),
        threat=ThreatFacts(powers=powers),
    )


def join_registration(request: Facts, registration: Facts) -> Facts:
    """The facts of a request that a registered key signed, with those of its registration.

    An assertion proves that the key was used, and by whose app; what device it is in, and how the
    key is kept there, was proved when the key was registered. Whoever is appraised worse counts.
    Where the assertion itself was not proved it says nothing about the registered device, and
    nothing is joined.

    Args:
        request: From `facts_from` for the assertion.
        registration: From `facts_from` for the registration, as it is appraised today.
    """
    if request.evidence.outcome != "proved":
        return request
    # An assertion makes no claim of its own about the device: only what stands against it counts.
    against = request.device.status if request.device.status != _NO_CLAIM else None
    device = registration.device
    return replace(
        request,
        device=replace(device, status=_worse(against, device.status) if against else device.status),
        app=AppFacts(
            status=_worse(request.app.status, registration.app.status),
            identifier=request.app.identifier or registration.app.identifier,
            environment=request.app.environment or registration.app.environment,
        ),
        key=KeyFacts(
            status=_worse(request.key.status, registration.key.status),
            security_level=registration.key.security_level,
            # What the holder did is said anew by every signature, or not known.
            user_authentication=request.key.user_authentication,
            confirmation_required=registration.key.confirmation_required,
        ),
        service=ServiceFacts(
            trust_stale=_either(request.service.trust_stale, registration.service.trust_stale),
            vendor_down=request.service.vendor_down,
        ),
    )


def _worse(one: str | None, other: str | None) -> str | None:
    """The tier that allows less; what is not known of one is not known of both."""
    if one is None or other is None:
        return None
    return least_trusted((_TIERS[one], _TIERS[other])).label


def _either(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - facts
    if one is None or other is None:
        return None
    return one or other


def _status(result: AttestationResult, name: Submodule) -> str | None:
    if result.basis is Basis.VERIFIER_FAULT or name not in result.submodules:
        return None
    return Tier(result.submodules[name].status).label


def _stale(result: AttestationResult, fault: VerifierFault | None) -> bool | None:
    if result.basis is not Basis.VERIFIER_FAULT:
        return False
    return None if fault is None else isinstance(fault, StaleTrust)


def _age(result: AttestationResult) -> int | None:
    if result.evidence_made_at is None:
        return None
    return int((result.issued_at - result.evidence_made_at).total_seconds())


def _device(claims: Claims | None, status: str | None) -> DeviceFacts:
    device = claims.device if claims else None
    boot = claims.boot if claims else None
    system = claims.operating_system if claims else None
    return DeviceFacts(
        status=status,
        platform=device.platform if device else None,
        model=device.model if device else None,
        boot_locked=boot.locked if boot else None,
        boot_state=boot.state if boot else None,
        patch_level=system.patch_level if system else None,
        os_version=system.version if system else None,
    )


def _app(claims: Claims | None, status: str | None) -> AppFacts:
    app = claims.app if claims else None
    return AppFacts(
        status=status,
        identifier=app.identifier if app else None,
        environment=app.environment if app else None,
    )


def _key(claims: Claims | None, status: str | None) -> KeyFacts:
    key = claims.key if claims else None
    return KeyFacts(
        status=status,
        security_level=key.security_level if key else None,
        user_authentication=key.user_authentication if key else None,
        confirmation_required=key.confirmation_required if key else None,
    )
