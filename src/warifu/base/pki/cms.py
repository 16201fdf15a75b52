"""CMS SignedData with one signer (RFC 5652 §5), as Apple's receipts use it.

CMS allows BER, and receipts come in indefinite lengths and in pieces. The outer structure is
therefore read by a cursor that accepts both forms at the places where CMS nests; everything inside
(certificates, signer, attributes) must be DER. Content and attributes are verified as received.

Reading and checking are apart: a caller first proves the path of `SignedData.chain`, then calls
`check_signed_data`, so that no signature is computed under a key nobody vouched for.
"""

from __future__ import annotations

from hmac import compare_digest

from cryptography.hazmat.primitives import hashes
from msgspec import Struct

from warifu.base.codec import der
from warifu.base.errors import BadEvidence, MalformedEvidence
from warifu.base.pki.certificate import Certificate
from warifu.base.pki.memory import load_authority_key, read_authority
from warifu.base.pki.signature import ALGORITHM, X509_SCHEMES, Scheme, check_signature
from warifu.base.rule import Leniency, Rule, Text

MAX_BYTES = 64 << 10
MAX_CERTIFICATES = 8
MAX_PIECES = 64
MAX_ATTRIBUTES = 32

WELL_FORMED = Rule(
    code="cms/well-formed",
    clause="RFC 5652 §3, §5.1",
    requires=Text(
        ja="署名付きデータは、CMSのSignedDataの構造に従っていなければなりません。",
        en="Signed data has the structure of CMS SignedData, with its content inside.",
    ),
    stops="parser differentials and detached content",
)
ONE_SIGNER = Rule(
    code="cms/one-signer",
    clause="RFC 5652 §5.1, §5.3",
    requires=Text(
        ja="署名者は1者だけで、発行者名とシリアル番号で特定できなければなりません。",
        en="There is exactly one signer, named by issuer and serial number.",
    ),
    stops="a second signature that some readers check instead",
)
SIGNER_CERTIFICATE = Rule(
    code="cms/signer-certificate",
    clause="RFC 5652 §5.3 (sid)",
    requires=Text(
        ja="署名者の証明書が、署名付きデータに含まれていなければなりません。",
        en="The certificate the signer names is among those sent along.",
    ),
    stops="checking a signature under another certificate than the one it names",
)
ATTRIBUTES = Rule(
    code="cms/signed-attributes",
    clause="RFC 5652 §5.3, §11.1, §11.2",
    requires=Text(
        ja="署名対象の属性には、内容の種別とメッセージダイジェストが一つずつ必要です。",
        en="Signed attributes name the content type and the message digest, once each.",
    ),
    stops="signatures that cover no content",
)
MESSAGE_DIGEST = Rule(
    code="cms/message-digest",
    clause="RFC 5652 §5.4, §11.2",
    requires=Text(
        ja="署名されたメッセージダイジェストは、内容から計算した値と一致しなければなりません。",
        en="The signed message digest is the digest of the content.",
    ),
    stops="replacing the content below a signature",
)
RULES: tuple[Rule, ...] = (
    WELL_FORMED,
    ONE_SIGNER,
    SIGNER_CERTIFICATE,
    ATTRIBUTES,
    MESSAGE_DIGEST,
)

INDEFINITE_LENGTH = Leniency(
    name="cms/indefinite-length",
    departs_from="X.690 §10.1: DER has definite lengths only",
    seen_on="Apple's App Attest receipts, most of those made since 2020",
)
ATTRIBUTES_UNSORTED = Leniency(
    name="cms/attributes-unsorted",
    departs_from="RFC 5652 §5.3: signed attributes are DER, X.690 §11.6 sorts a SET OF",
    seen_on="Apple's SignedData; the signature is checked over the received order",
)
LENIENCIES: tuple[Leniency, ...] = (INDEFINITE_LENGTH, ATTRIBUTES_UNSORTED)

