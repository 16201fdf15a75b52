"""Vectors of the log: proofs of its tree, heads with their witnesses, leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import cbor2

from tools.vectors.keys import octets, signer
from tools.vectors.transactions import AT
from tools.vectors.vector import Vector, variant
from warifu.authentication.ledger import merkle, note
from warifu.authentication.ledger.checkpoint import (
    Checkpoint,
    checkpoint_text,
    log_key,
    sign_checkpoint,
)
from warifu.authentication.ledger.leaf import LeafKind, encode_leaf, make_leaf
from warifu.authentication.ledger.witness import cosign, witness_key
from warifu.base.secret import Secret

ORIGIN: Final = "bank.example/confirmations"
WITNESSES: Final = ("witness.example", "second.example")
LOG: Final = signer("log")
OTHER_LOG: Final = note.write_verifier_key(log_key(ORIGIN, signer("other log").public_key))
"""A key for the same name that is not the log's."""
_SIZE = 11


def vectors() -> list[Vector]:
    """All formats of the log."""
    return [*_inclusions(), *_consistencies(), *_checkpoints(), *_leaves()]


def witness_line(name: str) -> str:
    """The verifier key of a witness."""
    return note.write_verifier_key(witness_key(name, signer(name).public_key[-32:]))


def log_line() -> str:
    """The verifier key of the log."""
    return note.write_verifier_key(log_key(ORIGIN, LOG.public_key))


def head(size: int, root: bytes, *names: str, origin: str = ORIGIN) -> bytes:
    """A checkpoint with cosignatures."""
    made = Checkpoint(origin=origin, size=size, root=root)
    signed = note.read_note(sign_checkpoint(made, LOG))
    lines = [cosign(checkpoint_text(made), name=n, signer=signer(n), at=AT) for n in names]
    return note.write_note(signed.text, [*signed.signatures, *lines])


def _tree(size: int) -> tuple[bytes, dict[merkle.Place, bytes]]:
    leaves = [merkle.leaf_hash(b"leaf %d" % number) for number in range(size)]
    frontier, nodes = merkle.append(merkle.Frontier(), leaves)
    return merkle.root(frontier), nodes


def _inclusion(name: str, index: int, size: int) -> Vector:
    root, nodes = _tree(size)
    return Vector(
        name=name,
        format="merkle-inclusion",
        headers={"leaf": b"leaf %d" % index, "index": index, "size": size, "root": root},
        body=b"".join(merkle.inclusion_proof(index, size, nodes)),
    )


def _inclusions() -> list[Vector]:
    base = _inclusion("fourth-of-eleven", 3, _SIZE)
    places = (("first-of-eleven", 0), ("last-of-eleven", 10), ("ninth-of-eleven", 8))
    path, code, proof = base.body, "ledger/inclusion", "ledger/proof"
    node = path[:32] + merkle.leaf_hash(b"leaf 3")
    return [
        base,
        *(_inclusion(name, index, _SIZE) for name, index in places),
        _inclusion("only-one", 0, 1),
        _inclusion("complete-tree", 5, 8),
        variant(base, "another-leaf", code, leaf=b"leaf 4"),
        variant(base, "another-place", code, index=2),
        variant(base, "another-root", code, root=bytes(32)),
        variant(base, "hashes-swapped", code, body=path[32:64] + path[:32] + path[64:]),
        variant(base, "node-passed-off-as-leaf", code, leaf=node),
        variant(base, "too-short", proof, body=path[:-32]),
        variant(base, "too-long", proof, body=path + bytes(32)),
        variant(base, "half-a-hash", proof, body=path[:-16]),
        variant(base, "place-outside", "ledger/place", index=_SIZE),
        variant(base, "no-leaves", "ledger/place", index=0, size=0),
    ]


def _consistency(name: str, first: int, second: int) -> Vector:
    root, nodes = _tree(second)
    return Vector(
        name=name,
        format="merkle-consistency",
        headers={
            "first": first,
            "first-root": _tree(first)[0],
            "second": second,
            "second-root": root,
        },
        body=b"".join(merkle.consistency_proof(first, second, nodes)),
    )


def _consistencies() -> list[Vector]:
    base = _consistency("six-to-eleven", 6, _SIZE)
    code, proof = "ledger/consistency", "ledger/proof"
    rewritten = [merkle.leaf_hash(b"rewritten %d" % number) for number in range(6)]
    forked = merkle.root(merkle.append(merkle.Frontier(), rewritten)[0])
    same = _consistency("same-size", 6, 6)
    return [
        base,
        _consistency("eight-to-eleven", 8, _SIZE),
        _consistency("one-to-two", 1, 2),
        _consistency("from-nothing", 0, 5),
        same,
        variant(base, "history-rewritten", code, first_root=forked),
        variant(base, "another-second-root", code, second_root=bytes(32)),
        variant(base, "shortened", code, first=_SIZE, second=6),
        variant(same, "two-heads-of-one-size", code, first_root=forked),
        variant(same, "proof-of-nothing", proof, body=bytes(32)),
        variant(base, "empty", proof, body=b""),
        variant(base, "too-short", proof, body=base.body[:-32]),
        variant(base, "too-long", proof, body=base.body + bytes(32)),
    ]


