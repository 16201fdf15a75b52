"""HTTP message signatures (RFC 9421): what a request's signature says, and whether it holds."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from msgspec import Struct

from warifu.base.errors import BadEvidence, Denied
from warifu.base.pki.signature import (
    ECDSA_SHA256,
    ED25519,
    RSA_PSS_SHA512,
    PublicKey,
    Scheme,
    check_rsa_size,
    check_signature,
    ecdsa_from_halves,
    load_public_key,
)
from warifu.service.callers import rules
from warifu.service.callers.fields import read_dictionary, write_inner_list
from warifu.service.callers.names import split_name
from warifu.service.store.database import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.callers.request import Origin, RequestView

TAG = "warifu"
MAX_AGE_SECONDS = 60
"""How far the signer's clock and its request may be from now, either way."""
NONCE_MARGIN = timedelta(hours=1)
"""How much longer nonces are kept, should our own clock be set back."""
MAX_SIGNATURES = 4
MAX_COMPONENTS = 32
NONCE_CHARACTERS = range(16, 129)
MIN_RSA_BITS = 2048
_P256_OCTETS = 32

INPUT_FIELD = "signature-input"
SIGNATURE_FIELD = "signature"
DIGEST_FIELD = "content-digest"
_PARAMETERS: dict[str, type] = {
    "created": int,
    "expires": int,
    "nonce": str,
    "alg": str,
    "keyid": str,
    "tag": str,
}
_REQUIRED = ("created", "nonce", "keyid")
_TARGET = frozenset({"@target-uri"})
_PATH_AND_QUERY = frozenset({"@path", "@query"})
_MEANINGFUL = ("idempotency-key", "if-match", DIGEST_FIELD)
"""Fields that change what a request does: covered wherever they are sent."""


class ClaimedSignature(Struct, frozen=True, kw_only=True):
    """What a signature says, in the right form and time, but not verified."""

    tenant: str
    caller: str
    nonce: str
    until: datetime
    """How long the nonce must be remembered."""
    algorithm: str | None
    """As the signer names it; None where only the registered key says it."""
    base: bytes
    """The exact bytes that were signed (RFC 9421 §2.5)."""
    signature: bytes


def read_signature(view: RequestView, origin: Origin, now: datetime) -> ClaimedSignature:
    """Read the one signature of a request that is tagged for us.

    Args:
        view: The request.
        origin: Where it came from, for its scheme and authority.
        now: The present time.

    Raises:
        Denied: ``callers/signature-form``, ``callers/signature-time``,
            ``callers/signature-covers`` or ``callers/content-digest``.
    """
    members, parameters, signature = _ours(view)
    tenant, caller = _parameters(parameters)
    _check_time(parameters, now)
    covered = _covered(members)
    _check_coverage(covered, view)
    _check_digest(view)
    lines = [f'"{name}": {_value(name, view, origin)}' for name in covered]
    lines.append(f'"@signature-params": {write_inner_list(members, parameters)}')
    return ClaimedSignature(
        tenant=tenant,
        caller=caller,
        nonce=parameters["nonce"],
        until=EPOCH + timedelta(seconds=parameters["created"] + MAX_AGE_SECONDS) + NONCE_MARGIN,
        algorithm=parameters.get("alg"),
        base=_ascii("\n".join(lines)),
        signature=signature,
    )


def check_claimed_signature(claimed: ClaimedSignature, public_key: bytes) -> None:
    """Verify a signature with the key that was registered for the caller it names.

    The registered key alone decides the algorithm: what the request says may only agree.

    Args:
        claimed: The signature.
        public_key: DER of SubjectPublicKeyInfo.

    Raises:
        Denied: ``callers/unauthenticated``.
    """
    name, scheme, key = signing_key(public_key)
    if claimed.algorithm not in {None, name}:
        raise Denied(rules.UNAUTHENTICATED, "the registered key has another algorithm")
    try:
        signature = claimed.signature
        if scheme is ECDSA_SHA256:
            signature = ecdsa_from_halves(signature, _P256_OCTETS)
        check_signature(scheme, key, signature, claimed.base)
    except BadEvidence as error:
        raise Denied(rules.UNAUTHENTICATED, f"{name}: {error.code}") from error


@lru_cache(maxsize=256)
def signing_key(public_key: bytes) -> tuple[str, Scheme, PublicKey]:
    """The algorithm's name (RFC 9421 §6.2.2), how it is computed, and the key.

    Args:
        public_key: DER of SubjectPublicKeyInfo.

    Raises:
        Denied: ``callers/credential-file`` for a key that no supported algorithm takes.
    """
    try:
        key = load_public_key(public_key)
        if isinstance(key, ed25519.Ed25519PublicKey):
            return "ed25519", ED25519, key
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return "ecdsa-p256-sha256", ECDSA_SHA256, key
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            check_rsa_size(key)
            return "rsa-pss-sha512", RSA_PSS_SHA512, key
    except (ValueError, TypeError, UnsupportedAlgorithm, BadEvidence) as error:
        raise Denied(rules.CREDENTIAL_FILE, type(error).__name__) from error
    raise Denied(rules.CREDENTIAL_FILE, type(key).__name__)


