"""Client certificates: TLS ends at the proxy, which says what the client showed (RFC 9440).

That the client holds the certificate's key is the proxy's word, and so are the authorities it
accepted. We ask that the proxy is ours, and that this very certificate was registered.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Denied, MalformedEvidence
from warifu.base.pki.certificate import MAX_CERTIFICATE_BYTES, read_certificate
from warifu.service.callers.fields import read_byte_sequence
from warifu.service.callers.names import split_name
from warifu.service.callers.rules import CERTIFICATE, TRUSTED_PROXY, UNAUTHENTICATED

if TYPE_CHECKING:
    from warifu.service.callers.request import Origin, RequestView

CERTIFICATE_FIELD = "client-cert"
CHAIN_FIELD = "client-cert-chain"
CALLER_FIELD = "warifu-caller"
MAX_CHARACTERS = MAX_CERTIFICATE_BYTES * 4 // 3 + 8


class ClaimedCertificate(Struct, frozen=True, kw_only=True):
    """A certificate that a trusted proxy saw in use, and whose it is said to be."""

    tenant: str
    caller: str
    fingerprint: bytes
    """SHA-256 of the DER, 32 bytes."""
    not_before: datetime
    not_after: datetime

    def check_dates(self, now: datetime) -> None:
        """Refuse it outside its validity; the proxy may check nothing but the chain.

        Raises:
            Denied: ``callers/unauthenticated``.
        """
        if not self.not_before <= now <= self.not_after:
            raise Denied(UNAUTHENTICATED, "the certificate is not valid today")


def refuse_smuggled_certificate(view: RequestView, origin: Origin) -> None:
    """Refuse a request whose certificate fields no trusted proxy wrote, whatever else it carries.

    Raises:
        Denied: ``callers/trusted-proxy``.
    """
    if not origin.by_proxy and (view.values(CERTIFICATE_FIELD) or view.values(CHAIN_FIELD)):
        raise Denied(TRUSTED_PROXY, "Client-Cert from elsewhere")


def read_client_certificate(view: RequestView) -> ClaimedCertificate:
    """The certificate of a request that came through a trusted proxy.

    Raises:
        Denied: ``callers/certificate``.
    """
    fields, names = view.values(CERTIFICATE_FIELD), view.values(CALLER_FIELD)
    if len(fields) != 1 or len(names) != 1:
        raise Denied(CERTIFICATE, f"{len(fields)} certificates for {len(names)} names")
    name = split_name(names[0])
    if name is None:
        raise Denied(CERTIFICATE, "Warifu-Caller is not tenant/caller")
    try:
        certificate = read_certificate(
            read_byte_sequence(fields[0], CERTIFICATE, most=MAX_CHARACTERS)
        )
    except MalformedEvidence as error:
        raise Denied(CERTIFICATE, error.code) from error
    return ClaimedCertificate(
        tenant=name[0],
        caller=name[1],
        fingerprint=certificate.fingerprint,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )
