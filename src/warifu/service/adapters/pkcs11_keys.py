"""Signing keys in a PKCS #11 token: made there, used there, never outside it.

The token is named by a file in TOML; its PIN is in a file of its own, which only we may read::

    module = "/usr/lib/softhsm/libsofthsm2.so"
    label = "warifu"
    pin_file = "/run/secrets/token-pin"

The key is found by its public key, so the ring names it as it names any other. A token signs
SHA-256 digests (CKM_ECDSA), which every token can; the digest is made here.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from msgspec import Struct

from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse, VerifierFault
from warifu.base.keys.jwks import thumbprint
from warifu.base.secret import Secret
from warifu.service.adapters.private_files import read_private
from warifu.service.key_rules import (
    TOKEN,
    TOKEN_ALGORITHM,
    TOKEN_CONFIGURATION,
    TOKEN_KEY,
    TOKEN_SUPPORT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pkcs11

    from warifu.base.keys.ring import KeyRecord

MAX_CONFIGURATION_BYTES = 4096
MAX_PIN_BYTES = 256
COORDINATE_OCTETS = 32
IDENTIFIER_OCTETS = 16
ALGORITHM = "ES256"
LABEL = "warifu"
PROBE = b"warifu: does this token hold the key on record?"


class TokenConfiguration(Struct, frozen=True, kw_only=True):
    """Which token, through which module."""

    module: Path
    label: str
    pin: Secret


def read_token_configuration(path: Path) -> TokenConfiguration:
    """Read a configuration and the PIN that it points to.

    Raises:
        Misuse: ``keys/token-configuration``, ``keys/file``, ``keys/file-private``.
    """
    try:
        data = read_private(path, max_bytes=MAX_CONFIGURATION_BYTES)
        fields = toml.decode(data, max_bytes=MAX_CONFIGURATION_BYTES)
    except MalformedEvidence as error:
        raise Misuse(TOKEN_CONFIGURATION, f"{path} is not TOML") from error
    names = {"module", "label", "pin_file"}
    if set(fields) != names or any(type(value) is not str for value in fields.values()):
        raise Misuse(TOKEN_CONFIGURATION, f"{path} does not state {', '.join(sorted(names))}")
    pin = read_private(path.parent / fields["pin_file"], max_bytes=MAX_PIN_BYTES).rstrip(b"\r\n")
    try:
        pin.decode()
    except UnicodeDecodeError:
        # Such an error holds what it could not decode.
        raise Misuse(TOKEN_CONFIGURATION, "the PIN is not UTF-8") from None
    return TokenConfiguration(module=Path(fields["module"]), label=fields["label"], pin=Secret(pin))


class Token:
    """One token, logged in when it is first used, and again when it lost its sessions."""

    def __init__(self, configuration: TokenConfiguration) -> None:
        """Name a token; nothing is opened yet.

        Raises:
            Misuse: ``keys/token-support`` where the extra is not installed.
        """
        try:
            import pkcs11  # noqa: F401, PLC0415 - an extra, asked for only by those who use it
        except ImportError as error:
            raise Misuse(TOKEN_SUPPORT) from error
        self._configuration = configuration
        self._session: pkcs11.Session | None = None
        self._found: dict[bytes, Any] = {}
        self._pin_refused = False
        self._lock = Lock()

    def generate(self, algorithm: str = ALGORITHM) -> TokenSigner:
        """Make a key in the token that cannot leave it.

        Raises:
            Misuse: ``keys/token-algorithm``.
            VerifierFault: ``keys/token``.
        """
        from pkcs11 import Attribute, KeyType  # noqa: PLC0415 - an extra
        from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415 - an extra

        if algorithm != ALGORITHM:
            raise Misuse(TOKEN_ALGORITHM, f"{algorithm!r:.40}")
        with self._use() as session:
            curve = encode_named_curve_parameters("secp256r1")
            domain = session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True
            )
            public, _ = domain.generate_keypair(
                store=True,
                id=os.urandom(IDENTIFIER_OCTETS),
                label=LABEL,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
            point = bytes(public[Attribute.EC_POINT])
        return TokenSigner(self, _to_spki(point))

    def signer(self, record: KeyRecord) -> TokenSigner:
        """The key on record, after it proved that it is that key and cannot be extracted.

        Raises:
            VerifierFault: ``keys/token``, ``keys/token-key``.
        """
        signer = TokenSigner(self, record.public_key)
        _check(record.public_key, signer.sign(PROBE))
        return signer

    def sign_digest(self, public_key: bytes, digest: bytes) -> bytes:
        """R and S over a SHA-256 digest, by the private key of `public_key`.

        Raises:
            VerifierFault: ``keys/token``, ``keys/token-key``.
        """
        from pkcs11 import Mechanism  # noqa: PLC0415 - an extra

        with self._use() as session:
            if public_key not in self._found:
                self._found[public_key] = _find_private(session, public_key)
            return bytes(self._found[public_key].sign(digest, mechanism=Mechanism.ECDSA))

    @contextmanager
    def _use(self) -> Iterator[pkcs11.Session]:
        """One call at a time: a session of PKCS #11 does one thing at a time."""
        from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415 - an extra

        with self._lock:
            try:
                yield self._open()
            except (PKCS11Error, RuntimeError, OSError) as error:
                # The next call logs in again: tokens are restarted, cables pulled. Only the kind
                # of the error is told, for its text is the module's.
                self._session = None
                self._found.clear()
                raise VerifierFault(TOKEN, type(error).__name__) from None

    def _open(self) -> pkcs11.Session:
        import pkcs11  # noqa: PLC0415 - an extra
        from pkcs11.exceptions import (  # noqa: PLC0415 - an extra
            PinExpired,
            PinIncorrect,
            PinInvalid,
            PinLenRange,
            PinLocked,
            UserAlreadyLoggedIn,
        )

        if self._pin_refused:
            # A token locks itself after a few wrong PINs: one is enough for this process.
            raise VerifierFault(TOKEN, "the PIN was refused")
        if self._session is None:
            module = pkcs11.lib(str(self._configuration.module))
            token = module.get_token(token_label=self._configuration.label)
            try:
                pin = self._configuration.pin.reveal().decode()
                self._session = token.open(rw=True, user_pin=pin)
            except UserAlreadyLoggedIn:
                # Being logged in belongs to the process, not to one session of it.
                self._session = token.open(rw=True)
            except (PinIncorrect, PinInvalid, PinLenRange, PinExpired, PinLocked):
                self._pin_refused = True
                raise
        return self._session


