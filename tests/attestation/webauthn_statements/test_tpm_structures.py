"""TPM structures: any bytes are read, or refused by the error tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warifu.attestation.evidence.readers.tpm_manufacturers import MANUFACTURERS
from warifu.attestation.evidence.readers.tpm_structures import (
    MAX_COORDINATE_BYTES,
    read_attest,
    read_public_area,
)
from warifu.base.errors import MalformedEvidence
from warifu.base.pki import alternative_names
from warifu.handset.tpm import Attest, PublicArea, sized
from warifu.handset.webauthn import CredentialKey

AREAS = tuple(PublicArea(key=CredentialKey(number).private).encode() for number in (-7, -257))
INFO = Attest(extra_data=bytes(32), attested_name=bytes(34)).encode()
READERS = (
    read_public_area,
    read_attest,
    alternative_names.dns_names,
    alternative_names.directory_attributes,
)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reader in READERS:
        try:
            reader(data)
        except MalformedEvidence:
            continue


@given(st.sampled_from((*AREAS, INFO)), st.integers(0, 400), st.integers(1, 255))
def test_any_altered_structure_is_read_or_refused(honest: bytes, position: int, mask: int) -> None:
    position %= len(honest)
    altered = bytearray(honest)
    altered[position] ^= mask
    for reader in (read_public_area, read_attest):
        try:
            reader(bytes(altered))
        except MalformedEvidence:
            continue


@pytest.mark.parametrize("honest", [*AREAS, INFO], ids=["ecc", "rsa", "attest"])
def test_every_prefix_is_refused(honest: bytes) -> None:
    for size in range(len(honest)):
        for reader in (read_public_area, read_attest):
            with pytest.raises(MalformedEvidence):
                reader(honest[:size])


def test_oversized_coordinates_are_refused() -> None:
    long = sized(bytes(MAX_COORDINATE_BYTES + 1))
    for coordinates in (long + sized(b""), sized(b"") + long):
        with pytest.raises(MalformedEvidence):
            read_public_area(AREAS[0][:-68] + coordinates)


def test_manufacturers_are_four_octets_in_capitals() -> None:
    for identifier in MANUFACTURERS:
        assert len(bytes.fromhex(identifier)) == 4
        assert identifier == identifier.upper()
