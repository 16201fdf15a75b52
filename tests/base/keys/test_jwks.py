"""Published keys are read alike by others: JOSE and COSE."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from joserfc.jwk import KeySet

from tests.support import misuse
from warifu.base.codec import text
from warifu.base.keys import jwks as rules
from warifu.base.keys.jwks import cose_key_set, jwk_set, thumbprint
from warifu.base.keys.purpose import KeyPurpose
from warifu.base.keys.ring import Custody, KeyRecord, KeyRing
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.pki import cose

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


@pytest.fixture
def records() -> tuple[KeyRecord, ...]:
    ring = KeyRing()
    for purpose, algorithm in ((KeyPurpose.EAR, "ES256"), (KeyPurpose.RECEIPT, "EdDSA")):
        signer = SoftwareSigner.generate(algorithm, os.urandom)
        ring = ring.rotate(purpose, signer, custody=Custody.FILE, now=NOW)
    return ring.published(NOW)


def test_the_thumbprint_of_rfc_8037() -> None:
    public = text.from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert thumbprint(ED25519_PREFIX + public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_another_library_reads_the_jwk_set(records: tuple[KeyRecord, ...]) -> None:
    keys = KeySet.import_key_set(json.loads(jwk_set(records)))
    for key, record in zip(keys.keys, records, strict=True):
        assert key.thumbprint() == record.key_id == key.kid
        assert key.as_dict()["alg"] == record.algorithm
        assert key.as_dict()["use"] == "sig"
        assert key.as_dict()["purpose"] == record.purpose.value


def test_no_private_member_is_published(records: tuple[KeyRecord, ...]) -> None:
    public = {"kty", "crv", "x", "y", "kid", "alg", "use", "purpose"}
    assert all(set(key) <= public for key in json.loads(jwk_set(records))["keys"])


def test_our_cose_reader_reads_the_cose_key_set(records: tuple[KeyRecord, ...]) -> None:
    items: list[dict[Any, Any]] = cbor2.loads(cose_key_set(records))
    for item, record in zip(items, records, strict=True):
        assert item.pop(2) == record.key_id.encode()
        assert item.pop(4) == [2]
        key = cose.key_from_map(item)
        assert (key.spki, key.name) == (record.public_key, record.algorithm)


def test_nothing_published_is_an_empty_set() -> None:
    assert json.loads(jwk_set(())) == {"keys": []}
    assert cbor2.loads(cose_key_set(())) == []


@pytest.mark.parametrize("public_key", [b"", ED25519_PREFIX, b"\0" * 44, b"\0" * 91])
def test_a_key_of_another_kind_is_not_published(public_key: bytes) -> None:
    with misuse(rules.PUBLIC_KEY):
        thumbprint(public_key)
