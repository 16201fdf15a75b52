"""A receipt as JSON, for people and programs that read no CBOR. It shows; it checks nothing."""

from __future__ import annotations

from typing import Any

from warifu.attestation.document import to_plain
from warifu.authentication.ledger.leaf import decode_leaf
from warifu.authentication.receipt.parts import MEMBERS, Part
from warifu.authentication.receipt.receipt import MAX_RECEIPT_BYTES, Receipt, read_receipt
from warifu.authentication.receipt.rules import FORM
from warifu.authentication.transaction.encoding import decode_shown
from warifu.base.codec import cbor
from warifu.base.errors import MalformedEvidence
from warifu.base.pki.sign1 import read_sign1

DOCUMENT = "warifu-receipt-view/1"
_STATEMENT = ("version", "verifier", "issued_at", "log", "parts")


def view(data: bytes) -> dict[str, Any]:
    """A receipt's file as a JSON object, bytes in lower-case hex.

    Raises:
        BadEvidence: It is not a receipt of ours.
    """
    try:
        return _document(read_receipt(data))
    except TypeError as error:
        raise MalformedEvidence(FORM, "a value that JSON does not have") from error


def _document(receipt: Receipt) -> dict[str, Any]:
    message = read_sign1(receipt.signed)
    statement = cbor.decode_map(message.payload)
    digests = cbor.member(statement, 5, dict)
    document: dict[str, Any] = {
        "document": DOCUMENT,
        "signed_by": (message.key_id or b"").decode("ascii", "replace"),
        "statement": _named(_STATEMENT, statement),
        "withheld": [_name(number) for number in digests if number not in receipt.parts],
        "parts": {_name(number): _part(number, part) for number, part in receipt.parts.items()},
        "pending": receipt.inclusion is None,
    }
    if receipt.inclusion is not None:
        document["inclusion"] = to_plain(receipt.inclusion)
    return document


def _part(number: int, data: bytes) -> object:
    match cbor.decode(data, max_bytes=MAX_RECEIPT_BYTES):
        case [bytes(), dict(), bytes(content)]:
            pass
        case _:
            raise MalformedEvidence(FORM, "a part that is not three members")
    part = Part(number)
    if part is Part.LEAF:
        return to_plain(decode_leaf(content))
    if part is Part.TRANSACTION:
        transaction, shown = decode_shown(content)
        return {"fields": to_plain(transaction), "text": shown.text, "data": content.hex()}
    item = cbor.decode(content, max_bytes=MAX_RECEIPT_BYTES)
    return _named(MEMBERS[part], item) if isinstance(item, dict) else to_plain(item)


def _named(names: tuple[str, ...], item: dict[Any, Any]) -> dict[str, Any]:
    known = dict(enumerate(names, 1))
    return {known.get(key, str(key)): to_plain(value) for key, value in item.items()}


def _name(number: object) -> str:
    known: dict[object, str] = {part.value: part.name.lower() for part in Part}
    return known.get(number, str(number))
