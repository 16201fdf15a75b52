"""A call for each operation on the ledger and receipts, of which only the caller can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.attacks.world import Call
from tests.service.books.bank import extend, line_of
from tests.service.confirming.calls import ONE, Customer
from tests.service.house import TENANT
from warifu.service.store.ledger import leaves_from, newest_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.attacks.world import World

PATH = "/v1/ledger"


def _grown(path: str) -> Callable[[World], Call]:
    """After something was recorded."""

    def make(world: World) -> Call:
        Customer(world)
        extend(world.house)
        return Call(method="GET", path=path)

    return make


def _leaf(world: World) -> Call:
    _grown(PATH)(world)
    with world.house.database.read() as transaction:
        (found,) = leaves_from(transaction, TENANT, first=next(world.numbers) % 2, limit=1)
    return Call(method="GET", path=f"{PATH}/leaves/{found.id}")


def _cosign(world: World) -> Call:
    _grown(PATH)(world)
    head = newest_head(world.house.database, TENANT, signed=True)
    assert head is not None
    line = line_of(head.checkpoint or b"", at=world.house.clock())
    return Call(method="POST", path=f"{PATH}/cosignatures", body={"size": head.size, "line": line})


def _receipt(world: World) -> Call:
    told = Customer(world).approved()
    extend(world.house)
    return Call(method="GET", path=f"{ONE.format(transaction_id=told.id)}/receipt")


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("GET", f"{PATH}/checkpoint"): _grown(f"{PATH}/checkpoint"),
    ("GET", f"{PATH}/leaves"): _grown(f"{PATH}/leaves"),
    ("GET", f"{PATH}/leaves/{{leaf}}"): _leaf,
    ("GET", f"{PATH}/consistency"): _grown(f"{PATH}/consistency"),
    ("POST", f"{PATH}/cosignatures"): _cosign,
    ("GET", f"{ONE}/receipt"): _receipt,
}
