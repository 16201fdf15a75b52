"""Clients of the real application, which is put together once for all tests of a process.

To put it together takes as long as some hundred requests, and nothing in it depends on who is
served but what is looked up in the house at each request. So it is made around a stand-in, which
stands for one house after the other. Tests of what an application remembers make their own.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from litestar.testing import TestClient

from warifu.service.api import app as shell
from warifu.service.callers.authenticate import authenticate as by_credential

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from litestar import Litestar

    from warifu.service.api.access import Authenticate
    from warifu.service.caller import Caller
    from warifu.service.callers.request import RequestView
    from warifu.service.composition import Composition


class _StandIn:
    """For whichever house is served now, by whichever way of knowing callers."""

    def __init__(self, house: Composition) -> None:
        self.house = house
        self.authenticate: Authenticate = by_credential
        self.asgi = shell.make_asgi(cast("Composition", self), authenticate=self.who)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.house, name)

    def clock(self) -> datetime:
        return self.house.clock()

    def who(self, _: Composition, view: RequestView) -> Caller:
        return self.authenticate(self.house, view)


_FREE: dict[object, list[_StandIn]] = defaultdict(list)
"""Those that serve nobody now, by what an application is made for once and for all."""


@contextmanager
def served(
    house: Composition, *, authenticate: Authenticate = by_credential, **how: Any
) -> Iterator[TestClient[Litestar]]:
    """A client of a house.

    Args:
        house: What is served.
        authenticate: Who calls.
        how: Of `TestClient`.
    """
    free = _FREE[house.settings.limits.body_bytes, tuple(shell.CONTROLLERS)]
    stand_in = free.pop() if free else _StandIn(house)
    stand_in.house, stand_in.authenticate = house, authenticate
    with TestClient(stand_in.asgi, **how) as client:
        yield client
    free.append(stand_in)