_DATA = der.from_oid_text("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.from_oid_text("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.from_oid_text("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.from_oid_text("1.2.840.113549.1.9.4")
_DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    der.from_oid_text("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    der.from_oid_text("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.from_oid_text("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_ENCODED_DATA = bytes((der.OID, len(_DATA))) + _DATA
_VERSION_ONE = b"\x01"
_ISSUER_AND_SERIAL = 0x30
_CONSTRUCTED_OCTETS = 0x24
_CONTEXT_0 = 0xA0
_CONTEXT_1 = 0xA1
_INDEFINITE = 0x80
_END_OF_CONTENTS = b"\0\0"


class SignedData(Struct, frozen=True, kw_only=True):
    """SignedData as read: nothing in it is checked yet."""

    content: bytes
    """The encapsulated content."""
    chain: tuple[Certificate, ...]
    """The signer's certificate first, then each issuer that was sent along."""
    scheme: Scheme
    digest: hashes.HashAlgorithm
    """The digest of the scheme, by which attributes name the content."""
    attributes: bytes | None
    """Signed attributes as they are signed: with the tag of a SET. None where there are none."""
    message_digest: bytes
    """Of the signed attributes; empty where there are none."""
    signature: bytes
    leniencies: tuple[Leniency, ...]


def read_signed_data(data: bytes) -> SignedData:
    """Read a ContentInfo holding SignedData over plain data.

    Args:
        data: BER or DER, at most `MAX_BYTES`, and nothing after it.

    Raises:
        BadEvidence: ``cms/*``, or ``pki/signature-algorithm`` for one that is not allowed.
    """
    if len(data) > MAX_BYTES:
        raise MalformedEvidence(WELL_FORMED, f"more than {MAX_BYTES} bytes")
    cursor = _Cursor(data)
    cursor.enter(der.SEQUENCE)
    cursor.expect(der.OID, _SIGNED_DATA)
    cursor.enter(_CONTEXT_0)
    cursor.enter(der.SEQUENCE)
    cursor.expect(der.INTEGER, _VERSION_ONE)
    announced = _read_digest_algorithms(cursor)
    content = _read_content(cursor)
    certificates = _read_certificates(cursor)
    if cursor.next_tag() == _CONTEXT_1:
        cursor.element(_CONTEXT_1)  # revocation lists sent along: trust has its own
    signer = _read_signer(cursor)
    if signer.digest not in announced:
        raise MalformedEvidence(WELL_FORMED, "digest algorithm of the signer is not announced")
    cursor.leave()
    cursor.leave()
    cursor.leave()
    cursor.finish()
    scheme, digest = _scheme(signer)
    lenient = [INDEFINITE_LENGTH] if cursor.indefinite else []
    if signer.unsorted:
        lenient.append(ATTRIBUTES_UNSORTED)
    return SignedData(
        content=content,
        chain=_chain(certificates, signer),
        scheme=scheme,
        digest=digest,
        attributes=signer.attributes,
        message_digest=signer.message_digest,
        signature=signer.signature,
        leniencies=tuple(lenient),
    )


def check_signed_data(signed: SignedData) -> None:
    """Verify digest and signature under the signer's certificate, whose path is already proved.

    Raises:
        BadEvidence: ``cms/message-digest``, ``pki/signature``, ``pki/signature-algorithm``.
    """
    covered = signed.content
    if signed.attributes is not None:
        digest = hashes.Hash(signed.digest)
        digest.update(signed.content)
        if not compare_digest(digest.finalize(), signed.message_digest):
            raise BadEvidence(MESSAGE_DIGEST)
        covered = signed.attributes
    key = load_authority_key(signed.chain[0].public_key)
    check_signature(signed.scheme, key, signed.signature, covered)


class _Signer(Struct, frozen=True, kw_only=True):
    issuer: bytes
    serial: int
    digest: bytes
    """Object identifier of the digest algorithm."""
    attributes: bytes | None
    message_digest: bytes
    unsorted: bool
    algorithm: bytes
    """Object identifier of the signature algorithm."""
    signature: bytes


class _Cursor:
    """Walks nested elements of definite or indefinite length, each octet once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.indefinite = False
        self._ends = [(len(data), True)]

    def next_tag(self) -> int:
        """Identifier octet of what comes next; 0 at the end of an element."""
        return self.data[self.at] if self.at < self._ends[-1][0] else 0

    def enter(self, tag: int) -> None:
        """Go into a constructed element."""
        end = self._ends[-1][0]
        if self.data[self.at : self.at + 2] == bytes((tag, _INDEFINITE)):
            self.indefinite = True
            self._ends.append((end, False))
            self.at += 2
        else:
            self.at, stop = der.read_expected(self.data, self.at, end, tag)
            self._ends.append((stop, True))

    def leave(self) -> None:
        """Go out of an element, which must be at its end."""
        end, definite = self._ends.pop()
        if definite:
            if self.at != end:
                raise MalformedEvidence(WELL_FORMED, f"unexpected element at {self.at}")
            return
        if self.data[self.at : self.at + 2] != _END_OF_CONTENTS or self.at + 2 > end:
            raise MalformedEvidence(WELL_FORMED, f"unexpected element at {self.at}")
        self.at += 2

    def element(self, tag: int) -> bytes:
        """Content octets of one whole element of definite length."""
        start, self.at = der.read_expected(self.data, self.at, self._ends[-1][0], tag)
        return self.data[start : self.at]

    def whole(self, tag: int) -> bytes:
        """One whole element of definite length with its header."""
        before = self.at
        _, self.at = der.read_expected(self.data, before, self._ends[-1][0], tag)
        return self.data[before : self.at]

    def expect(self, tag: int, content: bytes) -> None:
        """Pass over an element that must have this content."""
        if self.element(tag) != content:
            raise MalformedEvidence(WELL_FORMED, f"unexpected value before {self.at}")

    def finish(self) -> None:
        """Nothing may follow."""
        if self.at != len(self.data):
            raise MalformedEvidence(WELL_FORMED, f"{len(self.data) - self.at} bytes left over")


def _read_digest_algorithms(cursor: _Cursor) -> set[bytes]:
    announced = set()
    cursor.enter(der.SET)
    while cursor.next_tag() == der.SEQUENCE:
        announced.add(_algorithm(cursor))
    cursor.leave()
    return announced


def _read_content(cursor: _Cursor) -> bytes:
    """Encapsulated content (§5.2): plain data, in one octet string or in pieces."""
    cursor.enter(der.SEQUENCE)
    # Another content type needs signed attributes that name it (§5.3); ours is always plain data.
    cursor.expect(der.OID, _DATA)
    cursor.enter(_CONTEXT_0)
    if cursor.next_tag() == _CONSTRUCTED_OCTETS:
        pieces = []
        cursor.enter(_CONSTRUCTED_OCTETS)
        while cursor.next_tag() == der.OCTET_STRING:
            pieces.append(cursor.element(der.OCTET_STRING))
            if len(pieces) > MAX_PIECES:
                raise MalformedEvidence(WELL_FORMED, f"more than {MAX_PIECES} pieces")
        cursor.leave()
        content = b"".join(pieces)
    else:
        content = cursor.element(der.OCTET_STRING)
    cursor.leave()
    cursor.leave()
    return content


def _read_certificates(cursor: _Cursor) -> list[Certificate]:
    found: list[Certificate] = []
    if cursor.next_tag() == _CONTEXT_0:
        cursor.enter(_CONTEXT_0)
        while cursor.next_tag() == der.SEQUENCE:
            found.append(read_authority(cursor.whole(der.SEQUENCE)))
            if len(found) > MAX_CERTIFICATES:
                raise MalformedEvidence(WELL_FORMED, f"more than {MAX_CERTIFICATES} certificates")
        cursor.leave()
    return found


def _read_signer(cursor: _Cursor) -> _Signer:
    """SignerInfos (§5.3): exactly one, version 1."""
    cursor.enter(der.SET)
    if cursor.next_tag() != der.SEQUENCE:
        raise MalformedEvidence(ONE_SIGNER, "no signer")
    cursor.enter(der.SEQUENCE)
    version = cursor.element(der.INTEGER)
    if version != _VERSION_ONE or cursor.next_tag() != _ISSUER_AND_SERIAL:
        raise MalformedEvidence(ONE_SIGNER, "signer is not named by issuer and serial number")
    cursor.enter(der.SEQUENCE)
    issuer = cursor.whole(der.SEQUENCE)
    serial = int.from_bytes(cursor.element(der.INTEGER), "big")
    cursor.leave()
    digest = _algorithm(cursor)
    attributes, message_digest, unsorted = None, b"", False
    if cursor.next_tag() == _CONTEXT_0:
        attributes = bytes((der.SET,)) + cursor.whole(_CONTEXT_0)[1:]
        message_digest, unsorted = _read_attributes(attributes)
    algorithm = _algorithm(cursor)
    signature = cursor.element(der.OCTET_STRING)
    if cursor.next_tag() == _CONTEXT_1:
        cursor.element(_CONTEXT_1)  # unsigned attributes prove nothing
    cursor.leave()
    if cursor.next_tag() == der.SEQUENCE:
        raise MalformedEvidence(ONE_SIGNER, "more than one signer")
    cursor.leave()
    return _Signer(
        issuer=issuer,
        serial=serial,
        digest=digest,
        attributes=attributes,
        message_digest=message_digest,
        unsorted=unsorted,
        algorithm=algorithm,
        signature=signature,
    )


def _algorithm(cursor: _Cursor) -> bytes:
    """Object identifier of an AlgorithmIdentifier whose parameters are absent or NULL."""
    cursor.enter(der.SEQUENCE)
    oid = cursor.element(der.OID)
    if cursor.next_tag() == der.NULL:
        cursor.expect(der.NULL, b"")
    cursor.leave()
    return oid


def _read_attributes(attributes: bytes) -> tuple[bytes, bool]:
    """The message digest among signed attributes, and whether their order departs from DER."""
    start, stop = der.read_whole(attributes, der.SET)
    values: dict[bytes, bytes] = {}
    encodings: list[bytes] = []
    while start < stop:
        inner, end = der.read_expected(attributes, start, stop, der.SEQUENCE)
        encodings.append(attributes[start:end])
        oid, after = der.read_expected(attributes, inner, end, der.OID)
        name = attributes[oid:after]
        at, last = der.read_expected(attributes, after, end, der.SET)
        if last != end or name in values or len(values) == MAX_ATTRIBUTES:
            raise MalformedEvidence(ATTRIBUTES, der.to_oid_text(name))
        values[name] = attributes[at:last]
        start = end
    if values.get(_CONTENT_TYPE) != _ENCODED_DATA or _MESSAGE_DIGEST not in values:
        raise MalformedEvidence(ATTRIBUTES, "content type or message digest")
    digest = values[_MESSAGE_DIGEST]
    at, last = der.read_whole(digest, der.OCTET_STRING)
    return digest[at:last], encodings != sorted(encodings)


def _chain(certificates: list[Certificate], signer: _Signer) -> tuple[Certificate, ...]:
    """The signer's certificate and its issuers among those sent along; others are left aside."""
    chain = [
        certificate
        for certificate in certificates
        if certificate.serial == signer.serial and certificate.issuer == signer.issuer
    ]
    if len(chain) != 1:
        raise BadEvidence(SIGNER_CERTIFICATE, f"{len(chain)} for serial {signer.serial:x}")
    by_subject = {certificate.subject: certificate for certificate in certificates}
    while (above := by_subject.get(chain[-1].issuer)) is not None and above not in chain:
        chain.append(above)
    return tuple(chain)


def _scheme(signer: _Signer) -> tuple[Scheme, hashes.HashAlgorithm]:
    """The signature scheme and its digest, which must be the one the signer names."""
    scheme = X509_SCHEMES.get(signer.algorithm)
    digest = _DIGESTS.get(signer.digest)
    if scheme is None or digest is None:
        raise BadEvidence(ALGORITHM, f"CMS with {signer.algorithm.hex()}, {signer.digest.hex()}")
    if scheme.digest is None or scheme.digest.name != digest.name:
        raise BadEvidence(ALGORITHM, f"{scheme.name} over {digest.name}")
    return scheme, digest
