"""Spans of OpenTelemetry: request, verify, appraise, decide, commit. Without an exporter, nothing.

A span has few attributes, all from the table below and all with few values; no ids of persons or
devices, and no exception's words. Spans of a caller are continued by W3C ``traceparent``;
``tracestate`` and ``baggage`` are neither read nor sent on, because anything may stand in them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from warifu.base.errors import Misuse, WarifuError
from warifu.base.rule import Rule, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

EXTRA = Rule(
    code="usage/telemetry-extra",
    clause="docs/operators.md",
    requires=Text(
        ja="トレースを送信するには、追加機能[telemetry]をインストールする必要があります。",
        en="To send traces, the extra [telemetry] is installed.",
    ),
)
ATTRIBUTES = frozenset(
    {"basis", "code", "format", "method", "operation", "outcome", "route", "status", "verdict"}
)
MAX_CHARACTERS = 100

_PROPAGATOR = TraceContextTextMapPropagator()
_NOTHING: AbstractContextManager[None] = nullcontext()
_provider: list[TracerProvider] = []
_tracer: list[Tracer] = []


def send_to(endpoint: str) -> None:
    """Send spans of this process to an OTLP collector over HTTP.

    Args:
        endpoint: Its base address; ``/v1/traces`` is added.

    Raises:
        Misuse: ``usage/telemetry-extra``.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ImportError as error:
        raise Misuse(EXTRA) from error
    export(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces"))


def export(exporter: SpanExporter, *, at_once: bool = False) -> None:
    """Give spans of this process to an exporter, in batches unless told otherwise."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        SimpleSpanProcessor,
    )

    end()
    provider = TracerProvider(
        resource=Resource.create({"service.name": "warifu"}), shutdown_on_exit=False
    )
    processor = SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    _provider[:] = [provider]
    _tracer[:] = [provider.get_tracer("warifu")]


def end() -> None:
    """Send what is left, and no more."""
    _tracer.clear()
    while _provider:
        _provider.pop().shutdown()


def span(name: str, **attributes: str) -> AbstractContextManager[None]:
    """One step of the work in hand; what is done inside belongs to it.

    Args:
        name: ``verify``, ``appraise``, ``decide``, ``commit``, ...
        attributes: Of `ATTRIBUTES`; others are left out.
    """
    return _span(_tracer[0], name, attributes) if _tracer else _NOTHING


def request_span(headers: Mapping[str, str]) -> AbstractContextManager[Span | None]:
    """The span of a whole request, continuing its caller's where ``traceparent`` names one."""
    return _request_span(_tracer[0], headers) if _tracer else nullcontext()


def describe(current: Span, attributes: Mapping[str, str]) -> None:
    """Add attributes to a span: those that are known, cut to length."""
    for name, value in attributes.items():
        if name in ATTRIBUTES:
            current.set_attribute(f"warifu.{name}", str(value)[:MAX_CHARACTERS])


def trace_id() -> str | None:
    """The trace in hand in hex, for log lines."""
    found = get_current_span().get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


@contextmanager
def _span(tracer: Tracer, name: str, attributes: Mapping[str, str]) -> Iterator[None]:
    with tracer.start_as_current_span(
        name, record_exception=False, set_status_on_exception=False
    ) as current:
        describe(current, attributes)
        try:
            yield
        except WarifuError as error:
            describe(current, {"code": error.code})
            current.set_status(Status(StatusCode.ERROR))
            raise
        except BaseException:
            current.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def _request_span(tracer: Tracer, headers: Mapping[str, str]) -> Iterator[Span]:
    parent = _PROPAGATOR.extract(headers, context=contexts.Context())
    with tracer.start_as_current_span(
        "request",
        context=parent,
        kind=SpanKind.SERVER,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        yield current
