"""People at work on one tenant's governance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.house import TENANT, caller, rules_for_tests
from warifu.risk.decision.exemption import Subject
from warifu.risk.decision.life_cycle import Action
from warifu.service.conduct.governing import governing
from warifu.service.conduct.governing.rule_set import propose
from warifu.service.conduct.work import Work

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.risk.decision.facts import Operation
    from warifu.service.composition import Composition
    from warifu.service.conduct.governing.governing import ApprovalAnswer, GovernanceAnswer


def with_limit(amount: int) -> bytes:
    """The rule set of the tests, in which ordinary transfers stop at another amount."""
    written = rules_for_tests().replace(b"amount <= 100000", f"amount <= {amount}".encode())
    return written.replace(b"limit = 100_000", f"limit = {amount}".encode())


STRICTER = with_limit(40_000)
OTHER = with_limit(30_000)


def at_work(house: Composition, name: str = "aoi", tenant: str = TENANT) -> Work:
    """A request of one person."""
    return Work(house=house, caller=caller(tenant, name=name), now=house.clock())


def draft(house: Composition, source: bytes = STRICTER, *, by: str = "aoi") -> str:
    """A draft's digest."""
    return propose(at_work(house, by), source).digest


def observe(house: Composition, digest: str, *, by: str = "aoi") -> GovernanceAnswer:
    """Draft to shadow."""
    return move(house, digest, Action.OBSERVE, by=by)


def move(
    house: Composition, digest: str, action: Action, *, by: str = "aoi", share: int | None = None
) -> GovernanceAnswer:
    """A move by one person."""
    return governing.move(
        at_work(house, by), digest, governing.MoveRequest(action=action, share=share)
    )


def approve_move(
    house: Composition, digest: str, action: Action, *people: str, share: int | None = None
) -> list[ApprovalAnswer]:
    """Each person's yes to a move on governance as it stands."""
    command = governing.MoveCommand(digest=digest, action=action, share=share)
    return [approve(house, command, by=name) for name in people]


def approve(
    house: Composition,
    command: governing.MoveCommand | governing.ResumeCommand | governing.ExemptCommand,
    *,
    by: str,
    revision: int | None = None,
) -> ApprovalAnswer:
    """One person's yes."""
    work = at_work(house, by)
    stands = governing.read_governance(work).revision
    asked = governing.ApprovalRequest(
        revision=stands if revision is None else revision, command=command
    )
    return governing.approve(work, asked)


def activate(house: Composition, source: bytes) -> str:
    """A rule set from draft to active, by three people."""
    digest = draft(house, source)
    observe(house, digest)
    approve_move(house, digest, Action.ACTIVATE, "haru", "sora")
    move(house, digest, Action.ACTIVATE)
    return digest


def exemption(until: datetime, operation: Operation) -> governing.ExemptionRequest:
    """A model that need not be free of warnings."""
    return governing.ExemptionRequest(
        id="old-model",
        subject=Subject.MODEL,
        name="Pixel 4",
        operation=operation,
        rule="device-without-warning",
        until=until,
        why="replaced by the end of the month",
    )
