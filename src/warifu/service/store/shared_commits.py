"""Changes of many threads that become durable together: a flush costs the same for one and for all.

Whoever comes first leads: it waits for the turn to write, takes all who stand in line by then,
carries out their changes one after the other, and commits once. Nobody is told before that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Protocol

from warifu.base.errors import VerifierFault
from warifu.service.store.database import Statement
from warifu.service.store.rules import AVAILABLE

MOST_TOGETHER = 64
"""In one commit: so that nobody holds the others up for long."""


class Shared(Protocol):
    """A transaction in which some changes can be undone alone."""

    def carry_out(self, statements: Sequence[Statement]) -> None:
        """Carry out changes; an error undoes the whole transaction."""

    def attempt(self, statements: Sequence[Statement]) -> Exception | None:
        """Carry out changes; what is wrong with them undoes them alone, and is returned."""


class _Member:
    """The changes of one thread."""

    __slots__ = ("error", "leads", "statements", "woken")

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.error: BaseException | None = None
        self.leads = False
        self.woken = Lock()
        self.woken.acquire()


class SharedCommits:
    """A line of members, and the one that leads it."""

    def __init__(self, write: Callable[[], AbstractContextManager[Shared]]) -> None:
        """Begin with nobody in line.

        Args:
            write: The turn to write; when it is left without an error, all is durable.
        """
        self._write = write
        self._door = Lock()
        self._line: deque[_Member] = deque()
        """Those that nobody has taken yet; while there are any, the first of them leads or somebody
        before them does."""
        self._led = False

    def apply(self, statements: Sequence[Statement], *, patience: float) -> None:
        """Make changes durable, together with whoever else waits.

        Args:
            statements: The changes.
            patience: Seconds to stand in line at most. What was begun is waited for.

        Raises:
            WarifuError: What is wrong with these changes, or with the commit.
        """
        member = _Member(statements)
        with self._door:
            self._line.append(member)
            member.leads, self._led = not self._led, True
        if not member.leads:
            self._wait(member, patience)
        if member.leads:
            self._lead(member)
        if member.error is not None:
            raise member.error

    def _wait(self, member: _Member, patience: float) -> None:
        """Until it leads, or its fate is known."""
        if member.woken.acquire(timeout=patience):
            return
        with self._door:
            if not member.leads and member in self._line:
                self._line.remove(member)
                raise VerifierFault(AVAILABLE, "the line of writers does not move")
        member.woken.acquire()

    def _lead(self, leader: _Member) -> None:
        members = [leader]
        try:
            with self._write() as transaction:
                members = self._take()
                if len(members) == 1:
                    transaction.carry_out(leader.statements)
                else:
                    for member in members:
                        member.error = transaction.attempt(member.statements)
        except BaseException as error:  # noqa: BLE001 - raised by `apply`, when all are told
            # Even who was refused: perhaps because of changes that are undone now.
            for member in members:
                member.error = _shared(error)
            leader.error = error
        finally:
            self._pass_on(leader)
            for member in members:
                if member is not leader:
                    member.woken.release()

    def _take(self) -> list[_Member]:
        with self._door:
            return [self._line.popleft() for _ in range(min(MOST_TOGETHER, len(self._line)))]

    def _pass_on(self, leader: _Member) -> None:
        """Let the next one lead, where anybody waits."""
        with self._door:
            if self._line and self._line[0] is leader:  # it never got its turn
                self._line.popleft()
            self._led = bool(self._line)
            if self._line:
                self._line[0].leads = True
                self._line[0].woken.release()


def _shared(error: BaseException) -> VerifierFault:
    """What went wrong for the leader, as the others are told."""
    fault = VerifierFault(AVAILABLE, "the commit it shared failed")
    fault.__cause__ = error
    return fault
