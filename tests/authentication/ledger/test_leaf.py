"""Leaves: nobody in them, nothing else than their kind has, and commitments that open one way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.ledger.logs import LOG, NOW
from tests.support import misuse, refused
from warifu.authentication.ledger import leaf as leaves
from warifu.authentication.ledger import rules
from warifu.authentication.ledger.leaf import (
    SHAPES,
    LeafKind,
    commit,
    decode_leaf,
    encode_leaf,
    make_leaf,
    open_commitment,
    salt_for,
)
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence
from warifu.base.secret import Secret

SECRET = Secret(bytes(range(32)))
VALUES = {"user": b"hanako", "device": b"d-1", "key": bytes(32)}
ENROLMENT = make_leaf(
    LeafKind.ENROLMENT,
    at=NOW + timedelta(microseconds=5),
    values=VALUES,
    secret=SECRET,
)
KEY = make_leaf(
    LeafKind.SERVER_KEY, at=NOW, public={"purpose": "receipt", "public-key": LOG.public_key}
)


@pytest.mark.parametrize("kind", list(LeafKind))
def test_a_leaf_of_every_kind_is_written_and_read(kind: LeafKind) -> None:
    shape = SHAPES[kind]
    values = dict.fromkeys(shape.committed | shape.may_commit, b"value")
    public: dict[str, bytes | str] = dict.fromkeys(shape.public, "text")
    made = make_leaf(kind, at=NOW, values=values, secret=SECRET, public=public)
    assert decode_leaf(encode_leaf(made)) == made


def test_nobody_is_in_a_leaf() -> None:
    data = encode_leaf(ENROLMENT)
    assert b"hanako" not in data
    assert b"d-1" not in data
    assert SECRET.reveal() not in data
    assert ENROLMENT.at == NOW


def test_the_same_person_in_two_leaves_cannot_be_joined() -> None:
    other = make_leaf(LeafKind.ENROLMENT, at=NOW, values=VALUES, secret=Secret(bytes(32)))
    assert not set(other.commitments.values()) & set(ENROLMENT.commitments.values())


def test_a_commitment_opens_to_its_value() -> None:
    for name, value in VALUES.items():
        salt = salt_for(SECRET, name)
        assert open_commitment(ENROLMENT, name, value=value, salt=salt) == value


@pytest.mark.parametrize(
    ("name", "value", "salt"),
    [
        ("user", b"taro", salt_for(SECRET, "user")),
        ("user", b"hanako", salt_for(SECRET, "device")),
        ("user", b"anako", salt_for(SECRET, "user") + b"h"),
        ("app", b"hanako", salt_for(SECRET, "app")),
    ],
)
def test_a_commitment_opens_to_no_other_value(name: str, value: bytes, salt: bytes) -> None:
    with refused(rules.COMMITMENT):
        open_commitment(ENROLMENT, name, value=value, salt=salt)


def test_a_salt_too_short_to_hide_a_name_is_misuse() -> None:
    with misuse(rules.COMMITMENT):
        commit(b"hanako", b"salt")
    with misuse(rules.COMMITMENT):
        salt_for(Secret(bytes(31)), "user")
    with misuse(rules.COMMITMENT):
        make_leaf(LeafKind.ENROLMENT, at=NOW, values=VALUES)


@pytest.mark.parametrize(
    "members",
    [
        {"kind": LeafKind.ENROLMENT},
        {"kind": LeafKind.ENROLMENT, "public": {"name": "花子"}},
        {"kind": LeafKind.SERVER_KEY, "public": {"purpose": "", "public-key": b"k"}},
        {"kind": LeafKind.SERVER_KEY, "public": {"purpose": "p" * 65, "public-key": b"k"}},
        {"kind": LeafKind.SERVER_KEY, "public": {"purpose": "p", "public-key": b"k" * 4096}},
        {"kind": LeafKind.SERVER_KEY, "public": {"purpose": "p", "public-key": 7}},
    ],
)
def test_members_that_a_kind_does_not_have_are_misuse(members: dict[str, Any]) -> None:
    with misuse(rules.LEAF_FORM):
        make_leaf(at=NOW, **members)


def changed(leaf: leaves.Leaf, **members: Any) -> bytes:
    labels = {"version": 1, "kind": 2, "at": 3, "commitments": 4, "public": 5, "more": 6}
    item = cbor.decode_map(encode_leaf(leaf))
    item.update({labels[name]: value for name, value in members.items()})
    return cbor.encode_deterministic(item)


@pytest.mark.parametrize(
    "data",
    [
        changed(ENROLMENT, version=2),
        changed(ENROLMENT, kind="wedding"),
        changed(ENROLMENT, at=-1),
        changed(ENROLMENT, at=1 << 60),
        changed(ENROLMENT, commitments={}),
        changed(ENROLMENT, commitments={**ENROLMENT.commitments, "name": bytes(32)}),
        changed(ENROLMENT, commitments={**ENROLMENT.commitments, 7: bytes(32)}),
        changed(ENROLMENT, commitments={**ENROLMENT.commitments, "user": bytes(31)}),
        changed(ENROLMENT, commitments={**ENROLMENT.commitments, "user": "hanako"}),
        changed(ENROLMENT, public={}),
        changed(ENROLMENT, public={"name": "hanako"}),
        changed(ENROLMENT, more=1),
        changed(KEY, public={"purpose": "receipt", "public-key": [b"k"]}),
        bytes(leaves.MAX_LEAF_BYTES + 1),
    ],
)
def test_a_leaf_with_other_members_is_refused(data: bytes) -> None:
    with refused(rules.LEAF_FORM):
        decode_leaf(data)


@pytest.mark.parametrize("members", [{"at": "now"}, {"kind": 3}, {"commitments": []}])
def test_members_of_another_type_are_refused(members: dict[str, Any]) -> None:
    with refused(cbor.EXPECTED_TYPE):
        decode_leaf(changed(ENROLMENT, **members))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_leaf_or_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        decode_leaf(data)


def test_a_leaf_of_one_kind_does_not_read_as_another() -> None:
    assert decode_leaf(changed(ENROLMENT, kind="revocation")) != ENROLMENT
    assert replace(ENROLMENT, kind=LeafKind.REVOCATION) == decode_leaf(
        changed(ENROLMENT, kind="revocation")
    )
