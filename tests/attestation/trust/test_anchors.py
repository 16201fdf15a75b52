"""Documents of anchors and boot keys: loaded whole and true, or not at all."""

import copy
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import no_statement
from warifu.attestation.claims import Realm
from warifu.attestation.trust import rules
from warifu.attestation.trust.anchors import (
    MAX_ANCHORS,
    PUBLISHED_TEST_KEYS,
    Anchor,
    AnchorUse,
    ValidityRule,
    load_anchors,
)
from warifu.attestation.trust.boot_keys import load_boot_keys
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.base.codec.text import from_pem_certificates, to_base64
from warifu.base.errors import RejectedTrust
from warifu.base.pki.certificate import read_certificate
from warifu.handset.authority import Authority
from warifu.service.adapters.bundled_trust import bundled_history, bundled_snapshots

BUNDLED = bundled_snapshots()


def document_of(certificate: bytes, name: str = "a root") -> dict[str, Any]:
    read = read_certificate(certificate)
    return {
        "name": name,
        "uses": ["android-key", "webauthn"],
        "sha256": sha256(certificate).hexdigest(),
        "spki_sha256": sha256(read.public_key).hexdigest(),
        "not_before": f"{read.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{read.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "validity": "enforced",
        "provenance": {"found_in": ["a test"]},
        "certificate": to_base64(certificate),
    }


@pytest.fixture(scope="module")
def root() -> dict[str, Any]:
    return document_of(Authority.root().certificate)


def load(document: object, realm: Realm = Realm.PRODUCTION) -> tuple[Anchor, ...]:
    return load_anchors(json.dumps(document).encode(), realm=realm)


def test_the_bundled_anchors_load_in_production() -> None:
    anchors = load_anchors(BUNDLED[SnapshotKind.ANCHORS], realm=Realm.PRODUCTION)
    assert len(anchors) >= 19
    uses = {use for anchor in anchors for use in anchor.uses}
    assert uses >= {AnchorUse.ANDROID_KEY, AnchorUse.APP_ATTEST, AnchorUse.FIDO_METADATA}
    assert all(anchor.provenance["found_in"] for anchor in anchors)


@pytest.mark.parametrize("realm", [[], {}, 1, None, "staging"], ids=repr)
def test_a_realm_that_is_no_word_is_refused_and_never_crashes(realm: object) -> None:
    with no_statement(rules.ANCHORS_WELL_FORMED):
        load({"realm": realm, "anchors": []})


def test_only_factory_roots_outlive_their_certificates() -> None:
    anchors = load_anchors(BUNDLED[SnapshotKind.ANCHORS], realm=Realm.PRODUCTION)
    for anchor in anchors:
        outlives = anchor.validity is ValidityRule.OUTLIVES_CERTIFICATE
        assert outlives == (anchor.point.not_after is None)
        assert not outlives or anchor.uses == {AnchorUse.ANDROID_KEY}


def test_an_anchor_is_what_its_document_says(root: dict[str, Any]) -> None:
    (anchor,) = load([root])
    assert anchor.name == "a root"
    assert anchor.uses == {AnchorUse.ANDROID_KEY, AnchorUse.WEBAUTHN}
    assert anchor.point.subject == anchor.certificate.subject


def test_an_empty_document_trusts_nothing() -> None:
    assert load([]) == ()


@pytest.mark.parametrize("member", ["sha256", "spki_sha256", "not_before", "not_after"])
def test_an_anchor_exchanged_under_its_old_name_is_refused(
    root: dict[str, Any], member: str
) -> None:
    other = document_of(Authority.root("Another", country="JP").certificate)
    other["not_before"], other["not_after"] = "2019-01-01T00:00:00Z", "2040-01-01T00:00:00Z"
    with no_statement(rules.ANCHOR_DIGEST):
        load([{**root, member: other[member]}])


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": 7},
        {"uses": "android-key"},
        {"uses": ["everything"]},
        {"uses": [["android-key"]]},
        {"validity": "for-ever"},
        {"provenance": []},
        {"certificate": "AAAA"},
        {"certificate": "?"},
        {"extra": 1},
    ],
)
def test_an_anchor_of_another_form_is_refused(root: dict[str, Any], change: Any) -> None:
    with no_statement(rules.ANCHORS_WELL_FORMED):
        load([{**root, **change}])


@pytest.mark.parametrize("member", ["name", "uses", "provenance", "certificate", "validity"])
def test_an_anchor_with_a_member_missing_is_refused(root: dict[str, Any], member: str) -> None:
    with no_statement(rules.ANCHORS_WELL_FORMED):
        load([{key: value for key, value in root.items() if key != member}])


