"""What one requirement is, and the kinds of evidence that it can be asked of.

What it does where it does not hold is the policy's choice (`Severity`); the tables have the strict
default. Values are those of draft-ietf-rats-ar4si §2.3 where it defines one for the entry, and
otherwise the lowest of their tier.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from warifu.attestation.appraisal.checks.case import Answer, Case
from warifu.attestation.appraisal.result import Severity, Submodule
from warifu.attestation.appraisal.vector import Entry
from warifu.base.rule import Text

ANDROID_KEY, PLAY_INTEGRITY, SAFETYNET = "android-key", "play-integrity", "safetynet"
APP_ATTEST, ASSERTION, RECEIPT = "app-attest", "app-attest-assertion", "app-attest-receipt"
REGISTRATION, AUTHENTICATION = "webauthn-registration", "webauthn-authentication"
KINDS = frozenset(
    {
        ANDROID_KEY,
        PLAY_INTEGRITY,
        SAFETYNET,
        APP_ATTEST,
        ASSERTION,
        RECEIPT,
        REGISTRATION,
        AUTHENTICATION,
    }
)
"""Kinds of evidence about a device, by the tag of `Claims.detail`."""

ATTESTED = frozenset({ANDROID_KEY, APP_ATTEST, REGISTRATION})
SIGNED_APP = frozenset({ANDROID_KEY, PLAY_INTEGRITY, SAFETYNET})


class Requirement(Struct, frozen=True, kw_only=True):
    """One thing that a policy may require."""

    id: str
    submodules: tuple[Submodule, ...]
    """What it bears on."""
    entry: Entry
    """The claim of the vector that it decides."""
    kinds: frozenset[str]
    """Kinds of evidence that it is asked of."""
    check: Callable[[Case], Answer | None]
    """None: the policy asks nothing here."""
    reason: Text
    stops: str
    facts: tuple[str, ...] = ()
    """Facts it looks at, by their path in the claims: what proves them must have been checked."""
    severity: Severity = Severity.REFUSE
    """The strict default."""
    affirms_as: int | None = 2
    """The claim where it holds; None where that says nothing good by itself."""
    warns_as: int = 32
    refuses_as: int = 96
