"""Writing CMS SignedData (RFC 5652 §5), in DER or in the indefinite lengths of BER."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from warifu.handset import der_writer as w
from warifu.handset.authority import PrivateKey, algorithm_of, sign

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SHA256 = w.sequence(w.oid("2.16.840.1.101.3.4.2.1"), w.null())

_END_OF_CONTENTS = b"\0\0"


@dataclass(kw_only=True)
class SignedDataDraft:
    """SignedData before signing. Change any field, then `encode`."""

    content: bytes
    key: PrivateKey
    issuer: bytes
    """DER name of the signer's issuer."""
    serial: int
    certificates: list[bytes]
    indefinite: bool = False
    piece: int = 0
    """Octets per piece of the content; 0 for one plain octet string."""
    version: int = 1
    content_type: str = DATA
    announced: bytes = field(default_factory=lambda: SHA256)
    """All digest AlgorithmIdentifiers announced at the top."""
    digest_algorithm: bytes = field(default_factory=lambda: SHA256)
    signature_algorithm: bytes | None = None
    """None chooses by key."""
    attributes: list[tuple[str, bytes]] | None = None
    """Signed attributes: dotted OID and content of the SET of values. None signs the content."""
    attributes_sorted: bool = True
    signature: bytes | None = None
    """None signs."""
    signer_version: int = 1
    signer_identifier: bytes | None = None
    """None is issuer and serial number."""
    signers: int = 1
    """How often the signer appears."""
    revocation_lists: bytes = b""
    unsigned_attributes: bytes = b""

    def honest_attributes(self) -> list[tuple[str, bytes]]:
        """The two attributes that RFC 5652 demands."""
        return [
            (CONTENT_TYPE, w.oid(self.content_type)),
            (MESSAGE_DIGEST, w.octet_string(sha256(self.content).digest())),
        ]

    def encode(self) -> bytes:
        """The ContentInfo."""
        certificates = b"".join(self.certificates)
        signed_data = self._nest(
            0x30,
            w.integer(self.version),
            w.tlv(0x31, self.announced),
            self._nest(0x30, w.oid(self.content_type), self._nest(0xA0, self._content())),
            self._nest(0xA0, certificates) if certificates else b"",
            w.context(1, self.revocation_lists) if self.revocation_lists else b"",
            self._nest(0x31, *[self._signer()] * self.signers),
        )
        return self._nest(0x30, w.oid(SIGNED_DATA), self._nest(0xA0, signed_data))

    def _content(self) -> bytes:
        if not self.piece:
            return w.octet_string(self.content)
        starts = range(0, len(self.content), self.piece)
        pieces = [w.octet_string(self.content[at : at + self.piece]) for at in starts]
        return self._nest(0x24, *pieces)

    def _signer(self) -> bytes:
        attributes, covered = b"", self.content
        if self.attributes is not None:
            encoded = [w.sequence(w.oid(oid), w.tlv(0x31, v)) for oid, v in self.attributes]
            covered = w.set_of(*encoded, ordered=self.attributes_sorted)
            attributes = b"\xa0" + covered[1:]
        return w.sequence(
            w.integer(self.signer_version),
            self.signer_identifier or w.sequence(self.issuer, w.integer(self.serial)),
            self.digest_algorithm,
            attributes,
            self.signature_algorithm or algorithm_of(self.key),
            w.octet_string(sign(self.key, covered) if self.signature is None else self.signature),
            w.context(1, self.unsigned_attributes) if self.unsigned_attributes else b"",
        )

    def _nest(self, tag: int, *items: bytes) -> bytes:
        content = b"".join(items)
        if self.indefinite:
            return bytes((tag, 0x80)) + content + _END_OF_CONTENTS
        return w.tlv(tag, content)