def _checkpoints() -> list[Vector]:
    root, _ = _tree(_SIZE)
    honest = head(_SIZE, root, *WITNESSES)
    base = Vector(
        name="two-witnesses",
        format="checkpoint",
        headers={
            "origin": ORIGIN,
            "log-key": log_line(),
            "witness-keys": ", ".join(map(witness_line, WITNESSES)),
            "threshold": 2,
            "at": AT + timedelta(minutes=1),
            "size": _SIZE,
            "root": root,
        },
        body=honest,
    )
    alone, one = head(_SIZE, root), head(_SIZE, root, WITNESSES[0])
    stranger = head(_SIZE, root, "stranger.example")
    lines, form = honest.decode().split("\n"), "ledger/checkpoint"
    other = Checkpoint(origin=ORIGIN, size=_SIZE + 1, root=root)
    cosigned_other = note.read_note(alone)
    moved = cosign(checkpoint_text(other), name=WITNESSES[0], signer=signer(WITNESSES[0]), at=AT)
    misplaced = note.write_note(cosigned_other.text, [*cosigned_other.signatures, moved])
    signature, unread = "ledger/note-signature", "ledger/note"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("size-changed", signature, honest.replace(b"\n11\n", b"\n12\n")),
        ("one-witness-of-two", "ledger/witnesses", one),
        ("witness-nobody-knows", "ledger/witnesses", stranger),
        ("cosignature-of-another-head", signature, misplaced),
        ("size-with-leading-zero", form, honest.replace(b"\n11\n", b"\n011\n")),
        ("size-negative", form, honest.replace(b"\n11\n", b"\n-11\n")),
        ("root-too-short", form, honest.replace(lines[2].encode(), lines[2][:40].encode())),
        ("another-log", "ledger/origin", head(_SIZE, root, origin="other.example/log")),
        ("without-signatures", unread, note.read_note(alone).text),
        ("without-last-newline", unread, honest[:-1]),
        ("carriage-returns", unread, honest.replace(b"\n", b"\r\n")),
        ("hyphen-for-dash", unread, honest.replace("—".encode(), b"-")),
        ("not-utf-8", unread, b"\xff" + honest),
        ("empty", unread, b""),
    )
    bare: dict[str, Any] = {"size": None, "root": None}
    return [
        base,
        variant(base, "no-witness-needed", "accept", body=alone, threshold=0),
        variant(base, "unknown-lines-passed-over", "accept", body=stranger, threshold=0),
        *(variant(base, name, code, body=body, **bare) for name, code, body in bad),
        variant(
            base,
            "key-nobody-gave",
            "ledger/known-signer",
            log_key=OTHER_LOG,
            **bare,
        ),
        variant(
            base,
            "witness-from-the-future",
            "ledger/witness-time",
            at=AT - timedelta(minutes=1),
            **bare,
        ),
    ]


def _leaves() -> list[Vector]:
    secret = Secret(octets("leaf secret"))
    values = {"user": b"customer-7", "device": b"device-3", "key": octets("key")}
    bound = encode_leaf(make_leaf(LeafKind.ENROLMENT, at=AT, values=values, secret=secret))
    published: dict[str, bytes | str] = {"purpose": "receipt", "public-key": LOG.public_key}
    server = encode_leaf(make_leaf(LeafKind.SERVER_KEY, at=AT, public=published))
    item = cbor2.loads(bound)
    commitments, form = item[4], "ledger/leaf"
    bad: tuple[tuple[str, str, dict[Any, Any]], ...] = (
        ("kind-unknown", form, {**item, 2: "promotion"}),
        ("commitment-missing", form, {**item, 4: {"user": commitments["user"]}}),
        ("commitment-too-many", form, {**item, 4: {**commitments, "amount": bytes(32)}}),
        ("person-in-clear", form, {**item, 4: {**commitments, "user": "customer-7"}}),
        ("person-as-public-member", form, {**item, 5: {"user": "customer-7"}}),
        ("time-beyond-all-dates", form, {**item, 3: 1 << 60}),
        ("later-version", form, {**item, 1: 2}),
        ("kind-missing", "cbor/expected-type", {1: 1, 3: item[3], 4: commitments}),
    )
    return [
        Vector(name="enrolment", format="leaf", headers={"kind": "enrolment"}, body=bound),
        Vector(name="server-key", format="leaf", headers={"kind": "server-key"}, body=server),
        *(
            Vector(name=n, format="leaf", expect=code, body=cbor2.dumps(wrong, canonical=True))
            for n, code, wrong in bad
        ),
        Vector(
            name="wrong-order-map",
            format="leaf",
            expect=form,
            body=cbor2.dumps(dict(reversed(item.items()))),
        ),
    ]
