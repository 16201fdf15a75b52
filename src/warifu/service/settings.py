"""The service's settings: a TOML file, typed, unknown keys refused; safe without any file."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from warifu.attestation.claims import Endorsement
from warifu.authentication.ledger.note import read_verifier_key
from warifu.authentication.ledger.witness import WitnessPolicy, sound
from warifu.authentication.transaction.template import Templates, complete
from warifu.authentication.user.verified import Assurance
from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse, WarifuError
from warifu.base.rule import Rule, Text

MAX_BYTES = 64 << 10

SETTINGS = Rule(
    code="usage/settings",
    clause="docs/operators.md",
    requires=Text(
        ja="設定ファイルは、定められた項目だけを含む正しいTOMLでなければなりません。",
        en="The settings file is valid TOML with known settings only.",
    ),
    stops="a misspelt limit that silently does not apply",
)

Days = Annotated[int, Meta(ge=0, le=36_500)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Money = Annotated[int, Meta(ge=0, le=10**15)]
Waiting = Annotated[int, Meta(ge=0, le=366 * 86_400)]
VerifierName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,99}\Z")]


class Keeping(StrEnum):
    """How identifiers of devices are kept beside evidence."""

    CLEAR = "clear"
    ENCRYPT = "encrypt"
    """Sealed under the device's key, and found by a blind index."""
    DROP = "drop"
    """Not at all; the evidence they stand in is then not kept either."""


class ChallengeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[challenges]``."""

    seconds: Annotated[int, Meta(ge=10, le=3600)] = 300
    """How long a challenge may be answered."""


class BindingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[binding]``."""

    activation_seconds: Annotated[int, Meta(ge=60, le=31 * 86_400)] = 600
    """How long a device may be activated with a code."""
    tries: Annotated[int, Meta(ge=1, le=10)] = 5
    """Of one activation: proofs and comparisons of digits together."""
    devices_per_user: Annotated[int, Meta(ge=1, le=100)] = 5
    """Active and suspended ones."""
    primary_after_seconds: Annotated[int, Meta(ge=0, le=366 * 86_400)] = 86_400
    """How long a device is bound before it may be made the primary one."""
    session_keys: Annotated[int, Meta(ge=1, le=10)] = 2
    """Endorsed session keys of one binding; the next one replaces the oldest."""
    session_key_seconds: Annotated[int, Meta(ge=300, le=7 * 86_400)] = 43_200
    """How long an endorsed session key lives."""
    trusted_ui_days: Annotated[int, Meta(ge=1, le=3653)] = 366
    """How long a key behind a trusted display is endorsed; it ends with its warrant, too."""


class ConfirmationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[confirmation]``. Amounts are in minor units of `currency`."""

    templates: Templates = {}
    """``[confirmation.templates.KIND]``; what is shipped holds for kinds that are not here."""
    claim_link: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9+.-]*://[!-~]{1,200}\Z")] = (
        "warifu://claim"
    )
    """What a link to claim a transaction begins with; the app is registered for it."""
    claim_tries: Annotated[int, Meta(ge=1, le=10)] = 5
    """Wrong proximity codes before a transaction fails."""
    high_value_above: Money = 100_000
    """Transfers of more are decided as ``high-value-transfer``, and all in other currencies."""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")] = "JPY"
    """There are limits in this one; transfers in others are refused."""
    per_operation: Money = 5_000_000
    per_day: Money = 5_000_000
    """By one person, to anybody."""
    per_payee: Money = 5_000_000
    """By one person, to one account, in a day."""
    new_per_operation: Money = 500_000
    """While the device or the payee is new; so the two that follow."""
    new_per_day: Money = 500_000
    new_per_payee: Money = 500_000
    new_device_seconds: Waiting = 86_400
    """How long a bound device is new."""
    new_payee_seconds: Waiting = 86_400
    """How long a payee is new."""
    hand_off_again_seconds: Seconds = 300
    """After how long what was taken and not acknowledged is due again."""

    def __post_init__(self) -> None:
        """Refuse templates that contradict themselves.

        Raises:
            ValueError: One does.
        """
        try:
            complete(self.templates)
        except MalformedEvidence as error:
            raise ValueError(error.detail) from error


class VerificationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[verification]``: what is accepted where a terminal judged its user."""

    assurances: tuple[Assurance, ...] = tuple(Assurance)
    """Whose word counts."""
    endorsements: tuple[Endorsement, ...] = (Endorsement.ANCHORED,)
    """Who has to have vouched for the key at enrolment."""
    read_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 900
    """How long a verification counts for looking; 0 asks every time."""
    move_seconds: Annotated[int, Meta(ge=0, le=3600)] = 300
    """For moving money."""
    change_seconds: Annotated[int, Meta(ge=0, le=3600)] = 120
    """For changing who may do what."""
    session_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 900
    """How long ordered calls may follow the beginning of a session."""
    token_seconds: Annotated[int, Meta(ge=10, le=3600)] = 600
    """How long an access token reads."""


class PinSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[pins]``: PINs that the service judges."""

    pepper_file: str | None = None
    """Where the peppers are; without it no PIN is set or verified."""
    at_once: Annotated[int, Meta(ge=1, le=64)] = 2
    """How many are computed side by side in a process: 19 MiB and some 30 ms of a core each."""
    waiting: Annotated[int, Meta(ge=0, le=64)] = 2
    """How many more may wait for their turn; each occupies a worker."""
    wait_seconds: Annotated[int, Meta(ge=1, le=30)] = 2
    key_hours: Annotated[int, Meta(ge=1, le=24)] = 8
    """How long an encryption key lives."""
    first_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 900
    """How long after a device was bound, or the bank released its user, a first PIN is set without
    another verification."""


class LedgerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[ledger]``."""

    witnesses: tuple[str, ...] = ()
    """Verifier keys (C2SP signed-note) of those whose cosignatures are taken."""
    witnesses_needed: Annotated[int, Meta(ge=0, le=16)] = 0
    """How many must have cosigned the checkpoint of a receipt; until then it is pending."""

    def __post_init__(self) -> None:
        """Refuse what are no keys of witnesses, and more witnesses than there are.

        Raises:
            ValueError: Such an entry.
        """
        try:
            sound(self.policy)
        except WarifuError as error:
            raise ValueError(f"witnesses: {error.detail}") from error

    @property
    def policy(self) -> WitnessPolicy:
        """Whose cosignatures are taken.

        Raises:
            MalformedEvidence: ``ledger/verifier-key``.
        """
        keys = tuple(read_verifier_key(each) for each in self.witnesses)
        return WitnessPolicy(witnesses=keys, threshold=self.witnesses_needed)


class AppraisalSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[appraisals]``."""

    usable_seconds: Seconds = 600
    """How long an appraisal may be used for a decision made apart from it."""
    standing_seconds: Seconds = 86_400
    """After how long a device's registration is judged again, even where trust did not change."""


class RetentionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[retention]``: days after which a kind of record is deleted; 0 keeps none of it."""

    evidence_days: Days = 366
    """Evidence as received. Without it, it cannot be judged again."""
    serials_days: Days = 3653
    decisions_days: Days = 3653
    """Decisions, with their appraisals and the facts they rest on."""
    transactions_days: Days = 3653
    """Transactions with their answers, receipts and closed cases."""
    audit_days: Days = 3653
    challenges_days: Days = 7
    activations_days: Days = 30
    """After their time is over; endorsed keys too."""
    idempotency_days: Annotated[int, Meta(ge=1, le=365)] = 2
    identifiers: Keeping = Keeping.ENCRYPT
    """Serial numbers, IMEI, MEID and certificate serials."""


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[limits]``."""

    body_bytes: Annotated[int, Meta(ge=1024, le=16 << 20)] = 1 << 20
    requests_per_minute: Count = 6000
    """For each caller."""
    failed_logins_per_minute: Count = 20
    """For each address that calls without a valid credential."""
    storage: str = "memory://"
    """Where counts are kept: ``memory://`` counts in each process, ``redis://...`` in all."""


class ProxySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[proxy]``: who terminates TLS in front of us."""

    trusted: tuple[str, ...] = ()
    """Addresses or networks from which ``Client-Cert`` (RFC 9440) and forwarding headers count."""

    def __post_init__(self) -> None:
        """Refuse what is no address or network.

        Raises:
            ValueError: Such an entry.
        """
        for each in self.trusted:
            ip_network(each)


class LogLevel(StrEnum):
    """How much is logged, most first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class TelemetrySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[telemetry]``."""

    log_level: LogLevel = LogLevel.INFO
    """The least that is logged."""
    metrics: bool = True
    """Whether ``/metrics`` answers. It asks for no credential: keep it inside, at the proxy."""
    traces: str | None = None
    """OTLP endpoint (HTTP); None sends none."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    verifier: VerifierName = "warifu"
    """Our name, which apps pin: it is in activation codes and in all that devices sign or encrypt.
    Each tenant is ``<verifier>/<tenant>``."""
    challenges: ChallengeSettings = field(default_factory=ChallengeSettings)
    binding: BindingSettings = field(default_factory=BindingSettings)
    confirmation: ConfirmationSettings = field(default_factory=ConfirmationSettings)
    verification: VerificationSettings = field(default_factory=VerificationSettings)
    pins: PinSettings = field(default_factory=PinSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    appraisals: AppraisalSettings = field(default_factory=AppraisalSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)


def read_settings(data: bytes) -> Settings:
    """Settings from TOML in UTF-8.

    Raises:
        Misuse: ``usage/settings``.
    """
    try:
        return msgspec.convert(toml.decode(data, max_bytes=MAX_BYTES), Settings)
    except MalformedEvidence as error:
        raise Misuse(SETTINGS, error.detail) from error
    except msgspec.ValidationError as error:
        raise Misuse(SETTINGS, str(error)[:200]) from error