class TokenSigner:
    """A `Signer` whose private key is in a token."""

    algorithm = ALGORITHM

    def __init__(self, token: Token, public_key: bytes) -> None:
        """Name a key of a token by its public key (DER of SubjectPublicKeyInfo)."""
        self._token = token
        self.public_key = public_key
        self.key_id = thumbprint(public_key)

    def sign(self, message: bytes) -> bytes:
        """Sign `message`; see `Signer.sign`. A token that lost its session is asked once more.

        Raises:
            VerifierFault: ``keys/token``, ``keys/token-key``.
        """
        digest = sha256(message).digest()
        try:
            return self._token.sign_digest(self.public_key, digest)
        except VerifierFault as fault:
            if fault.rule is not TOKEN:
                raise
        return self._token.sign_digest(self.public_key, digest)


def _find_private(session: pkcs11.Session, public_key: bytes) -> Any:  # noqa: ANN401 - a key of the library's
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - an extra

    point = _to_point(public_key)
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point}
    for public in list(session.get_objects(wanted)):
        same = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: public[Attribute.ID]}
        for private in list(session.get_objects(same)):
            if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
                raise VerifierFault(TOKEN_KEY, "the private key can be extracted")
            return private
    raise VerifierFault(TOKEN_KEY, "no such key in the token")


def _check(public_key: bytes, raw: bytes) -> None:
    key = load_der_public_key(public_key)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    try:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(encode_dss_signature(r, s), PROBE, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise VerifierFault(TOKEN_KEY, "the token signs with another key") from None


_POINT_HEADER = b"\x04\x41"
"""A token gives the point as a DER octet string (PKCS #11 v3.1 §6.3.3)."""


def _to_point(public_key: bytes) -> bytes:
    return _POINT_HEADER + public_key[-1 - 2 * COORDINATE_OCTETS :]


def _to_spki(point: bytes) -> bytes:
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), point.removeprefix(_POINT_HEADER)
        )
    except ValueError:
        raise VerifierFault(TOKEN, "the token gave no point of P-256") from None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
