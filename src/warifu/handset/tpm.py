"""A simulated TPM 2.0 and its platform: makes WebAuthn tpm statements.

Source: TPM 2.0 Library Specification, Part 2: Structures; WebAuthn L3 §8.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1, sha256, sha384, sha512
from struct import pack
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, basic_constraints, key_usage, name
from warifu.handset.webauthn import CredentialKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.handset.authority import CertificateDraft
    from warifu.handset.webauthn import Registration

GENERATED_BY_TPM = 0xFF544347
CERTIFY = 0x8017
FIXED_AND_BORN_HERE = 0x00040072
"""fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign."""
RS1 = -65535

MANUFACTURER, MODEL, VERSION = "2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"
IDENTITY_KEY = "2.23.133.8.3"
EXTENDED_KEY_USAGE = "2.5.29.37"
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"

_RSA, _ECC, _NULL = 0x0001, 0x0023, 0x0010
_SHA256 = 0x000B
_CURVES = {"secp256r1": 3, "secp384r1": 4, "secp521r1": 5}
_DIGESTS: dict[int, Callable[[bytes], Any]] = {
    RS1: lambda data: sha1(data, usedforsecurity=False),
    **dict.fromkeys((-7, -257, -37), sha256),
    **dict.fromkeys((-35, -258), sha384),
    **dict.fromkeys((-36, -259), sha512),
}


def sized(content: bytes) -> bytes:
    """A TPM2B: length, then content."""
    return pack(">H", len(content)) + content


@dataclass(kw_only=True)
class PublicArea:
    """TPMT_PUBLIC before encoding."""

    key: Any
    """A private key of `cryptography`, RSA or elliptic curve."""
    kind: int | None = None
    name_algorithm: int = _SHA256
    attributes: int = FIXED_AND_BORN_HERE
    policy: bytes = b""
    symmetric: bytes = pack(">H", _NULL)
    scheme: bytes = pack(">H", _NULL)
    bits: int | None = None
    exponent: int = 0
    curve: int | None = None
    derivation: bytes = pack(">H", _NULL)
    excess: bytes = b""

    def encode(self) -> bytes:
        """The structure."""
        public = self.key.public_key()
        is_rsa = isinstance(public, rsa.RSAPublicKey)
        kind = (_RSA if is_rsa else _ECC) if self.kind is None else self.kind
        head = pack(">HHI", kind, self.name_algorithm, self.attributes) + sized(self.policy)
        tail = self._rsa(public) if is_rsa else self._curve(public)
        return head + self.symmetric + self.scheme + tail + self.excess

    def name(self) -> bytes:
        """The object's name, by SHA-256."""
        return pack(">H", _SHA256) + sha256(self.encode()).digest()

    def _rsa(self, public: rsa.RSAPublicKey) -> bytes:
        bits = public.key_size if self.bits is None else self.bits
        modulus = public.public_numbers().n.to_bytes(public.key_size // 8, "big")
        return pack(">HI", bits, self.exponent) + sized(modulus)

    def _curve(self, public: ec.EllipticCurvePublicKey) -> bytes:
        curve = _CURVES[public.curve.name] if self.curve is None else self.curve
        point, size = public.public_numbers(), (public.curve.key_size + 7) // 8
        coordinates = (number.to_bytes(size, "big") for number in (point.x, point.y))
        return pack(">H", curve) + self.derivation + b"".join(map(sized, coordinates))


@dataclass(kw_only=True)
class Attest:
    """TPMS_ATTEST before encoding."""

    extra_data: bytes
    attested_name: bytes
    magic: int = GENERATED_BY_TPM
    kind: int = CERTIFY
    qualified_signer: bytes = b"\x00\x0b" + bytes(32)
    clock: bytes = pack(">QIIB", 12345, 1, 0, 1)
    firmware_version: int = 0x0007000200000000
    qualified_name: bytes = b"\x00\x0b" + bytes(32)
    excess: bytes = b""

    def encode(self) -> bytes:
        """The structure."""
        return b"".join(
            (
                pack(">IH", self.magic, self.kind),
                sized(self.qualified_signer),
                sized(self.extra_data),
                self.clock,
                pack(">Q", self.firmware_version),
                sized(self.attested_name),
                sized(self.qualified_name),
                self.excess,
            )
        )


@dataclass(kw_only=True)
class TpmStatement:
    """A statement by a TPM's identity key. Change any field, or `draft` for the certificate."""

    format: str = "tpm"
    authority: Authority = field(default_factory=lambda: Authority.root("TPM Root"))
    algorithm: int = -257
    key: Any = None
    """The identity key; RSA or P-256 by algorithm unless given."""
    draft: CertificateDraft = field(init=False)
    above: list[bytes] = field(default_factory=list)
    area: dict[str, Any] = field(default_factory=dict)
    """Other fields for `PublicArea`."""
    info: dict[str, Any] = field(default_factory=dict)
    """Other fields for `Attest`."""
    members: dict[str, Any] = field(default_factory=dict)
    """Other members for the statement; None takes a member out."""

    def __post_init__(self) -> None:
        """Draft an honest identity certificate."""
        if self.key is None:
            self.key = CredentialKey(-7 if self.algorithm == -7 else -257).private
        self.draft = self.authority.draft(name(), CredentialKey(-7, self.key).spki())
        self.draft.extension("2.5.29.15", key_usage(0), critical=True)
        self.draft.extension("2.5.29.19", basic_constraints(authority=False), critical=True)
        self.draft.extension("2.5.29.32", w.sequence(), critical=True)
        self.draft.extension(EXTENDED_KEY_USAGE, w.sequence(w.oid(IDENTITY_KEY)))
        self.name_tpm(id_="id:4E544300", model="NPCT75x", version="id:00070002")

    def name_tpm(self, *, id_: str | None, model: str | None, version: str | None) -> None:
        """Name the TPM in the certificate; None leaves an attribute out."""
        pairs = ((MANUFACTURER, id_), (MODEL, model), (VERSION, version))
        attributes = [
            w.set_of(w.sequence(w.oid(dotted), w.utf8(text)))
            for dotted, text in pairs
            if text is not None
        ]
        names = w.sequence(w.context(4, w.sequence(*attributes)))
        self.draft.extension(SUBJECT_ALTERNATIVE_NAME, names, critical=True)

    def build(self, registration: Registration, authenticator_data: bytes) -> dict[str, Any]:
        """The attStmt."""
        area = PublicArea(**{"key": registration.key.private} | self.area)
        signed = authenticator_data + registration.client_data_hash()
        fields = {
            "extra_data": _DIGESTS[self.algorithm](signed).digest(),
            "attested_name": area.name(),
        }
        info = Attest(**fields | self.info).encode()
        members = {
            "ver": "2.0",
            "alg": self.algorithm,
            "x5c": [self.authority.issue(self.draft), *self.above],
            "sig": self._sign(info),
            "certInfo": info,
            "pubArea": area.encode(),
            **self.members,
        }
        return {key: value for key, value in members.items() if value is not None}

    def _sign(self, info: bytes) -> bytes:
        if self.algorithm == RS1:
            signature: bytes = self.key.sign(info, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - as old TPMs do
            return signature
        return CredentialKey(self.algorithm, self.key).sign(info)
