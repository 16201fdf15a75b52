"""Structures of TPM 2.0 as a WebAuthn statement carries them: bytes to values, nothing judged.

Source: TPM 2.0 Library Specification, Part 2: Structures. All integers are big-endian, sized
buffers have a length of two octets before them, and nothing may be left over at the end.
"""

from __future__ import annotations

import struct
from hashlib import sha256, sha384, sha512
from struct import Struct as Layout
from typing import TYPE_CHECKING, Never

from msgspec import Struct

from warifu.attestation.evidence.rules import webauthn_tpm as rules
from warifu.base.errors import MalformedEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.rule import Rule

MAX_STRUCTURE_BYTES = 4096
MAX_COORDINATE_BYTES = 66
GENERATED_BY_TPM = 0xFF544347
"""TPM_GENERATED_VALUE: a TPM never signs outside data that begins with it."""
ATTEST_CERTIFY = 0x8017
"""TPM_ST_ATTEST_CERTIFY."""
DEFAULT_RSA_EXPONENT = 65537

FIXED_TPM = 1 << 1
FIXED_PARENT = 1 << 4
SENSITIVE_DATA_ORIGIN = 1 << 5
BOUND_TO_TPM = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN
"""Attributes of a key that was made in this TPM and can never leave it (Part 2 §8.3)."""

_RSA = 0x0001
_ECC = 0x0023
_NULL = 0x0010
_CURVES = {0x0003: "secp256r1", 0x0004: "secp384r1", 0x0005: "secp521r1"}
_DIGESTS: dict[int, Callable[[bytes], bytes]] = {
    0x000B: lambda data: sha256(data).digest(),
    0x000C: lambda data: sha384(data).digest(),
    0x000D: lambda data: sha512(data).digest(),
}
"""Name algorithms. SHA-1 is left out: a name binds the key, and must not be made to collide."""
_SCHEME_OCTETS = {
    _NULL: 0,
    0x0014: 2,  # RSASSA: hash
    0x0015: 0,  # RSAES
    0x0016: 2,  # RSAPSS: hash
    0x0017: 2,  # OAEP: hash
    0x0018: 2,  # ECDSA: hash
    0x0019: 2,  # ECDH: hash
    0x001A: 4,  # ECDAA: hash and count
    0x001B: 2,  # SM2: hash
    0x001C: 2,  # ECSCHNORR: hash
    0x001D: 2,  # ECMQV: hash
}
_DERIVATION_OCTETS = {_NULL: 0, 0x0007: 2, 0x0020: 2, 0x0021: 2, 0x0022: 2}


class RsaPoint(Struct, frozen=True):
    """The public key of an RSA object."""

    modulus: int
    exponent: int


class CurvePoint(Struct, frozen=True):
    """The public key of an elliptic curve object."""

    curve: str
    x: int
    y: int


class PublicArea(Struct, frozen=True, kw_only=True):
    """TPMT_PUBLIC (Part 2 §12.2.4)."""

    name: bytes
    """The object's name: name algorithm and digest of the whole area (Part 1 §16)."""
    attributes: int
    """TPMA_OBJECT."""
    key: RsaPoint | CurvePoint


class Attest(Struct, frozen=True, kw_only=True):
    """TPMS_ATTEST (Part 2 §10.12.12) that certifies an object."""

    qualified_signer: bytes
    extra_data: bytes
    firmware_version: int
    """As the TPM tells; hidden by obfuscation where the identity key is restricted."""
    attested_name: bytes
    """TPMS_CERTIFY_INFO: the certified object's name."""


def read_public_area(data: bytes) -> PublicArea:
    """Read a TPMT_PUBLIC that must fill `data`.

    Raises:
        MalformedEvidence: ``webauthn-tpm/public-area``.
    """
    source = _Source(data, rules.PUBLIC_AREA)
    kind, name_algorithm, attributes = source.take(_PUBLIC_HEAD)
    digest = _DIGESTS.get(name_algorithm)
    if digest is None:
        source.fail(f"name algorithm {name_algorithm:#06x}")
    source.sized()  # authPolicy
    (symmetric,) = source.take(_UINT16)
    if symmetric != _NULL:
        source.take(_UINT32)  # key bits and mode
    source.skip_by(_SCHEME_OCTETS)
    if kind == _RSA:
        key: RsaPoint | CurvePoint = _rsa_point(source)
    elif kind == _ECC:
        key = _curve_point(source)
    else:
        source.fail(f"type {kind:#06x}")
    source.finish()
    return PublicArea(
        name=_UINT16.pack(name_algorithm) + digest(data), attributes=attributes, key=key
    )


