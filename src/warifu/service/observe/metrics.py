"""Counts for Prometheus, in a registry of their own, with few label values whatever is sent.

A label is either one of a closed set, or has a stated form and at most `MAX_VALUES` values; what is
neither counts as ``other``. No label holds a tenant, a caller, an id or a path.

Each process of the service counts by itself. Where ``PROMETHEUS_MULTIPROC_DIR`` names a folder when
the process starts, as `warifu serve` with several processes sees to, all of them write there
and any of them answers for all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from warifu.attestation.appraisal.result import Basis
from warifu.attestation.claims import Format
from warifu.attestation.verdict import Outcome as Verdict
from warifu.base.errors import WarifuError
from warifu.risk.decision.facts import Operation
from warifu.service.observe.freshness import freshness

if TYPE_CHECKING:
    from warifu.service.composition import Composition

MAX_VALUES = 200
OTHER = "other"
NONE = ""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OUTCOMES = frozenset({"serve", "step-up", "limit", "refuse"})
FAULTS = frozenset({"misuse", "evidence", "verifier", "denied", "unexpected"})
CHALLENGES = frozenset({"issued", "used", "expired", "refused"})
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}(?:/[a-z0-9][a-z0-9._-]{0,59})?")
_ROUTE = re.compile(r"/[A-Za-z0-9._/{}:-]{0,99}")
_KIND = re.compile(r"[a-z][a-z_-]{0,39}")


class Bounded:
    """Lets through at most so many different values of a form, so that no label grows for ever."""

    def __init__(self, form: re.Pattern[str], most: int = MAX_VALUES) -> None:
        """Values that match `form` entirely, the first `most` of them."""
        self._form = form
        self._most = most
        self._known: set[str] = {NONE}
        self._adding = Lock()

    def __call__(self, given: str) -> str:
        """The value itself, or `OTHER`."""
        if given in self._known:
            return given
        if self._form.fullmatch(given) is None:
            return OTHER
        with self._adding:
            if len(self._known) > self._most:
                return OTHER
            self._known.add(given)
        return given


class Metrics:
    """All counters of one process."""

    def __init__(self) -> None:
        """Begin at zero, or go on where other processes of the same folder are."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._registry = CollectorRegistry()
        self._code = Bounded(_CODE)
        self._route = Bounded(_ROUTE)
        self._kind = Bounded(_KIND, 40)
        self._requests = self._counter("requests", "Requests.", "route", "method", "status")
        self._seconds = Histogram(
            "warifu_request_seconds",
            "How long requests took.",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._answered: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        """As their labels name them: looking them up costs as much as counting."""
        self._errors = self._counter("errors", "Requests refused, by code.", "fault", "code")
        self._decisions = self._counter(
            "decisions", "Decisions, by first reason.", "operation", "outcome", "code"
        )
        self._evidence = self._counter("evidence", "Verdicts.", "format", "verdict", "code")
        self._appraisals = self._counter("appraisals", "Appraisals.", "basis")
        self._challenges = self._counter("challenges", "Challenges.", "event")
        self._deleted = self._counter("deleted", "Records deleted by retention.", "kind")

    def answered(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template, None where none matched."""
        code = str(status) if 100 <= status <= 599 else OTHER
        labels = NONE if route is None else self._route(route), _among(METHODS, method), code
        found = self._answered.get(labels)
        if found is None:
            found = self._requests.labels(*labels), self._seconds.labels(labels[0])
            self._answered[labels] = found
        requests, spent = found
        requests.inc()
        spent.observe(seconds)

    def failed(self, fault: str, code: str) -> None:
        """Count one refusal."""
        self._errors.labels(_among(FAULTS, fault), self._code(code)).inc()

    def decided(self, operation: str, outcome: str, code: str) -> None:
        """Count one decision."""
        self._decisions.labels(
            _among(_OPERATIONS, operation), _among(OUTCOMES, outcome), self._code(code)
        ).inc()

    def verified(self, name: str, verdict: str, code: str) -> None:
        """Count one verdict."""
        self._evidence.labels(
            _among(_FORMATS, name), _among(_VERDICTS, verdict), self._code(code)
        ).inc()

    def appraised(self, basis: str) -> None:
        """Count one appraisal."""
        self._appraisals.labels(_among(_BASES, basis)).inc()

    def challenged(self, event: str) -> None:
        """Count what became of a challenge."""
        self._challenges.labels(_among(CHALLENGES, event)).inc()

    def deleted(self, kind: str, count: int) -> None:
        """Count what retention deleted."""
        self._deleted.labels(self._kind(kind)).inc(count)

    def page(self, house: Composition) -> bytes:
        """All counts, and how fresh trust is now, in Prometheus's text form."""
        registry = self._registry
        if self._folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        asked = CollectorRegistry()
        asked.register(_Trust(house))
        return generate_latest(registry) + generate_latest(asked)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"warifu_{name}", help_text, labels, registry=self._registry)


class _Trust(Collector):
    """Asked anew for each page: a figure that a process wrote long ago would hide that it hangs."""

    def __init__(self, house: Composition) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        usable = GaugeMetricFamily("warifu_trust_usable", "1 where there is trust to judge by.")
        age = GaugeMetricFamily(
            "warifu_trust_age_seconds", "Since its publisher confirmed it.", labels=["kind"]
        )
        left = GaugeMetricFamily(
            "warifu_trust_left_seconds", "Until it is stale; negative where it is.", labels=["kind"]
        )
        try:
            view = self._house.trust.now(self._house.clock())
        except WarifuError:
            usable.add_metric([], 0)
            return (usable,)
        usable.add_metric([], 1)
        for part in freshness(view):
            if part.age is not None:
                age.add_metric([part.kind], part.age.total_seconds())
            if part.left is not None:
                left.add_metric([part.kind], part.left.total_seconds())
        return (usable, age, left)


def _among(known: Collection[str], given: str) -> str:
    return given if given in known else OTHER


_OPERATIONS = frozenset(operation.value for operation in Operation)
_FORMATS = frozenset(name.value for name in Format)
_VERDICTS = frozenset(verdict.value for verdict in Verdict)
_BASES = frozenset(basis.value for basis in Basis)
