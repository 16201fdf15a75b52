"""Results written by others: the drafts' examples and Veraison's tokens, with their verdicts."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.attestation.appraisal.tokens import AT, jwt_of, signer
from tests.support import refused
from warifu.attestation.appraisal import rules
from warifu.attestation.appraisal.ear import token
from warifu.attestation.appraisal.ear.document import Ear, EarProfile
from warifu.attestation.appraisal.ear.reading import read_claims
from warifu.attestation.appraisal.ear.writing import write_claims
from warifu.attestation.appraisal.vector import Tier
from warifu.base.codec import jose
from warifu.base.codec import json as codec_json
from warifu.base.codec.text import from_base64url
from warifu.base.pki import cose

DRAFT_EXAMPLES = {
    "ear-json-1": {"PSA": (Tier.CONTRAINDICATED, 96)},
    "ear-cbor-1": {"PSA": (Tier.CONTRAINDICATED, 96)},
    "ear-json-2": {"CCA Platform": (Tier.AFFIRMING, 2), "CCA Realm": (Tier.AFFIRMING, None)},
    "ext-teep-cbor-1": {"PSA": (Tier.NONE, 2)},
    "ext-teep-json-1": {"PSA": (Tier.CONTRAINDICATED, 96)},
    "ext-veraison-cbor-1": {"PSA_IOT": (Tier.NONE, 2)},
    "ext-veraison-json-1": {"PSA_IOT": (Tier.CONTRAINDICATED, 96)},
    "ext-veraison-json-2": {"PARSEC_TPM": (Tier.AFFIRMING, 2)},
}


def example(vectors: Path, name: str) -> dict[Any, Any]:
    text = (vectors / "rats-ear-draft" / "examples" / f"{name}.diag").read_text("utf-8")
    if "json" in name:
        return codec_json.decode_object(text.encode())
    # The diagnostic notation of these files is Python's, but for byte strings.
    plain = re.sub(r"h'([0-9A-Fa-f]*)'", lambda m: repr(bytes.fromhex(m[1])), text)
    document: dict[Any, Any] = ast.literal_eval(plain)
    return document


@pytest.mark.parametrize("name", DRAFT_EXAMPLES)
def test_the_examples_of_the_draft_are_read(vectors: Path, name: str) -> None:
    document = example(vectors, name)
    ear = read_claims(document, in_json="json" in name)
    assert ear.profile is EarProfile.DRAFT_03
    found = {part: (said.status, said.vector.executables) for part, said in ear.submodules.items()}
    assert found == DRAFT_EXAMPLES[name]
    assert ear.verifier.build == "vts 0.0.1"


@pytest.mark.parametrize("name", DRAFT_EXAMPLES)
def test_what_is_read_of_an_example_is_written_as_it_was(vectors: Path, name: str) -> None:
    document = example(vectors, name)
    in_json = "json" in name
    assert write_claims(read_claims(document, in_json=in_json), in_json=in_json) == document


def test_every_example_has_a_verdict(vectors: Path) -> None:
    found = {path.stem for path in (vectors / "rats-ear-draft" / "examples").glob("*.diag")}
    assert found == DRAFT_EXAMPLES.keys()


def test_the_attested_key_of_an_example_is_read(vectors: Path) -> None:
    ear = read_claims(example(vectors, "ext-veraison-json-2"), in_json=True)
    assert (ear.submodules["PARSEC_TPM"].attested_key or b"").startswith(b"\x30\x59")


def veraison(vectors: Path, name: str) -> bytes:
    return (vectors / "veraison-ear" / "tokens" / name).read_bytes().strip()


def pinned(jwk: dict[str, str]) -> dict[str, bytes]:
    key = cose.key_from_map(
        {1: 2, 3: -7, -1: 1, -2: from_base64url(jwk["x"]), -3: from_base64url(jwk["y"])}
    )
    return {"theirs": key.spki}


def read(vectors: Path, name: str, keys: dict[str, bytes] | None = None) -> Ear:
    own = json.loads((vectors / "veraison-ear" / "data" / "pkey.json").read_bytes())
    return token.read_jwt(veraison(vectors, name), keys=keys or pinned(own), at=AT)


@pytest.mark.parametrize(
    ("name", "claims"),
    [("ok-es256-full-vector.jwt", 8), ("ok-es256-veraison-extensions.jwt", 0)],
)
def test_veraison_tokens_are_read_under_the_pinned_key(
    vectors: Path, name: str, claims: int
) -> None:
    ear = read(vectors, name)
    assert ear.profile is EarProfile.VERAISON
    assert ear.submodules["test"].status is Tier.AFFIRMING
    assert len(ear.submodules["test"].vector.claims()) == claims


def test_a_key_in_the_header_is_no_reason_to_accept(vectors: Path) -> None:
    name = "untrusted-key-in-header-jwk.jwt"
    assert read(vectors, name).submodules["test"].status is Tier.AFFIRMING
    other = signer(seed=9)
    with refused(jose.SIGNATURE):
        read(vectors, name, {other.key_id: other.public_key})


def test_a_token_of_an_unknown_verifier_is_refused(vectors: Path) -> None:
    with refused(jose.SIGNATURE):
        read(vectors, "expired-trustee-cca-realm.jwt")


def test_that_token_would_be_refused_for_its_profile_even_under_its_own_key(vectors: Path) -> None:
    name = "expired-trustee-cca-realm.jwt"
    header = json.loads(from_base64url(veraison(vectors, name).split(b".")[0]))
    with refused(rules.EAR_PROFILE):
        read(vectors, name, pinned(header["jwk"]))


def test_an_empty_claims_set_is_refused_whoever_signed_it(vectors: Path) -> None:
    with refused(rules.EAR_MANDATORY):
        read(vectors, "ko-empty-claims-valid-signature.jwt")


@pytest.mark.parametrize("name", ["ko-hs256-alg-confusion.jwt", "ko-alg-none.jwt"])
def test_algorithm_confusion_is_refused(vectors: Path, name: str) -> None:
    with refused(jose.ALGORITHM):
        read(vectors, name)


@pytest.mark.parametrize("name", ["ko-float-iat-trailing-rubbish.jwt", "ko-leading-dot.jwt"])
def test_what_has_not_three_parts_is_refused(vectors: Path, name: str) -> None:
    with refused(jose.WELL_FORMED):
        read(vectors, name)


def test_the_float_in_that_token_is_refused_by_itself(vectors: Path) -> None:
    payload = veraison(vectors, "ko-float-iat-trailing-rubbish.jwt").split(b".")[1]
    own = signer()
    with refused(rules.EAR_WELL_FORMED):
        token.read_jwt(jwt_of(from_base64url(payload), by=own), keys={"k": own.public_key}, at=AT)


def test_every_veraison_token_has_a_verdict(vectors: Path) -> None:
    found = {path.name for path in (vectors / "veraison-ear" / "tokens").iterdir()}
    tested = {name for name in found if name in Path(__file__).read_text("utf-8")}
    assert found == tested


@pytest.mark.parametrize(
    "name",
    [
        "data/ear-claims.json",
        "data/ear-claims-tv-ok.json",
        "data/ear-claims-extension-ok.json",
        "data/ear-claims-key-attestation-ok.json",
    ],
)
def test_veraison_claims_sets_are_read_and_written_again(vectors: Path, name: str) -> None:
    document = json.loads((vectors / "veraison-ear" / name).read_bytes())
    ear = read_claims(document, in_json=True)
    assert all(part.status is Tier.AFFIRMING for part in ear.submodules.values())
    assert write_claims(ear, in_json=True) == document


@pytest.mark.parametrize(
    "name",
    [
        "data/ear-claims-key-attestation-ko.json",
        "tokens/ko-claims-raw-evidence-not-base64url.json",
    ],
)
def test_veraison_claims_sets_with_a_mistake_are_refused(vectors: Path, name: str) -> None:
    document = json.loads((vectors / "veraison-ear" / name).read_bytes())
    with refused(rules.EAR_WELL_FORMED):
        read_claims(document, in_json=True)
