"""Observing as a serving process does it, undone after each test."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from warifu.service import observe
from warifu.service.observe import log, traces
from warifu.service.settings import LogLevel, TelemetrySettings


@dataclass
class Watched:
    """What an operator would have seen."""

    written: io.BytesIO = field(default_factory=io.BytesIO)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]


@pytest.fixture
def watched() -> Iterator[Watched]:
    """The most talkative settings there are, into memory."""
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    seen = Watched()
    observe.start(TelemetrySettings(log_level=LogLevel.DEBUG), stream=seen.written)
    traces.export(seen.spans, at_once=True)
    yield seen
    observe.stop()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    log._logger.clear()
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
