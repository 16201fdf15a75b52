"""A simulated metadata service: makes FIDO MDS BLOBs, honest until told otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from warifu.base.codec.text import to_base64
from warifu.handset import der_writer as w
from warifu.handset.authority import Authority, CertificateDraft, key_usage, name, new_key, spki
from warifu.handset.jose_writer import json_bytes, make_jws

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

SERVICE_NAME = "mds.fidoalliance.org"
AAGUID = "5ca1ab1e-0000-4000-8000-000000000001"
_DNS_NAME = 2


def model(aaguid: str = AAGUID, *, roots: tuple[bytes, ...] = (), **status: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """One entry of a BLOB.

    Args:
        aaguid: Of the model.
        roots: DER of its attestation roots.
        **status: Members of its one status report; certified since 2024 unless given.
    """
    report = {"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2024-01-01", **status}
    return {
        "aaguid": aaguid,
        "metadataStatement": {
            "description": "Warifu test authenticator",
            "aaguid": aaguid,
            "authenticatorVersion": 1,
            "protocolFamily": "fido2",
            "schema": 3,
            "attestationTypes": ["basic_full"],
            "keyProtection": ["hardware", "secure_element"],
            "attestationRootCertificates": [to_base64(root) for root in roots],
        },
        "statusReports": [report],
        "timeOfLastStatusChange": report["effectiveDate"],
    }


@dataclass(kw_only=True)
class MetadataService:
    """Everything that goes into one BLOB. Change any field, then take `blob`."""

    root: Authority = field(default_factory=lambda: Authority.root("Warifu Test Metadata Root"))
    authority: Authority = field(init=False)
    key: PrivateKey = field(default_factory=new_key)
    signer: CertificateDraft = field(init=False)
    signed_by: PrivateKey | bytes | None = field(init=False)
    """Who signs the BLOB: the signer's key unless changed."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "typ": "JWT"})
    payload: dict[str, Any] = field(init=False)
    chain: list[bytes] | None = None
    """DER of the certificates in the header; None makes them from `signer`."""

    def __post_init__(self) -> None:
        """Certify the signer and fill in an honest payload."""
        self.authority = self.root.subordinate("Warifu Test Metadata Authority")
        self.signer = self.authority.draft(name("Warifu Test Metadata Signer"), spki(self.key))
        self.signer.extension("2.5.29.15", key_usage(0), critical=True)
        self.name_signer(SERVICE_NAME)
        self.signed_by = self.key
        self.payload = {
            "legalHeader": "Test metadata.",
            "no": 7,
            "nextUpdate": "2026-12-01",
            "entries": [model()],
        }

    def name_signer(self, *names: str) -> None:
        """Let the signer's certificate bear these DNS names."""
        names_value = (w.context(_DNS_NAME, n.encode(), constructed=False) for n in names)
        self.signer.extension("2.5.29.17", w.sequence(*names_value))

    @property
    def blob(self) -> bytes:
        """The compact JWS, signed anew."""
        chain = self.chain
        if chain is None:
            chain = [self.authority.issue(self.signer), self.authority.certificate]
        header = {**self.header, "x5c": [to_base64(certificate) for certificate in chain]}
        return make_jws(header, json_bytes(self.payload), self.signed_by)
