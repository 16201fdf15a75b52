"""A hostile megabyte costs a loader what a megabyte costs, never its square."""

import contextlib
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.support import moment
from warifu.attestation.claims import Realm
from warifu.attestation.trust.anchors import load_anchors
from warifu.attestation.trust.boot_keys import load_boot_keys
from warifu.attestation.trust.bundle import read_bundle
from warifu.attestation.trust.metadata import verify_blob
from warifu.attestation.trust.revocation import parse
from warifu.attestation.trust.snapshot import decode_record
from warifu.base.errors import WarifuError

MEGABYTE = 1 << 20
SECONDS = 5.0
AT = moment("2026-03-01")
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()

HOSTILE = {
    "brackets": b"[" * MEGABYTE,
    "nested objects": b'{"a":' * (MEGABYTE // 5),
    "one number": b'{"entries":{"a":' + b"9" * MEGABYTE + b"}}",
    "repeated names": b'{"entries":{' + b'"a":0,' * (MEGABYTE // 6) + b'"a":0}}',
    "repeats inside repeats": b'{"entries":{'
    + b",".join(b'"%x":{"a":[[[]]],"a":[[[]]]}' % number for number in range(MEGABYTE // 32))
    + b"}}",
    "half surrogates": b'"' + b"\\ud800" * (MEGABYTE // 6) + b'"',
    "dots": b"." * MEGABYTE,
    "a token of nothing": (b"A" * (MEGABYTE // 3) + b".") * 2 + b"A" * (MEGABYTE // 3),
    "white space": b" " * MEGABYTE,
    "nested arrays": b"\x81" * MEGABYTE,
    "a long string cut short": b"\x84\x5a\xff\xff\xff\xff" + bytes(MEGABYTE),
}
LOADERS: dict[str, Callable[[bytes], object]] = {
    "revocation": lambda data: parse(data, confirmed_at=AT),
    "anchors": lambda data: load_anchors(data, realm=Realm.TEST),
    "boot keys": lambda data: load_boot_keys(data, realm=Realm.TEST),
    "metadata": lambda data: verify_blob(data, anchors=[], at=AT),
    "bundle": lambda data: read_bundle(data, key=KEY, realm=Realm.TEST),
    "record": decode_record,
}


@pytest.mark.slow
@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_a_hostile_megabyte_is_done_with_in_time(
    load: Callable[[bytes], object], data: bytes
) -> None:
    started = time.perf_counter()
    with contextlib.suppress(WarifuError):
        load(data)
    assert time.perf_counter() - started < SECONDS
