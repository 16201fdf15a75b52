"""How often a caller may ask, and how often an address may fail to say who it is.

Counts are kept by the library `limits`, in this process or in Redis for all of them. Where they
cannot be kept nothing is served: a limit that can be lifted by disturbing its counter is none.
"""

from __future__ import annotations

import threading
import time
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from warifu.base.errors import Denied, VerifierFault
from warifu.service.callers.counts import ProcessCounts
from warifu.service.callers.rules import COUNTED, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.base.rule import Rule
    from warifu.service.callers.caller import Caller
    from warifu.service.settings import LimitSettings

WINDOW_SECONDS = 60
IN_PROCESS = "memory://"
STORAGE_SECONDS = 2
"""How long a storage beyond this process may take."""
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
        self._counters: dict[tuple[str, str], FixedWindowRateLimiter] = {}

    def take_request(self, settings: LimitSettings, caller: Caller) -> None:
        """Count one request of a caller; its credentials count together.

        Raises:
            TooMany: ``callers/too-many``.
            VerifierFault: ``limits/storage``.
        """
        item = RateLimitItemPerMinute(settings.requests_per_minute, namespace=_REQUESTS)
        counter = self._counter(_REQUESTS, settings.storage)
        if not _counted(lambda: counter.hit(item, caller.tenant, caller.name)):
            raise _too_many(counter, item, caller.tenant, caller.name)

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
        item = RateLimitItemPerMinute(settings.failed_logins_per_minute, namespace=_FAILURES)
        counter = self._counter(_FAILURES, settings.storage)
        who = neighbourhood(address)
        if not _counted(lambda: counter.test(item, who)):
            raise _too_many(counter, item, who)

    def count_failure(self, settings: LimitSettings, address: str | None) -> None:
        """Count one request without a valid credential.

        Raises:
            VerifierFault: ``limits/storage``.
        """
        if address is None:
            return
        item = RateLimitItemPerMinute(settings.failed_logins_per_minute, namespace=_FAILURES)
        counter = self._counter(_FAILURES, settings.storage)
        _counted(lambda: counter.hit(item, neighbourhood(address)))

    def _counter(self, kind: str, url: str) -> FixedWindowRateLimiter:
        """Each kind is counted apart: a flood of one displaces no count of the other."""
        counter = self._counters.get((kind, url))
        if counter is None:
            with self._opening:
                counter = self._counters.get((kind, url))
                if counter is None:
                    counter = _counted(lambda: _open(url))
                    self._counters[kind, url] = counter
        return counter


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


def _open(url: str) -> FixedWindowRateLimiter:
    if url == IN_PROCESS:
        return FixedWindowRateLimiter(ProcessCounts())
    patience = {"socket_timeout": STORAGE_SECONDS, "socket_connect_timeout": STORAGE_SECONDS}
    return FixedWindowRateLimiter(storage_from_string(url, **patience))


def _counted(count: Callable[[], _T]) -> _T:
    """Whatever goes wrong in a storage, nothing was counted."""
    try:
        return count()
    except Exception as error:
        raise VerifierFault(COUNTED, type(error).__name__) from error


def _too_many(counter: FixedWindowRateLimiter, item: RateLimitItemPerMinute, *who: str) -> TooMany:
    stats = _counted(lambda: counter.get_window_stats(item, *who))
    seconds = min(max(1, ceil(stats.reset_time - time.time())), WINDOW_SECONDS)
    return TooMany(TOO_MANY, f"{item.namespace} of {'/'.join(who)}", seconds)
