"""What third parties are told of the log, and what they can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import run
from tests.service.attacks.conftest import world
from tests.service.attacks.world import Call
from tests.service.books.bank import WITNESS, WITNESS_KEY, check, extend, line_of, log_keys
from tests.service.confirming.calls import Customer
from tests.service.house import TENANT, HeldTrust, make_house
from warifu.authentication.receipt.parts import Part
from warifu.authentication.receipt.receipt import MEDIA_TYPE, withhold
from warifu.base.codec.text import from_base64, to_base64
from warifu.receipt_check.keys import read_note_keys
from warifu.receipt_check.log import check_included, follow, read_consistency_proof, read_head
from warifu.service.conduct.books.keys import verifier_keys
from warifu.service.conduct.books.rules import SIGNED
from warifu.service.settings import LedgerSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.service.attacks.world import World
    from tests.service.house import Hands
    from warifu.receipt_check.log import Head
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

ORIGIN = f"warifu/{TENANT}"
NEEDED = Settings(ledger=LedgerSettings(witnesses=(WITNESS_KEY,), witnesses_needed=1))

__all__ = ["world"]


@pytest.fixture
def house(database: Database, clock: Hands, trust: HeldTrust) -> Composition:
    return make_house(database, clock=clock, trust=trust, settings=NEEDED)


def get(world: World, path: str, *, accept: str = "text/plain", **how: str) -> httpx.Response:
    return world.send(Call(method="GET", path=path), accept=accept, **how)


def head_of(world: World, path: str = "/v1/ledger/checkpoint") -> Head:
    answer = get(world, path, scopes="ledger")
    assert answer.headers["content-type"].startswith("text/plain")
    keys = log_keys(world.house)
    return read_head(answer.content, origin=ORIGIN, keys=keys, at=world.house.clock())


def witness(world: World, **changed: object) -> httpx.Response:
    told = world.tell("GET", "/v1/ledger/checkpoint")
    line = line_of(told["checkpoint"].encode(), at=world.house.clock())
    body = {"size": told["size"], "line": line, **changed}
    return world.send(Call(method="POST", path="/v1/ledger/cosignatures", body=body))


def test_a_log_without_leaves_has_a_head_from_which_it_can_be_followed(world: World) -> None:
    first = head_of(world)
    assert first.size == 0
    Customer(world)
    extend(world.house)
    second = head_of(world)
    proof = get(world, f"/v1/ledger/consistency?first=0&second={second.size}").content
    follow(first, second, read_consistency_proof(proof))


def test_the_log_is_followed_with_the_scope_ledger_alone(world: World) -> None:
    heads = []
    for _ in range(3):
        Customer(world)
        extend(world.house)
        heads.append(head_of(world))
    assert [each.size for each in heads] == [3, 4, 5], "two keys and one enrolment, then one each"
    for first, second in ((0, 1), (0, 2), (1, 2), (2, 2)):
        path = f"/v1/ledger/consistency?first={heads[first].size}&second={heads[second].size}"
        proof = read_consistency_proof(get(world, path, scopes="ledger").content)
        follow(heads[first], heads[second], proof)
    assert head_of(world, "/v1/ledger/checkpoint?size=4") == heads[1]


def test_every_leaf_is_listed_and_proved(world: World) -> None:
    Customer(world)
    Customer(world)
    extend(world.house)
    head, found, place = head_of(world), [], 0
    while True:
        told = world.tell("GET", f"/v1/ledger/leaves?from={place}&limit=2")
        found += told["items"]
        if told["next"] is None:
            break
        place = told["next"]
    assert [each["place"] for each in found] == list(range(head.size))
    for each in found:
        one = world.tell("GET", f"/v1/ledger/leaves/{each['id']}")
        assert one["leaf"] == each
        path = tuple(map(from_base64, one["path"]))
        check_included(from_base64(each["leaf"]), index=each["place"], path=path, head=head)


def test_what_is_not_signed_yet_is_not_told(world: World) -> None:
    Customer(world)
    assert world.tell("GET", "/v1/ledger/leaves") == {"items": [], "size": 0, "next": None}
    with world.house.database.read() as transaction:
        (name,) = transaction.row("SELECT id FROM ledger_leaves WHERE tenant = :t", t=TENANT) or ()
    for path in (
        f"/v1/ledger/leaves/{name}",
        "/v1/ledger/checkpoint?size=1",
        "/v1/ledger/consistency?first=0&second=1",
    ):
        assert world.tell("GET", path, None, 404)["code"] == SIGNED.code, path
    backwards = "/v1/ledger/consistency?first=2&second=1"
    assert world.tell("GET", backwards, None, 400)["code"] == "ledger/place"


def test_receipts_wait_for_as_many_witnesses_as_the_settings_ask_for(world: World) -> None:
    told = Customer(world).approved()
    extend(world.house)
    path = f"/v1/transactions/{told.id}/receipt"
    assert get(world, path, accept="application/json").json()["pending"] is True
    assert witness(world).json()["witness"] == WITNESS
    assert witness(world).is_success, "again changes nothing"
    shown = get(world, path, accept="application/json").json()
    assert shown["pending"] is False
    receipt = get(world, path, accept=MEDIA_TYPE)
    keys = (*log_keys(world.house), *read_note_keys(WITNESS_KEY.encode()))
    now = world.house.clock()
    found = check(receipt.content, keys, at=now, trust=HeldTrust().now(now), witnesses=1)
    assert found.whole


def test_lines_of_others_and_for_other_heads_are_not_taken(world: World) -> None:
    Customer(world)
    extend(world.house)
    told = world.tell("GET", "/v1/ledger/checkpoint")
    note, now = told["checkpoint"].encode(), world.house.clock()
    stranger = line_of(note, at=now, name="stranger.example")
    forged = stranger.replace("stranger.example", WITNESS)
    other = line_of(note.replace(b"\n3\n", b"\n4\n"), at=now)
    for line, code in (
        (stranger, "ledger/known-signer"),
        (forged, "ledger/known-signer"),
        (other, "ledger/note-signature"),
        ("— x", "ledger/note"),
        (line_of(note, at=now.replace(year=now.year + 1)), "ledger/witness-time"),
    ):
        answer = witness(world, line=line)
        assert (answer.status_code, answer.json()["code"]) == (422, code), line
    assert witness(world, size=99).json()["code"] == SIGNED.code
    with world.house.database.read() as transaction:
        assert transaction.rows("SELECT 1 FROM ledger_cosignatures") == []


def test_a_receipt_is_fetched_again_only_where_it_changed(world: World) -> None:
    told = Customer(world).approved()
    path = f"/v1/transactions/{told.id}/receipt"
    first = get(world, path, accept="*/*")
    assert first.headers["content-type"].startswith(MEDIA_TYPE)
    held = {"if_none_match": first.headers["etag"]}
    assert get(world, path, accept="*/*", **held).status_code == 304
    assert get(world, f"{path}?personal=false", accept="*/*", **held).status_code == 200
    assert get(world, path, accept="application/json", **held).status_code == 200
    extend(world.house)
    witness(world)
    assert get(world, path, accept="*/*", **held).status_code == 200
    assert get(world, path, accept="text/html").status_code == 406


def test_the_commands_check_what_the_service_made(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    for _ in range(2):
        told = Customer(world).approved()
        extend(world.house)
        witness(world)
        made.append((get(world, "/v1/ledger/checkpoint").content, head_of(world).size, told.id))
    (first, small, _), (second, large, name) = made
    receipt = get(world, f"/v1/transactions/{name}/receipt", accept=MEDIA_TYPE).content
    # The command believes in makers of real phones only.
    receipt = withhold(receipt, [Part.EVIDENCE])
    files = {
        "head-1": first,
        "head-2": second,
        "proof": get(world, f"/v1/ledger/consistency?first={small}&second={large}").content,
        "receipt": receipt,
        "altered": receipt[:-1] + bytes([receipt[-1] ^ 1]),
        "log.keys": "\n".join(verifier_keys(world.house, TENANT)).encode(),
    }
    paths = {name: tmp_path / name for name in files}
    for name, data in files.items():
        paths[name].write_bytes(data)
    at = ("--at", world.house.clock().isoformat())
    trusted = ("--log-key", str(paths["log.keys"]))
    assert run(capsys, "receipt", "verify", str(paths["receipt"]), *trusted, *at).status == 0
    assert run(capsys, "receipt", "verify", str(paths["altered"]), *trusted, *at).status == 1
    names = [str(paths[name]) for name in ("head-1", "head-2", "proof")]
    followed = run(capsys, "receipt", "follow", *names, "--origin", ORIGIN, *trusted)
    assert followed.status == 0
    paths["proof"].write_bytes(to_base64(bytes(32)).encode())
    assert run(capsys, "receipt", "follow", *names, "--origin", ORIGIN, *trusted).status == 1
