"""How often a caller may ask, and how often an address may fail to say who it is.

Counts are kept by the library `limits`, in this process or in Redis for all of them. Where they
cannot be kept nothing is served: a limit that can be lifted by disturbing its counter is none.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeVar

from warifu.base.errors import Denied, VerifierFault
from warifu.service.limits.counts import WINDOW_SECONDS
from warifu.service.limits.rules import COUNTED, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.rule import Rule
    from warifu.service.caller import Caller
    from warifu.service.limits.counts import Counter
    from warifu.service.settings import LimitSettings

IPV6_PREFIX = 64
"""What one IPv6 customer has at least: addresses within it are one."""
_REQUESTS = "requests"
_FAILURES = "failures"
_T = TypeVar("_T")


class TooMany(Denied):
    """Asked too often; asking again makes sense after a while."""

    def __init__(self, rule: Rule, detail: str = "", seconds: int = WINDOW_SECONDS) -> None:
        """Say for how long not to ask.

        Args:
            rule: As for every error.
            detail: As for every error.
            seconds: For ``Retry-After`` (RFC 9110 §10.2.3).
        """
        super().__init__(rule, detail)
        self.seconds = seconds

    def __reduce__(self) -> tuple[type[TooMany], tuple[Rule, str, int]]:  # type: ignore[override]
        """An error crosses to another process whole."""
        return type(self), (self.rule, self.detail, self.seconds)


class Limits:
    """The counts of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing is opened before the first request."""
        self._opening = threading.Lock()
        self._counters: dict[tuple[str, str], Counter] = {}

    def take_request(self, settings: LimitSettings, caller: Caller) -> None:
        """Count one request of a caller; its credentials count together.

        Raises:
            TooMany: ``callers/too-many``.
            VerifierFault: ``limits/storage``.
        """
        most, counter = settings.requests_per_minute, self._counter(_REQUESTS, settings.storage)
        if not _counted(lambda: counter.hit(most, caller.tenant, caller.id)):
            raise _too_many(counter, most, caller.tenant, caller.id)

    def check_failures(self, settings: LimitSettings, address: str | None) -> None:
        """Refuse an address that failed too often, before anything is looked up.

        Args:
            settings: The limit.
            address: Where the request comes from; None where that is not known, which is not held
                against anyone.

        Raises:
            TooMany: ``callers/too-many``.
            VerifierFault: ``limits/storage``.
        """
        if address is None:
            return
        most, who = settings.failed_logins_per_minute, neighbourhood(address)
        counter = self._counter(_FAILURES, settings.storage)
        if not _counted(lambda: counter.test(most, who)):
            raise _too_many(counter, most, who)

    def count_failure(self, settings: LimitSettings, address: str | None) -> None:
        """Count one request without a valid credential.

        Raises:
            VerifierFault: ``limits/storage``.
        """
        if address is None:
            return
        most, who = settings.failed_logins_per_minute, neighbourhood(address)
        counter = self._counter(_FAILURES, settings.storage)
        _counted(lambda: counter.hit(most, who))

    def _counter(self, kind: str, url: str) -> Counter:
        """Each kind is counted apart: a flood of one displaces no count of the other."""
        counter = self._counters.get((kind, url))
        if counter is None:
            with self._opening:
                counter = self._counters.get((kind, url))
                if counter is None:
                    counter = _counted(lambda: _open(kind, url))
                    self._counters[kind, url] = counter
        return counter


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """What failures are counted for: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), IPV6_PREFIX), strict=False))


def _open(kind: str, url: str) -> Counter:
    from warifu.service.limits.counts import Counter  # noqa: PLC0415 - 0.1 s that few commands need

    return Counter(kind, url)


def _counted(count: Callable[[], _T]) -> _T:
    """Whatever goes wrong in a storage, nothing was counted."""
    try:
        return count()
    except Exception as error:
        raise VerifierFault(COUNTED, type(error).__name__) from error


def _too_many(counter: Counter, most: int, *who: str) -> TooMany:
    seconds = _counted(lambda: counter.seconds_left(most, *who))
    return TooMany(TOO_MANY, f"{counter.kind} of {'/'.join(who)}", seconds)