def read_attest(data: bytes) -> Attest:
    """Read a TPMS_ATTEST of a certified object that must fill `data`.

    Raises:
        MalformedEvidence: ``webauthn-tpm/attest``, also for one that certifies no object or that no
            TPM made.
    """
    source = _Source(data, rules.ATTEST)
    magic, kind = source.take(_ATTEST_HEAD)
    if magic != GENERATED_BY_TPM or kind != ATTEST_CERTIFY:
        source.fail(f"magic {magic:#010x}, type {kind:#06x}")
    signer = source.sized()
    extra = source.sized()
    *_, firmware = source.take(_CLOCK_AND_FIRMWARE)
    name = source.sized()
    source.sized()  # qualified name
    source.finish()
    return Attest(
        qualified_signer=signer, extra_data=extra, firmware_version=firmware, attested_name=name
    )


class _Source:
    """Reads a structure from front to back."""

    def __init__(self, data: bytes, rule: Rule) -> None:
        self._data = data
        self._at = 0
        self._rule = rule
        if len(data) > MAX_STRUCTURE_BYTES:
            self.fail(f"{len(data)} bytes")

    def take(self, layout: Layout) -> tuple[int, ...]:
        try:
            values = layout.unpack_from(self._data, self._at)
        except struct.error as error:
            raise MalformedEvidence(self._rule, f"cut short at {self._at}") from error
        self._at += layout.size
        return values

    def sized(self) -> bytes:
        """A TPM2B: length, then that many octets."""
        (length,) = self.take(_UINT16)
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            self.fail(f"cut short at {start}")
        return self._data[start : self._at]

    def skip_by(self, octets: dict[int, int]) -> None:
        """A selector and the details that go with it."""
        (selector,) = self.take(_UINT16)
        if selector not in octets:
            self.fail(f"scheme {selector:#06x}")
        self._at += octets[selector]

    def finish(self) -> None:
        if self._at != len(self._data):
            self.fail(f"{len(self._data) - self._at} bytes left over")

    def fail(self, detail: str) -> Never:
        raise MalformedEvidence(self._rule, detail)


def _rsa_point(source: _Source) -> RsaPoint:
    """TPMS_RSA_PARMS from the key size on, and TPM2B_PUBLIC_KEY_RSA."""
    bits, exponent = source.take(_RSA_PARAMETERS)
    modulus = int.from_bytes(source.sized(), "big")
    if modulus.bit_length() != bits:
        source.fail(f"modulus of {modulus.bit_length()} bits, not {bits}")
    return RsaPoint(modulus, exponent or DEFAULT_RSA_EXPONENT)


def _curve_point(source: _Source) -> CurvePoint:
    """TPMS_ECC_PARMS from the curve on, and TPMS_ECC_POINT."""
    (curve,) = source.take(_UINT16)
    name = _CURVES.get(curve)
    if name is None:
        source.fail(f"curve {curve:#06x}")
    source.skip_by(_DERIVATION_OCTETS)
    x, y = source.sized(), source.sized()
    if len(x) > MAX_COORDINATE_BYTES or len(y) > MAX_COORDINATE_BYTES:
        source.fail("coordinates are too long")
    return CurvePoint(name, int.from_bytes(x, "big"), int.from_bytes(y, "big"))


_UINT16 = Layout(">H")
_UINT32 = Layout(">I")
_PUBLIC_HEAD = Layout(">HHI")
_RSA_PARAMETERS = Layout(">HI")
_ATTEST_HEAD = Layout(">IH")
_CLOCK_AND_FIRMWARE = Layout(">QIIBQ")
