"""Begin and end of observing, once in each process that serves."""

from __future__ import annotations

from typing import BinaryIO

from warifu.service.observe import log, traces
from warifu.service.observe.events import count_with
from warifu.service.settings import TelemetrySettings


def start(settings: TelemetrySettings, *, stream: BinaryIO | None = None) -> None:
    """Log, count and trace as the settings say.

    Args:
        settings: The table ``[telemetry]``.
        stream: Where logs go; standard error unless given.

    Raises:
        Misuse: ``usage/telemetry-extra``.
    """
    log.configure(settings.log_level, stream)
    if settings.metrics:
        from warifu.service.observe.metrics import Metrics  # noqa: PLC0415 - reads the environment

        count_with(Metrics())
    if settings.traces is not None:
        traces.send_to(settings.traces)


def stop() -> None:
    """Send what was not sent yet."""
    traces.end()
    count_with(None)
