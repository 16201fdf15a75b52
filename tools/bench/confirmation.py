"""``python -m tools.bench.confirmation``: whole confirmations over HTTP, against a bare server's.

A confirmation is two calls: the bank asks, and passes on what the device answered. Ours, the
ceiling and a server that makes one row durable for each call answer the same requests in turn
within each round, from the same client; throughput ratios are taken within a round. Devices sign
between the two calls, while nothing is timed.
"""

from __future__ import annotations

import argparse
import os
import sys
from itertools import repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tools.bench import ceiling, machine
from tools.bench.confirmation_page import JUDGED, CallRow, PeerRow, Row, page, plain, plain_peer
from tools.bench.counting import CountingDatabase
from tools.bench.customers import CUSTOMERS, MAKERS, Customers, Teller, Told, require_approved
from tools.bench.load import Load
from tools.bench.servers import (
    CONNECTIONS,
    ROOT,
    STORES,
    Measured,
    Server,
    bare,
    databases,
    measured,
    percentile,
    served,
)
from tools.bench.validate_check import PASSWORD_VARIABLE, ValidateCheck
from warifu.service.conduct.confirming.answering import answer
from warifu.service.conduct.confirming.asking import ask
from warifu.service.conduct.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.service.conduct.confirming.asked import AnswerRequest, TransactionRequest

PAGE = ROOT / "docs" / "performance-confirmation.md"
WANTED = 0.6
WANTED_TIMES = 50
PEER_CHECKS = 64
CALLS = ("transactions", "answer")
"""The last parts of the two paths."""


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure."""

    rounds: int
    confirmations: int
    """In each round, of each server."""
    customers: int = CUSTOMERS
    """Whose transfers they are; each has confirmed one before anything is timed."""


THOROUGH = Effort(rounds=7, confirmations=300)
QUICK = Effort(rounds=3, confirmations=128)


class Round(Struct, frozen=True, kw_only=True):
    """The two calls of the same confirmations, by each server."""

    ours: tuple[Measured, Measured]
    ceiling: tuple[Measured, Measured]
    one: tuple[Measured, Measured]
    """One row for each call."""
    peer: Load | None
    """privacyIDEA's checks, where there is one."""


class Beside(Struct, frozen=True, kw_only=True):
    """Who is measured in each round."""

    servers: tuple[Server, Server, Server]
    """Ours, the ceiling, one row for each call."""
    peer: ValidateCheck | None


