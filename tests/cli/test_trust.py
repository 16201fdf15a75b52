"""``warifu trust``: what we believed on 3 March is a query, and carrying it is safe."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.cli.runner import run

LISTS = {"2021-10-10": 15, "2023-05-28": 46, "2025-01-08": 467}
REVOKED = json.dumps({"entries": {"c35747a084470c3135aeefe2b8d40cd6": {"status": "REVOKED"}}})


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A signing key and its public half, as PEM files."""
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


@pytest.fixture
def trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A production directory that has known the bundled anchors since 2021."""
    path = tmp_path / "trust"
    assert run(capsys, "trust", "init", "--trust", path, "--learned-at", "2021-01-01").status == 0
    return path


def test_what_did_we_believe_then(
    trust: Path, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in LISTS:
        file = vectors / f"google-revocation-status/status-{day}.json"
        options = ["--trust", trust, "--learned-at", day]
        done = run(capsys, "trust", "add", "android-revocation", file, *options)
        assert done.status == 0, done.err
    for day, count in LISTS.items():
        at = f"{day}T12:00:00Z"
        shown = run(capsys, "trust", "show", "--trust", trust, "--known-at", at, "--json")
        assert shown.document["revoked_serials"] == count
    before = run(capsys, "trust", "show", "--trust", trust, "--known-at", "2020-01-01", "--json")
    assert before.status == 3, "nothing was believed before it was learned"


def test_a_verification_believes_what_was_known_then(
    trust: Path, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = vectors / "android-keyattestation/testdata/blueline/sdk28/TEE_EC_NONE.pem"
    evidence = run(capsys, "verify", "android-key", chain, "--at", "2021-06-01", "--json")
    serial = evidence.document["claims"]["chain"][1]["serial"]
    revoked = tmp_path / "status.json"
    revoked.write_text(json.dumps({"entries": {str(int(serial, 16)): {"status": "SUSPENDED"}}}))
    options = ["--trust", trust, "--learned-at", "2022-03-03T00:00:00Z"]
    assert run(capsys, "trust", "add", "android-revocation", revoked, *options).status == 0
    command = ["verify", "android-key", chain, "--trust", trust, "--at", "2021-06-01", "--json"]
    assert run(capsys, *command, "--known-at", "2022-03-02T23:59:59Z").status == 0
    refused = run(capsys, *command, "--known-at", "2022-03-03T00:00:01Z")
    assert refused.status == 1
    assert refused.document["reasons"][0]["code"] == "android-key/not-revoked"


def test_a_history_is_carried_as_one_signed_file(
    trust: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, elsewhere = tmp_path / "trust.bundle", tmp_path / "elsewhere"
    revoked = tmp_path / "status.json"
    revoked.write_text(REVOKED)
    run(capsys, "trust", "add", "android-revocation", revoked, "--trust", trust)
    exported = run(capsys, "trust", "export", bundle, "--trust", trust, "--key", keys[0])
    assert exported.status == 0, exported.err
    imported = run(capsys, "trust", "import", bundle, "--trust", elsewhere, "--key", keys[1])
    assert imported.status == 0, imported.err
    here, there = (
        run(capsys, "trust", "show", "--trust", each, "--json").document
        for each in (trust, elsewhere)
    )
    assert [r["sha256"] for r in here["records"]] == [r["sha256"] for r in there["records"]]


def test_a_tampered_bundle_is_not_taken(
    trust: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, elsewhere = tmp_path / "trust.bundle", tmp_path / "elsewhere"
    run(capsys, "trust", "export", bundle, "--trust", trust, "--key", keys[0])
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    done = run(capsys, "trust", "import", bundle, "--trust", elsewhere, "--key", keys[1])
    assert done.status == 3
    assert "bundle/signature" in done.err


class Publisher(BaseHTTPRequestHandler):
    """A publisher on the loopback that knows about ETags."""

    def do_GET(self) -> None:
        if self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
            self.end_headers()
            return
        body = REVOKED.encode()
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Path]:
    server = HTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    path = tmp_path / "sources.json"
    url = f"http://127.0.0.1:{server.server_port}/status"
    path.write_text(json.dumps({"sources": [{"kind": "android-revocation", "url": url}]}))
    yield path
    server.shutdown()
    server.server_close()


def test_refreshing_learns_and_then_confirms(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = tmp_path / "fresh"
    command = ["trust", "refresh", "--trust", trust, "--sources", sources, "--json"]
    outcomes = []
    for _ in range(2):
        done = run(capsys, *command)
        assert done.status == 0, done.out
        outcomes += [each["outcome"] for each in done.document["outcomes"]]
    assert outcomes == ["updated", "confirmed"]


def test_a_publisher_that_is_down_leaves_what_was_known(
    trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sources = tmp_path / "sources.json"
    nobody = {"kind": "android-revocation", "url": "http://127.0.0.1:9/status"}
    sources.write_text(json.dumps({"sources": [nobody]}))
    done = run(capsys, "trust", "refresh", "--trust", trust, "--sources", sources, "--json")
    assert done.status == 3
    assert done.document["outcomes"][0]["outcome"] == "unreachable"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_person_sees_what_is_believed(
    language: str, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "trust", "show", "--trust", trust, "--lang", language)
    assert done.status == 0
    assert "anchors" in done.out


def test_files_that_are_no_keys_are_usage_errors(
    trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_text("rubbish")
    for command in ("export", "import"):
        done = run(capsys, "trust", command, rubbish, "--trust", trust, "--key", rubbish)
        assert done.status == 2, done.err
