"""What WebAuthn responses prove beyond the common facts, and what they are held against."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from warifu.attestation.expectations import Expectations
from warifu.base.pki.cose import ALGORITHMS


class Ceremony(StrEnum):
    """The two ceremonies of WebAuthn."""

    REGISTRATION = "registration"
    AUTHENTICATION = "authentication"


class UserVerification(StrEnum):
    """What was asked for in the options (WebAuthn L3 §5.8.6)."""

    REQUIRED = "required"
    PREFERRED = "preferred"


class Mediation(StrEnum):
    """How a registration was started (WebAuthn L3 §5.1.3)."""

    REQUESTED = "requested"
    """By the user; presence must be seen."""
    CONDITIONAL = "conditional"
    """By the browser, after a sign-in with a password; the person need not be present."""


class Framing(StrEnum):
    """Whether the ceremony may run in a frame of another site."""

    REFUSE = "refuse"
    ALLOW = "allow"


class StoredCredential(Struct, frozen=True, kw_only=True):
    """What was stored at registration, and updated since: the credential record (§4)."""

    identifier: bytes
    public_key: bytes
    """COSE_Key."""
    counter: int = 0
    """The signature counter of the last accepted assertion."""
    backup_eligible: bool | None = None
    """None where it was not stored."""
    user_handle: bytes | None = None
    """None where it was not stored; an account named by the response is then left open."""


class WebAuthnExpectations(Expectations, frozen=True, kw_only=True):
    """What the relying party expected. `app` is the RP ID, `challenge` the bytes in the options."""

    ceremony: Ceremony | None = None
    """None takes either, except that with a `credential` only an authentication is taken."""
    origins: tuple[str, ...] | None = None
    """Exact origins, including ``android:apk-key-hash:...`` of apps. None takes any https origin
    (or http on localhost) whose host is the RP ID or a subdomain of it."""
    framing: Framing = Framing.REFUSE
    top_origins: tuple[str, ...] | None = None
    """Exact origins that may frame the ceremony; None leaves a gap where one does. A client that
    does not name the origin is taken, and ``webauthn/top-origin`` is then not among the proved."""
    user_verification: UserVerification = UserVerification.PREFERRED
    mediation: Mediation = Mediation.REQUESTED
    algorithms: tuple[int, ...] = tuple(ALGORITHMS)
    """COSE algorithms that were offered (`pubKeyCredParams`); by default all we can verify."""
    credential: StoredCredential | None = None
    """For an authentication. Without it the signature cannot be checked, and is left open."""
    app_id: str | None = None
    """AppID of a credential registered through U2F; counts where the client says so (§10.1.1)."""


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What FIDO metadata says of the authenticator model."""

    description: str | None
    key_protection: tuple[str, ...]
    statuses: tuple[str, ...]
    """In effect at the time judged for."""


class CeremonyFacts(Struct, frozen=True, kw_only=True):
    """What both ceremonies prove."""

    rp_id_hash: bytes
    origin: str
    cross_origin: bool | None
    """None where the client does not say."""
    top_origin: str | None
    user_present: bool
    user_verified: bool
    """As the authenticator reports it, like the flags beside it. In a registration that is proved
    only where `Claims.key.user_authentication` says so."""
    backup_eligible: bool
    backed_up: bool
    attachment: str | None
    """``platform`` or ``cross-platform`` as the client says; not signed."""
    authenticator_extensions: dict[Any, Any] | None
    """Signed outputs, known or not; None where there are none."""
    client_extensions: dict[str, Any]
    """Outputs of the client, known or not; not signed."""


class RegistrationFacts(CeremonyFacts, frozen=True, kw_only=True, tag="webauthn-registration"):
    """Facts of a registration."""

    statement_format: str
    attestation_type: str
    """``basic``, ``self``, ``attca``, ``anonca`` or ``none`` (WebAuthn L3 §6.5.4)."""
    aaguid: bytes
    """As the authenticator reports it; proved only where `Claims.device` repeats it."""
    credential_public_key: bytes
    """COSE_Key, to be stored with the credential."""
    algorithm: int
    """COSE algorithm of the credential key."""
    transports: tuple[str, ...]
    """As the client says; not signed."""
    model: ModelFacts | None
    """None where the model is unknown, or nobody we trust vouches for it."""
    statement: Struct | None
    """What only this statement format tells."""
    parts: tuple[str, ...]
    """Formats of the parts of a compound statement."""


class AuthenticationFacts(CeremonyFacts, frozen=True, kw_only=True, tag="webauthn-authentication"):
    """Facts of an authentication."""

    user_handle: bytes | None
