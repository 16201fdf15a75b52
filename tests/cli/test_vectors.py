"""The command line on real evidence, as people have it in files."""

import json
from pathlib import Path

import pytest

from tests.cli.runner import run

ANDROID = "android-keyattestation/testdata"
APPLE = "uebelack-node-app-attest"
TWEAG = "tweag-webauthn/responses/attestation"
PRODUCTION_APP = "V8H6LQ9448.io.uebelacker.AppAttestExample"

ACCEPTED, REFUSED, NO_STATEMENT = 0, 1, 3

CASES: dict[str, tuple[int, str, str, list[str]]] = {
    "a Pixel 9a is accepted at its time": (
        ACCEPTED, "android-key", f"{ANDROID}/tegu/sdk36/TEE_EC_2026_ROOT.pem",
        ["--at", "2026-02-25T00:00:00Z"],
    ),
    "its remotely provisioned chain has expired since": (
        REFUSED, "android-key", f"{ANDROID}/tegu/sdk36/TEE_EC_2026_ROOT.pem",
        ["--at", "2026-11-01T00:00:00Z"],
    ),
    "a factory chain outlives its certificates": (
        ACCEPTED, "android-key", f"{ANDROID}/sony-xperia10-iii/sdk33/TEE_EC.pem",
        ["--at", "2026-06-04T00:00:00Z"],
    ),
    "the public software root is no anchor": (
        REFUSED, "android-key", f"{ANDROID}/marlin/sdk29/TEE_EC_NONE.pem",
        ["--at", "2020-06-01T00:00:00Z"],
    ),
    "another challenge is refused": (
        REFUSED, "android-key", f"{ANDROID}/blueline/sdk28/TEE_EC_NONE.pem",
        ["--at", "2018-12-01T00:00:00Z", "--challenge", "another"],
    ),
    "the right challenge is accepted": (
        ACCEPTED, "android-key", f"{ANDROID}/akita/sdk34/TEE_EC_NONE.pem",
        ["--at", "2024-09-27T00:00:00Z", "--challenge", "challenge"],
    ),
    "strict makes no statement without a revocation list": (
        NO_STATEMENT, "android-key", f"{ANDROID}/akita/sdk34/TEE_EC_NONE.pem",
        ["--at", "2024-09-27T00:00:00Z", "--challenge", "challenge", "--strict",
         "--app", "com.google.wireless.android.security.attestationverifier.collector"],
    ),
    "App Attest in production": (
        ACCEPTED, "app-attest", f"{APPLE}/attestation-production.json",
        ["--at", "2024-03-01T00:00:00Z", "--app", PRODUCTION_APP],
    ),
    "an expired App Attest credential certificate": (
        REFUSED, "app-attest", f"{APPLE}/attestation-production.json",
        ["--at", "2025-03-01T00:00:00Z", "--app", PRODUCTION_APP],
    ),
    "an App Attest assertion with its stored key": (
        ACCEPTED, "app-attest-assertion", f"{APPLE}/assertion.json",
        ["--app", PRODUCTION_APP],
    ),
    "a replayed App Attest assertion": (
        REFUSED, "app-attest-assertion", f"{APPLE}/assertion.json",
        ["--app", PRODUCTION_APP, "--counter", "1"],
    ),
    "a passkey registration": (
        ACCEPTED, "webauthn", f"{TWEAG}/packed-02.json",
        ["--at", "2023-01-25T00:00:00Z", "--app", "localhost"],
    ),
    "a passkey of another site": (
        REFUSED, "webauthn", f"{TWEAG}/packed-02.json",
        ["--at", "2023-01-25T00:00:00Z", "--app", "bank.example"],
    ),
    "an Apple passkey at its time": (
        ACCEPTED, "webauthn", f"{TWEAG}/apple-01.json",
        ["--at", "2020-10-08T00:00:00Z", "--app", "6cc3c9e7967a.ngrok.io"],
    ),
    "a metadata BLOB at its time": (
        ACCEPTED, "mds", "tweag-webauthn/golden-metadata/big/blob.jwt",
        ["--at", "2023-01-25T00:00:00Z"],
    ),
    "a metadata BLOB of another root": (
        REFUSED, "mds", "fido-mds-conformance/test-blob.jwt",
        ["--at", "2022-06-01T00:00:00Z"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_the_right_verdict(case: str, vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, name, file, options = CASES[case]
    done = run(capsys, "verify", name, vectors / file, *options, "--json")
    assert done.status == status, done.out[:2000]
    assert done.document["verdict"] == ["accepted", "refused", "", "no-statement"][status]


RECORDED_WEBAUTHN = [
    "registration_response_tpm--test_verify_attestation_dell_xps_13.json",
    "registration_response_tpm--test_verify_attestation_lenovo_carbon_x1.json",
    "registration_response_apple--test_verify_attestation_apple_passkey.json",
]


@pytest.mark.parametrize("name", RECORDED_WEBAUTHN)
def test_recordings_in_standard_base64_and_with_more_around_them(
    name: str, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = json.loads((vectors / "py_webauthn" / name).read_text())
    rp_id = recorded["verify_args"]["expected_rp_id"]
    options = ["--at", "2021-09-01T00:00:00Z", "--app", rp_id, "--json"]
    done = run(capsys, "verify", "webauthn", vectors / "py_webauthn" / name, *options)
    assert done.status == 0, done.out[:2000]


def test_der_files_of_one_chain(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = vectors / "grapheneos-auditor/samples/5"
    files = [folder / f"0_cert_{number}.der" for number in range(5)]
    files.append(folder / "1_google_root_0.der")
    done = run(capsys, "verify", "android-key", *files, "--at", "2025-11-09T12:00:00Z", "--json")
    assert done.status == 0, done.out[:2000]
    assert done.document["claims"]["boot"]["state"] == "self-signed"
