"""``warifu verify``: every wrapping is recognised, every ending has its status."""

import base64
import json
from pathlib import Path

import cbor2
import pytest

from tests.cli.runner import run
from warifu.attestation.evidence.rules import android_key as android_rules
from warifu.demo.world import CHALLENGE, World
from warifu.handset import android_key

AT = "2026-03-03T12:00:00Z"


def wrappings(chain: list[bytes]) -> dict[str, bytes]:
    texts = [base64.b64encode(each).decode() for each in chain]
    urls = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in chain]
    pem = b"".join(map(android_key.to_pem, chain))
    record = [
        "application/pem-certificate-chain",
        base64.urlsafe_b64encode(pem).decode().rstrip("="),
    ]
    return {
        "pem": pem,
        "pem-with-text-around": b"subject=/CN=leaf\n" + pem + b"\nbye",
        "der": b"".join(chain),
        "base64-lines": "\n".join(texts).encode(),
        "base64-of-all": base64.b64encode(b"".join(chain)),
        "json-array": json.dumps(texts).encode(),
        "json-array-base64url": json.dumps(urls).encode(),
        "json-object-x5c": json.dumps({"x5c": texts}).encode(),
        "json-array-of-pem": json.dumps([android_key.to_pem(c).decode() for c in chain]).encode(),
        "cmw": json.dumps(record).encode(),
        "cmw-cbor": cbor2.dumps([record[0].upper(), pem + b" "]),
    }


@pytest.mark.parametrize("wrapping", list(wrappings([b"MI"])))
def test_every_wrapping_of_a_chain_is_recognised(
    wrapping: str,
    chain: list[bytes],
    test_realm: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "evidence"
    file.write_bytes(wrappings(chain)[wrapping])
    done = run(capsys, "verify", "android-key", file, *test_realm, "--at", AT, "--json")
    assert done.status == 0, done.out
    assert done.document["claims"]["boot"]["locked"] is True


def test_a_chain_may_be_given_one_certificate_a_file(
    chain: list[bytes], test_realm: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for number, certificate in enumerate(chain):
        files.append(tmp_path / f"{number}.der")
        files[-1].write_bytes(certificate)
    done = run(capsys, "verify", "android-key", *files, *test_realm, "--at", AT, "--json")
    assert done.status == 0


def test_what_was_not_checked_is_listed(
    chain: list[bytes], test_realm: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    done = run(capsys, "verify", "android-key", file, *test_realm, "--at", AT, "--json")
    assert {gap["rule"] for gap in done.document["unchecked"]} == {
        android_rules.CHALLENGE.code,
        android_rules.APP.code,
        android_rules.NOT_REVOKED.code,
    }


def test_strict_makes_no_statement_where_anything_is_open(
    chain: list[bytes], test_realm: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    done = run(capsys, "verify", "android-key", file, *test_realm, "--at", AT, "--strict", "--json")
    assert done.status == 3
    assert done.document["verdict"] == "no-statement"
    assert done.document["claims"] is None


@pytest.mark.parametrize(
    "given",
    [
        CHALLENGE.decode(),
        "hex:" + CHALLENGE.hex(),
        "b64:" + base64.b64encode(CHALLENGE).decode(),
        "b64:" + base64.urlsafe_b64encode(CHALLENGE).decode().rstrip("="),
    ],
    ids=["text", "hex", "base64", "base64url"],
)
def test_a_challenge_may_be_text_hex_or_base64(
    given: str,
    chain: list[bytes],
    test_realm: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    options = [*test_realm, "--at", AT, "--challenge", given, "--app", android_key.PACKAGE]
    done = run(capsys, "verify", "android-key", file, *options, "--json")
    assert done.status == 0
    assert done.document["claims"]["freshness"]["challenge_matches"] is True


def test_another_challenge_is_refused_with_the_exact_reason(
    chain: list[bytes], test_realm: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    options = [*test_realm, "--at", AT, "--challenge", "another"]
    done = run(capsys, "verify", "android-key", file, *options, "--json")
    assert done.status == 1
    assert [reason["code"] for reason in done.document["reasons"]] == [android_rules.CHALLENGE.code]
    assert done.document["reasons"][0]["ja"] == android_rules.CHALLENGE.requires.ja


@pytest.mark.parametrize(
    "name",
    [
        "android-key",
        "app-attest",
        "app-attest-assertion",
        "app-attest-receipt",
        "webauthn",
        "mds",
        "play-integrity",
        "safetynet",
    ],
)
@pytest.mark.parametrize("content", [b"", b"\x00\xff rubbish", b"{", b"[[[[", b"-----BEGIN"])
def test_malformed_evidence_is_refused_and_is_no_usage_error(
    name: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rubbish"
    file.write_bytes(content)
    done = run(capsys, "verify", name, file, "--json")
    assert done.status == 1, done.out
    assert done.document["verdict"] == "refused"
    assert done.document["reasons"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["verify", "no-such-format", "x"],
        ["verify", "android-key", "/no/such/file"],
        ["verify", "android-key", "README.md", "--at", "yesterday"],
        ["verify", "android-key", "README.md", "--at", "2026-03-03T00:00:00"],
        ["verify", "android-key", "README.md", "--challenge", "hex:zz"],
        ["verify", "android-key", "README.md", "--no-such-option"],
        ["verify", "android-key", "README.md", "--realm", "test"],
        ["verify", "android-key", "README.md", "--trust", "/no/such/directory"],
        ["explain", "README.md"],
        ["replay", "/no/such/file"],
        ["no-such-command"],
    ],
)
def test_usage_errors_and_unreadable_files_end_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *arguments).status == 2


def test_test_roots_do_not_load_in_production(
    chain: list[bytes], test_realm: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    trust = test_realm[:2]
    done = run(capsys, "verify", "android-key", file, *trust, "--at", AT, "--json")
    assert done.status == 3
    assert done.document["reasons"][0]["code"] == "trust/realm"


def test_the_bundled_anchors_do_not_trust_a_simulated_phone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "chain.pem"
    file.write_bytes(World().attest().pem())
    done = run(capsys, "verify", "android-key", file, "--json")
    assert done.status == 1
    assert done.document["reasons"][0]["code"] == "pki/anchored"


@pytest.mark.parametrize(("language", "word"), [("ja", "受理"), ("en", "ACCEPTED")])
def test_a_person_reads_the_verdict_in_either_language(
    language: str,
    word: str,
    chain: list[bytes],
    test_realm: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "chain.der"
    file.write_bytes(b"".join(chain))
    done = run(capsys, "verify", "android-key", file, *test_realm, "--at", AT, "--lang", language)
    assert word in done.out
    assert "\x1b[" not in done.out, "no colour where there is no terminal"
