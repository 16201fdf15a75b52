"""ProvisioningInfo: what the provisioning server wrote into a certificate it issued remotely."""

from __future__ import annotations

from warifu.base.codec import cbor, der

PROVISIONING_INFO_OID = der.from_oid_text("1.3.6.1.4.1.11129.2.1.30")
MAX_COUNT = 1 << 31

_CERTIFICATES_ISSUED = 1


def read_certificates_issued(data: bytes) -> int | None:
    """How many certificates the device was given of late; None where that is not said.

    Args:
        data: Content of the extension: a CBOR map with integer keys (Google verify, "Provisioning
            information extension data schema"). Keys beside the count are not documented.

    Raises:
        MalformedEvidence: Not a CBOR map.
    """
    issued = cbor.decode_map(data).get(_CERTIFICATES_ISSUED)
    return issued if type(issued) is int and 0 <= issued < MAX_COUNT else None