def main() -> int:
    """Measure and print."""
    options = _options()
    before = machine.describe()
    effort = QUICK if options.quick else THOROUGH
    if options.customers is not None:
        effort = replace(effort, customers=options.customers, confirmations=options.customers)
    peer = None
    if options.privacyidea is not None:
        peer = ValidateCheck(options.privacyidea, os.environ[PASSWORD_VARIABLE])
    rows, peers = [], []
    for store in STORES:
        if options.store in {None, store.lower()}:
            beside = peer if store == JUDGED else None
            for row, by_peer in _store(store, effort, options.connections, beside):
                print(plain(row), flush=True)
                rows.append(row)
                peers += [] if by_peer is None else [by_peer]
    for each in peers:
        print(plain_peer(each))
    if options.write:
        text = page(before, rows, peers, connections=options.connections, wanted=WANTED)
        PAGE.write_text(text, "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    missed = [
        f"{row.proof} on {row.store}" for row in rows if row.store == JUDGED and row.share < WANTED
    ]
    print(f"wanted: {WANTED:.0%} of the ceiling; missed by: {', '.join(missed) or 'none'}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.confirmation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    parser.add_argument(
        "--customers", type=int, help="so many, with one transfer each in a round: to try it out"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--store", choices=[store.lower() for store in STORES])
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument(
        "--privacyidea",
        type=int,
        metavar="PORT",
        help=f"of a privacyIDEA on 127.0.0.1, whose admin's password is in {PASSWORD_VARIABLE}",
    )
    return parser.parse_args()


def _store(
    store: str, effort: Effort, connections: int, peer: ValidateCheck | None
) -> Iterator[tuple[Row, PeerRow | None]]:
    with (
        TemporaryDirectory(prefix="warifu-bench-") as name,
        databases(store, Path(name), "ours", "bare") as (ours, theirs),
    ):
        teller = Teller(Path(name), ours)
        ceiling.create(theirs)
        try:
            with served(teller.places, Path(name)) as server:
                for kind in MAKERS:
                    customers = Customers(teller, kind, number=effort.customers)
                    calls = _calls(teller, customers)
                    ones = {name: replace(call, writes=None) for name, call in calls.items()}
                    with bare(theirs, calls) as top, bare(theirs, ones) as one:
                        beside = Beside(servers=(server, top, one), peer=peer)
                        rounds = list(_rounds(customers, beside, effort, connections))[1:]
                    yield (
                        _row(store, customers, calls, rounds),
                        None if peer is None else _peer_row(peer, customers, rounds),
                    )
        finally:
            teller.close()


def _rounds(
    customers: Customers, beside: Beside, effort: Effort, connections: int
) -> Iterator[Round]:
    """The first one warms up: it has the first receipt of each key."""
    for number in (effort.customers, *repeat(effort.confirmations, effort.rounds)):
        questions = customers.questions(number)
        asked = [measured(each, questions, connections) for each in beside.servers]
        answers = customers.answers(asked[0].load.answers)
        answered = [measured(each, answers, connections) for each in beside.servers]
        require_approved(answered[0].load.answers)
        ours, top, one = zip(asked, answered, strict=True)
        by_peer = None if beside.peer is None else beside.peer.measure(PEER_CHECKS, connections)
        yield Round(ours=ours, ceiling=top, one=one, peer=by_peer)


def _calls(teller: Teller, customers: Customers) -> dict[str, ceiling.Call]:
    """What the ceiling has to do: the signature of an answer, and as many rows as we write."""
    counting = CountingDatabase(teller.house.database)
    counter = teller.counter
    work = Work(
        house=replace(teller.house, database=counting),
        caller=counter.caller,
        now=teller.house.clock(),
    )
    question = customers.question()
    # The first receipt of a key has a copy of its evidence besides, once: it is not counted.
    _confirm(work, customers, question)
    counting.commits.clear()
    said = _confirm(work, customers, question)
    wrote, concluded = counting.commits
    return {
        CALLS[0]: ceiling.Call(writes=wrote),
        CALLS[1]: ceiling.Call(signatures=(customers.signed(said),), writes=concluded),
    }


def _confirm(work: Work, customers: Customers, question: TransactionRequest) -> AnswerRequest:
    told = msgspec.convert(ask(work, question), Told, from_attributes=True)
    said = customers.answer(told)
    answer(work, told.id, said)
    return said


def _row(
    store: str, customers: Customers, calls: dict[str, ceiling.Call], rounds: list[Round]
) -> Row:
    return Row(
        store=store,
        proof=customers.maker.name,
        rate=median(_rate(each.ours) for each in rounds),
        ceiling_rate=median(_rate(each.ceiling) for each in rounds),
        one_rate=median(_rate(each.one) for each in rounds),
        share=median(_rate(each.ours) / _rate(each.ceiling) for each in rounds),
        one_share=median(_rate(each.ours) / _rate(each.one) for each in rounds),
        cpu_share=median(_cpu(each.ceiling) / _cpu(each.ours) for each in rounds),
        calls=tuple(
            _call_row(name, calls[name], [(each.ours[n], each.ceiling[n]) for each in rounds])
            for n, name in enumerate(CALLS)
        ),
    )


def _call_row(name: str, call: ceiling.Call, rounds: list[tuple[Measured, Measured]]) -> CallRow:
    ours, top = ([pair[side] for pair in rounds] for side in (0, 1))
    writes = call.writes or ()
    return CallRow(
        name=name,
        statements=len(writes),
        octets=sum(writes),
        rate=median(each.load.rate for each in ours),
        p50_ms=percentile(ours, 50),
        p99_ms=percentile(ours, 99),
        cpu_ms=median(each.cpu for each in ours) * 1000,
        ceiling_rate=median(each.load.rate for each in top),
        ceiling_p50_ms=percentile(top, 50),
        ceiling_p99_ms=percentile(top, 99),
        ceiling_cpu_ms=median(each.cpu for each in top) * 1000,
        share=median(mine.load.rate / other.load.rate for mine, other in rounds),
    )


def _rate(calls: tuple[Measured, Measured]) -> float:
    """Calls a second within whole confirmations."""
    seconds = sum(each.load.seconds for each in calls)
    return sum(len(each.load.latencies) for each in calls) / seconds


def _cpu(calls: tuple[Measured, Measured]) -> float:
    return sum(each.cpu for each in calls)


def _peer_row(peer: ValidateCheck, customers: Customers, rounds: list[Round]) -> PeerRow:
    pairs = [(_rate(each.ours), each.peer) for each in rounds if each.peer is not None]
    latencies = sorted(latency for _, load in pairs for latency in load.latencies)
    return PeerRow(
        version=peer.version,
        proof=customers.maker.name,
        rate=median(load.rate for _, load in pairs),
        p50_ms=latencies[len(latencies) // 2] * 1000,
        ours=median(rate for rate, _ in pairs),
        times=median(rate / load.rate for rate, load in pairs),
        wanted=WANTED_TIMES,
    )


if __name__ == "__main__":
    sys.exit(main())
