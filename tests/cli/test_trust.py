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


def test_a_verdict_is_replayed_on_another_machine(
    trust: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence, saved = tmp_path / "garbage", tmp_path / "verdict.json"
    evidence.write_bytes(b"no evidence")
    verified = run(capsys, "verify", "android-key", evidence, "--trust", trust, "--json")
    saved.write_text(verified.out)
    bundle, later, same = (tmp_path / name for name in ("bundle", "later", "same"))
    run(capsys, "trust", "export", bundle, "--trust", trust, "--key", keys[0])
    take = ["trust", "import", bundle, "--key", keys[1], "--trust"]
    assert run(capsys, *take, later).status == 0
    assert run(capsys, *take, same, "--as-recorded").status == 0
    # What was only learned now was not believed then.
    assert run(capsys, "replay", saved, "--trust", later).status == 1
    assert run(capsys, "replay", saved, "--trust", same, "--json").document["same"] is True
    again = run(capsys, *take, same, "--as-recorded")
    assert (again.status, "trust/directory-empty" in again.err) == (2, True)


def test_a_bundle_may_be_taken_into_an_empty_folder(
    trust: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, empty = tmp_path / "bundle", tmp_path / "empty"
    empty.mkdir()
    run(capsys, "trust", "export", bundle, "--trust", trust, "--key", keys[0])
    done = run(capsys, "trust", "import", bundle, "--key", keys[1], "--trust", empty)
    assert done.status == 0, done.err


def test_what_is_written_is_told_as_json(
    keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust, bundle, revoked = tmp_path / "made", tmp_path / "bundle", tmp_path / "status.json"
    revoked.write_text(REVOKED)
    made = run(capsys, "trust", "init", "--trust", trust, "--json").document["records"]
    assert {record["kind"] for record in made} == {"anchors", "boot-keys"}
    options = ["--trust", trust, "--json"]
    added = run(capsys, "trust", "add", "android-revocation", revoked, *options)
    assert [record["kind"] for record in added.document["records"]] == ["android-revocation"]
    written = run(capsys, "trust", "export", bundle, *options, "--key", keys[0])
    elsewhere = ["--trust", tmp_path / "elsewhere", "--json"]
    taken = run(capsys, "trust", "import", bundle, *elsewhere, "--key", keys[1])
    names = [[record["sha256"] for record in each.document["records"]] for each in (written, taken)]
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_a_person_sees_when_what_is_believed_grows_stale(
    trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    revoked = tmp_path / "status.json"
    revoked.write_text(REVOKED)
    learned = ["--learned-at", "2099-03-03T00:00:00Z"]
    run(capsys, "trust", "add", "android-revocation", revoked, "--trust", trust, *learned)
    show = ["trust", "show", "--trust", trust, "--lang", "en", "--known-at"]
    fresh = run(capsys, *show, "2099-03-04T00:00:00Z", "--json").document
    assert fresh["believed_until"] == {"android-revocation": "2099-03-04T00:00:00Z"}
    assert fresh["stale"] == []
    assert "(stale)" not in run(capsys, *show, "2099-03-04T00:00:00Z").out
    late = "2099-03-04T00:00:01Z"
    assert run(capsys, *show, late, "--json").document["stale"] == ["android-revocation"]
    assert "(stale)" in run(capsys, *show, late).out


def test_a_damaged_snapshot_is_not_listed_as_believed(
    trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in (trust / "objects").iterdir():
        each.write_bytes(b"decayed")
    done = run(capsys, "trust", "show", "--trust", trust)
    assert (done.status, "trust/snapshot-intact" in done.err) == (3, True)


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
    monkeypatch.setattr("warifu.cli.trust.sleep", lambda _: None)
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