def _ours(view: RequestView) -> tuple[list[Any], dict[str, Any], bytes]:
    """Covered components, parameters and signature under the one label that is tagged for us."""
    inputs = read_dictionary(view.values(INPUT_FIELD), rules.SIGNATURE_FORM)
    signatures = read_dictionary(view.values(SIGNATURE_FIELD), rules.SIGNATURE_FORM)
    if max(len(inputs), len(signatures)) > MAX_SIGNATURES:
        raise Denied(rules.SIGNATURE_FORM, f"more than {MAX_SIGNATURES} signatures")
    labels = [label for label, member in inputs.items() if member[1].get("tag") == TAG]
    if len(labels) != 1:
        raise Denied(rules.SIGNATURE_FORM, f"{len(labels)} signatures tagged {TAG}")
    members, parameters = inputs[labels[0]]
    signature = signatures.get(labels[0], (None, {}))[0]
    if not isinstance(members, list) or not isinstance(signature, bytes):
        raise Denied(rules.SIGNATURE_FORM, "no inner list, or no signature under its label")
    return members, parameters, signature


def _parameters(parameters: dict[str, Any]) -> tuple[str, str]:
    """Check the signature's parameters (RFC 9421 §2.3); tenant and caller of its key."""
    for name, value in parameters.items():
        if type(value) is not _PARAMETERS.get(name):
            raise Denied(rules.SIGNATURE_FORM, f"parameter {name}")
    if missing := [name for name in _REQUIRED if name not in parameters]:
        raise Denied(rules.SIGNATURE_FORM, f"without {', '.join(missing)}")
    if len(parameters["nonce"]) not in NONCE_CHARACTERS:
        raise Denied(rules.SIGNATURE_FORM, f"nonce of {len(parameters['nonce'])} characters")
    key = split_name(parameters["keyid"])
    if key is None:
        raise Denied(rules.SIGNATURE_FORM, "keyid is not tenant/caller")
    return key


def _check_time(parameters: dict[str, Any], now: datetime) -> None:
    seconds = (now - EPOCH).total_seconds()
    if abs(parameters["created"] - seconds) > MAX_AGE_SECONDS:
        raise Denied(rules.SIGNATURE_TIME, f"created {parameters['created']}, now {seconds:.0f}")
    if parameters.get("expires", seconds) < seconds:
        raise Denied(rules.SIGNATURE_TIME, f"expired {parameters['expires']}, now {seconds:.0f}")


def _covered(members: list[Any]) -> tuple[str, ...]:
    """Names of what is covered, each once and without parameters, which would change its value."""
    if len(members) > MAX_COMPONENTS:
        raise Denied(rules.SIGNATURE_FORM, f"more than {MAX_COMPONENTS} components")
    names: dict[str, None] = {}
    for name, parameters in members:
        if type(name) is not str or parameters or name != name.lower() or name in names:
            raise Denied(rules.SIGNATURE_FORM, "a component in another form, or twice")
        names[name] = None
    return tuple(names)


def _check_coverage(covered: tuple[str, ...], view: RequestView) -> None:
    named = frozenset(covered)
    if "@method" not in named or not (named >= _TARGET or named >= _PATH_AND_QUERY):
        raise Denied(rules.SIGNATURE_COVERS, "method or target is not covered")
    for name in _MEANINGFUL:
        if name not in named and view.values(name):
            raise Denied(rules.SIGNATURE_COVERS, f"{name} is sent but not covered")
    for name in covered:
        if name not in _DERIVED and (name.startswith("@") or not view.values(name)):
            raise Denied(rules.SIGNATURE_COVERS, f"{name[:40]!r} is covered but not there")


def _check_digest(view: RequestView) -> None:
    """The body matches its digest (RFC 9530 §2); a request without body needs none."""
    lines = view.values(DIGEST_FIELD)
    if not lines and not view.body:
        return
    digests = read_dictionary(lines, rules.CONTENT_DIGEST)
    digest, _ = digests.get("sha-256", (None, {}))
    if not isinstance(digest, bytes):
        raise Denied(rules.CONTENT_DIGEST, "without sha-256")
    if not hmac.compare_digest(digest, sha256(view.body).digest()):
        raise Denied(rules.CONTENT_DIGEST, "another body")


def _value(name: str, view: RequestView, origin: Origin) -> str:
    """The value of a covered component (RFC 9421 §2.1, §2.2)."""
    derive = _DERIVED.get(name)
    return ", ".join(view.values(name)) if derive is None else derive(view, origin)


def _ascii(text: str) -> bytes:
    """Nothing but visible characters, spaces and our own line ends can be signed unambiguously."""
    lines = text.split("\n")
    if not text.isascii() or not all(line.replace("\t", " ").isprintable() for line in lines):
        raise Denied(rules.SIGNATURE_FORM, "covered values hold control or non-ASCII characters")
    return text.encode("ascii")


def _query(view: RequestView) -> str:
    return f"?{view.query}"


def _target(view: RequestView) -> str:
    return f"{view.path or '/'}{_query(view) if view.query else ''}"


_DERIVED: dict[str, Callable[[RequestView, Origin], str]] = {
    "@method": lambda view, _: view.method,
    "@target-uri": lambda view, origin: f"{origin.scheme}://{origin.authority}{_target(view)}",
    "@authority": lambda _, origin: origin.authority,
    "@scheme": lambda _, origin: origin.scheme,
    "@request-target": lambda view, _: _target(view),
    "@path": lambda view, _: view.path or "/",
    "@query": lambda view, _: _query(view),
}
"""Components of the request line; other derived components are refused."""
