"""A simulated phone and a trust directory of the test realm that knows its maker."""

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.runner import run
from tests.cli.threat import Threat
from warifu.attestation.document import rfc3339
from warifu.base.pki.certificate import read_certificate
from warifu.demo.world import CHALLENGE
from warifu.handset.android_key import AndroidPhone

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def threat(capsys: pytest.CaptureFixture[str]) -> Threat:
    return Threat(capsys)


@pytest.fixture(scope="module")
def phone() -> AndroidPhone:
    return AndroidPhone.factory()


@pytest.fixture(scope="module")
def chain(phone: AndroidPhone) -> list[bytes]:
    return phone.attest(challenge=CHALLENGE, made_at=NOW).certificates()


@pytest.fixture
def test_realm(
    phone: AndroidPhone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Options that name a trust directory of the test realm with the phone's root."""
    anchors = tmp_path / "anchors.json"
    anchors.write_bytes(anchors_document(phone.root))
    trust = tmp_path / "trust"
    options = ["--trust", str(trust), "--realm", "test"]
    made = run(
        capsys, "trust", "init", *options, "--anchors", anchors, "--learned-at", "2026-01-01"
    )
    assert made.status == 0, made.err
    return options


def anchors_document(certificate: bytes) -> bytes:
    parsed = read_certificate(certificate)
    entry = {
        "name": "test-google",
        "uses": ["android-key"],
        "sha256": sha256(certificate).hexdigest(),
        "spki_sha256": sha256(parsed.public_key).hexdigest(),
        "not_before": rfc3339(parsed.not_before),
        "not_after": rfc3339(parsed.not_after),
        "validity": "outlives-certificate",
        "provenance": {"publisher": "this test"},
        "certificate": base64.b64encode(certificate).decode(),
    }
    return json.dumps({"realm": "test", "anchors": [entry]}).encode()
