"""Health, readiness and counts: for the machines around the service, without a credential.

They show states, ages and counts; nothing of a tenant, a caller or a device.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Controller, MediaType, Response, get
from litestar.openapi.datastructures import ResponseSpec

from warifu.base.errors import Misuse
from warifu.service.api.problems import MEDIA_TYPE, Problem, Sentences, problems
from warifu.service.api.rules import ROUTE
from warifu.service.observe.events import counting
from warifu.service.observe.health import READY, Check, Health, HealthOffice, State

TEXT = "text/plain; version=0.0.4"


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers. Whether it can do its work is another question: see ``/readyz``."""

    state: State = State.OK


class NotReady(Problem, frozen=True, kw_only=True):
    """A problem with all that was looked at."""

    checks: tuple[Check, ...]


class HealthController(Controller):
    """Asked by load balancers, orchestrators and Prometheus."""

    tags = ("operation",)

    @get("/healthz", summary="Does the process answer?", sync_to_thread=False)
    def alive(self) -> Alive:
        """Says so without asking anything else. For restarting a process that hangs."""
        return Alive()

    @get(
        "/readyz",
        summary="Can it do its work?",
        sync_to_thread=True,
        responses={
            200: ResponseSpec(data_container=Health, description="It can", generate_examples=False),
            503: ResponseSpec(
                data_container=NotReady,
                description="It cannot",
                media_type=MEDIA_TYPE,
                generate_examples=False,
            ),
        },
    )
    def ready(self, office: HealthOffice) -> Response[Any]:
        """Looks at the database and its schema, trust and its age, and the signing keys.

        Stale or missing trust is shown as ``degraded``, with status 200: every process has it at
        once, and rule sets state for each operation what is done then.
        """
        health = office.look()
        if health.state is not State.FAILED:
            return Response(content=health, media_type=MediaType.JSON)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        problem = NotReady(
            type=f"/problems/{READY.code}",
            title=status.phrase,
            status=status.value,
            detail=READY.requires.en,
            code=READY.code,
            sentences=Sentences(ja=READY.requires.ja, en=READY.requires.en),
            checks=health.checks,
        )
        return Response(
            content=msgspec.json.encode(problem), status_code=status.value, media_type=MEDIA_TYPE
        )

    @get(
        "/metrics",
        summary="Counts for Prometheus",
        sync_to_thread=True,
        media_type=MediaType.TEXT,
        responses={
            200: ResponseSpec(
                data_container=str,
                description="Prometheus text format",
                media_type="text/plain",
                generate_examples=False,
            ),
            **problems(404),
        },
    )
    def metrics(self, office: HealthOffice) -> Response[Any]:
        """Counters of all processes of this host. Off where ``telemetry.metrics`` is false."""
        metrics = counting()
        if metrics is None:
            raise Misuse(ROUTE, "telemetry.metrics is off")
        return Response(content=metrics.page(office.house), media_type=TEXT)
