"""From what is proved of a device and its binding to a row of the model: a form with its defences.

Two tables say it all: which defences are there because this product provides them, on what
condition and where in the code; and which only the bank can state, in a file of measures. No
defence is in both, so that nobody states by hand what a device has to prove.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from warifu.attestation.claims import SecurityLevel
from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.rule import Rule, Text
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, R_TS_SE, RS_T_TA, Form, Judge
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power

MAX_BYTES = 1 << 14
MAX_ASSUMED = 32
MAX_REMEMBERED = 1024

Name = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,63}\Z")]

_CLAUSE = "docs/decisions/0022-assurance.md"

MEASURES_FORM = Rule(
    code="threat/measures-form",
    clause=_CLAUSE,
    requires=Text(
        ja="対策のファイルは、定められた項目だけを持つ正しいTOMLでなければなりません。",
        en="A file of measures is TOML with exactly the keys that are defined, within limits.",
    ),
    stops="a misspelt defence that nobody has",
)
STATABLE = Rule(
    code="threat/measures-statable",
    clause=_CLAUSE,
    requires=Text(
        ja="端末の証拠または本製品によって確認される防御策を、対策として申告することはできません。",
        en="What a device proves, or this product provides, is not stated as a measure.",
    ),
    stops="a bank that states trusted hardware for all phones",
)
RULES = (MEASURES_FORM, STATABLE)


class Given(StrEnum):
    """On what condition this product provides a defence."""

    ALWAYS = "always"
    ATTESTED = "attested"
    """Evidence was proved, and does not show an altered system."""
    BOOT_VERIFIED = "boot-verified"
    """Evidence shows a locked bootloader and a verified system."""
    HARDWARE_KEY = "hardware-key"
    """The device key is kept in a TEE or SE."""
    BOUND = "bound"
    """The device key is bound to the user."""
    CONFIRMED = "confirmed"
    """The user signed an OK to exactly this transaction."""
    TRUSTED_DISPLAY = "trusted-display"
    """What was signed was shown by a trusted environment, or the key signs nothing else."""


class Provided(Struct, frozen=True, kw_only=True):
    """A defence that this product provides."""

    defence: Defence
    given: Given
    by: str
    """The module that does it."""


PROVIDED: tuple[Provided, ...] = tuple(
    Provided(defence=defence, given=given, by=f"warifu.{by}")
    for defence, given, by in (
        (Defence.NONCE_BOUND, Given.ALWAYS, "service.conduct.challenges.challenge"),
        (Defence.TOKEN_RESTRICTED, Given.ALWAYS, "service.conduct.verifying.calls"),
        (Defence.ATTESTATION_REQUIRED, Given.ATTESTED, "attestation.verifier"),
        (Defence.FACTORY_KEYS_REVOKED, Given.ATTESTED, "attestation.trust"),
        (Defence.SECURE_BOOT, Given.BOOT_VERIFIED, "attestation.appraisal"),
        (Defence.POLICY_3, Given.HARDWARE_KEY, "attestation.appraisal"),
        (Defence.POLICY_2, Given.BOUND, "authentication.binding"),
        (Defence.ACTIVATION_COMPARED, Given.BOUND, "authentication.binding.activation"),
        (Defence.DEVICE_LIMIT, Given.BOUND, "authentication.binding.devices"),
        (Defence.COOLING_OFF, Given.BOUND, "authentication.transaction.limits"),
        (Defence.TEXT_BOUND, Given.CONFIRMED, "authentication.transaction.rendering"),
        (Defence.ANSWER_BOUND, Given.CONFIRMED, "authentication.transaction.answer"),
        (Defence.USER_SIGNED_RECEIPT, Given.CONFIRMED, "authentication.receipt"),
        (Defence.TRANSPARENT_LOG, Given.CONFIRMED, "authentication.ledger"),
        (Defence.TRUSTED_UI, Given.TRUSTED_DISPLAY, "authentication.transaction.confirmation"),
    )
)
"""What is built in here, and when."""

STATED = frozenset(Defence) - {each.defence for each in PROVIDED}
"""What only the bank knows."""

FORMS_BY_KEY: dict[SecurityLevel, Form] = {
    # No row of the paper keeps the key in the app. This one lacks policy 3 then, and still falls
    # with the TEE, which on phones owns the ordinary OS.
    SecurityLevel.SOFTWARE: RS_T_TA,
    SecurityLevel.TRUSTED_ENVIRONMENT: RS_T_TA,
    # StrongBox and the Secure Enclave are reached from the TEE side of the chip.
    SecurityLevel.SECURE_ELEMENT: R_TS_SE,
}
"""Where the device key is kept, and which form that is."""


class Measures(Struct, frozen=True, kw_only=True):
    """What a bank states: its own defences, and the attackers it assumes on every phone."""

    defences: frozenset[Defence] = frozenset()
    assumed: frozenset[str] = frozenset()
    """Names of `MALWARE`."""
    digest: str | None = None
    """SHA-256 of the file's bytes, in hex; None where nothing was ever stated."""

    @property
    def powers(self) -> frozenset[Power]:
        """What is assumed of every attacker."""
        return frozenset(power for name in self.assumed for power in MALWARE[name].powers)