@pytest.mark.parametrize("document", [7, {}, {"anchors": []}, {"realm": "moon", "anchors": []}])
def test_a_document_of_another_form_is_refused(document: object) -> None:
    with no_statement(rules.ANCHORS_WELL_FORMED):
        load(document)


def test_two_anchors_of_one_name_and_too_many_anchors_are_refused(root: dict[str, Any]) -> None:
    for document in ([root, root], [root] * (MAX_ANCHORS + 1)):
        with no_statement(rules.ANCHORS_WELL_FORMED):
            load(document)


def test_a_test_root_does_not_load_in_production(root: dict[str, Any]) -> None:
    document = {"realm": "test", "anchors": [root]}
    assert len(load(document, Realm.TEST)) == 1
    with no_statement(rules.REALM):
        load(document)


def test_production_anchors_may_be_used_in_tests(root: dict[str, Any]) -> None:
    assert len(load([root], Realm.TEST)) == 1
    assert len(load({"realm": "production", "anchors": [root]})) == 1


def test_a_published_test_key_is_no_anchor_whatever_its_document_says(vectors: Path) -> None:
    pem = (vectors / "fido-mds-conformance/MDS3ROOT.crt").read_bytes()
    (der,) = from_pem_certificates(pem)
    document = [document_of(der, "globalsign-root-r3")]
    assert len(load(document, Realm.TEST)) == 1
    with no_statement(rules.REALM):
        load(document)


def test_no_bundled_anchor_is_a_published_test_key() -> None:
    bundled = json.loads(BUNDLED[SnapshotKind.ANCHORS])
    assert not {anchor["spki_sha256"] for anchor in bundled} & PUBLISHED_TEST_KEYS.keys()


def test_the_bundled_boot_keys_tell_whose_they_are() -> None:
    keys = load_boot_keys(BUNDLED[SnapshotKind.BOOT_KEYS], realm=Realm.PRODUCTION)
    assert len(keys.entries) == 21
    pixel_9 = keys.find(
        bytes.fromhex("9e6a8f3e0d761a780179f93acd5721ba1ab7c8c537c7761073c0a754b0e932de")
    )
    assert pixel_9 is not None
    assert (pixel_9.os, pixel_9.device) == ("GrapheneOS", "Google Pixel 9")
    assert pixel_9.provenance["found_in"]
    assert keys.find(bytes(32)) is None


BOOT_KEY = {"key": "ab" * 32, "os": "Some OS", "provenance": {}}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        [],
        {"keys": {}},
        {"keys": [7]},
        {"keys": [{**BOOT_KEY, "key": "ab"}]},
        {"keys": [{**BOOT_KEY, "key": "AB" * 32}]},
        {"keys": [{**BOOT_KEY, "os": ""}]},
        {"keys": [{**BOOT_KEY, "device": 9}]},
        {"keys": [{**BOOT_KEY, "provenance": None}]},
        {"keys": [{**BOOT_KEY, "allow": True}]},
        {"keys": [BOOT_KEY, BOOT_KEY]},
    ],
)
def test_boot_keys_of_another_form_are_refused(document: Any) -> None:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with no_statement(rules.BOOT_KEYS_WELL_FORMED):
        load_boot_keys(data, realm=Realm.PRODUCTION)


def test_boot_keys_of_a_test_realm_do_not_load_in_production() -> None:
    data = json.dumps({"realm": "test", "keys": [BOOT_KEY]}).encode()
    assert load_boot_keys(data, realm=Realm.TEST).find(bytes.fromhex("ab" * 32)) is not None
    with no_statement(rules.REALM):
        load_boot_keys(data, realm=Realm.PRODUCTION)


def test_the_grapheneos_sample_boots_with_a_known_key(vectors: Path) -> None:
    leaf = (vectors / "grapheneos-auditor/samples/5/0_cert_0.der").read_bytes()
    keys = bundled_history().as_of(read_certificate(leaf).not_after).boot_keys
    assert keys is not None
    assert any(key in leaf for key in keys.entries)


@given(st.data())
def test_any_damage_to_a_document_is_refused_or_harmless(data: st.DataObject) -> None:
    document = copy.deepcopy(json.loads(BUNDLED[SnapshotKind.ANCHORS]))[:2]
    target = data.draw(st.sampled_from(document))
    member = data.draw(st.sampled_from(sorted(target)))
    target[member] = data.draw(
        st.none() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=10))
    )
    try:
        anchors = load(document)
    except RejectedTrust:
        return
    assert len(anchors) == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_one_error(data: bytes) -> None:
    for loader in (load_anchors, load_boot_keys):
        with pytest.raises(RejectedTrust):
            loader(data, realm=Realm.PRODUCTION)