class Circumstances(Struct, frozen=True, kw_only=True):
    """What is known of a device in use; False is *not shown*."""

    security_level: str
    """Where its key is kept."""
    server_judges: bool
    """A PIN was sent to the server to be judged; else the phone verified its user."""
    attested: bool
    boot_verified: bool
    bound: bool
    confirmed: bool
    trusted_display: bool


class Deployment(Struct, frozen=True, kw_only=True):
    """A form with what is built in; texts, so that decisions can keep and compare it."""

    form: str
    """Name of a row of `FORMS`."""
    judge: Judge
    defences: frozenset[Defence]

    def row(self) -> Form:
        """The row, with its judge."""
        return FORMS[self.form].judged_by(self.judge)


class _Threat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    defences: frozenset[Defence] = frozenset()
    assumed: Annotated[frozenset[Name], Meta(max_length=MAX_ASSUMED)] = frozenset()


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    threat: _Threat


def load_measures(data: bytes) -> Measures:
    """Read and check a bank's measures.

    Args:
        data: TOML in UTF-8: a table ``threat`` with the arrays ``defences`` (names of `STATED`)
            and ``assumed`` (names of `MALWARE`), each of which may be left out.

    Raises:
        Misuse: ``threat/measures-form``, ``threat/measures-statable``.
    """
    try:
        read = msgspec.convert(toml.decode(data, max_bytes=MAX_BYTES), _File).threat
    except MalformedEvidence as error:
        raise Misuse(MEASURES_FORM, error.detail) from error
    except msgspec.ValidationError as error:
        raise Misuse(MEASURES_FORM, f"{error}"[:500]) from error
    if unknown := read.assumed - MALWARE.keys():
        raise Misuse(MEASURES_FORM, f"no such attacker: {', '.join(sorted(unknown))}")
    if proved := read.defences - STATED:
        raise Misuse(STATABLE, ", ".join(sorted(proved)))
    return Measures(
        defences=read.defences, assumed=read.assumed, digest=hashlib.sha256(data).hexdigest()
    )


def only_tightens(before: Measures, after: Measures) -> bool:
    """Whether nothing is assured afterwards that was not before: fewer defences, more attackers."""
    return after.defences <= before.defences and before.powers <= after.powers


@lru_cache(maxsize=MAX_REMEMBERED)
def deployment_of(known: Circumstances, measures: Measures) -> Deployment:
    """The row of the model that a device is; remembered.

    Args:
        known: What is known of it.
        measures: What the bank states.
    """
    level = SecurityLevel(known.security_level)
    met = {
        Given.ALWAYS: True,
        Given.ATTESTED: known.attested,
        Given.BOOT_VERIFIED: known.attested and known.boot_verified,
        Given.HARDWARE_KEY: level is not SecurityLevel.SOFTWARE,
        Given.BOUND: known.bound,
        Given.CONFIRMED: known.confirmed,
        Given.TRUSTED_DISPLAY: known.trusted_display and level is not SecurityLevel.SOFTWARE,
    }
    return Deployment(
        form=FORMS_BY_KEY[level].name,
        judge=Judge.SERVER if known.server_judges else Judge.TERMINAL,
        defences=measures.defences | {each.defence for each in PROVIDED if met[each.given]},
    )
