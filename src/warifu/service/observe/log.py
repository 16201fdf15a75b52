"""One JSON object a line on standard error: ours, and what libraries log, by the same path.

A line of a request says when, which request, who asked, which route, what came of it and how long
it took. There is no way to log a body, a header, a query, or an exception's own words.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import structlog

from warifu.service.observe import redact
from warifu.service.observe.current import request_id
from warifu.service.settings import LogLevel

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

GRANIAN = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
"""For granian's ``log_dictconfig``: what it logs goes where everything goes."""
QUIET = ("litestar", "httpx", "httpx2", "urllib3", "psycopg.pool", "alembic", "sqlalchemy")
"""Libraries that are heard from warnings on."""
OURS = frozenset({"caller", "request", "route", "tenant", "trace"})
"""Fields that hold nothing but names which we or the operator gave."""

_logger: list[FilteringBoundLogger] = []


def log() -> FilteringBoundLogger:
    """The logger of the service. Before `configure` it writes warnings and worse."""
    if not _logger:
        _logger.append(_make(logging.WARNING, None))
    return _logger[0]


def configure(level: LogLevel = LogLevel.INFO, stream: BinaryIO | None = None) -> None:
    """Send all logs of this process, warnings and uncaught exceptions to one place.

    Args:
        level: The least that is logged.
        stream: Where; standard error unless given.
    """
    least = getattr(logging, level.upper())
    _logger[:] = [_make(least, stream)]
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(Routed())
    root.setLevel(least)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


class Routed(logging.Handler):
    """What libraries log through the standard library, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; arguments are redacted before they become part of a text."""
        level = min(max(record.levelno, logging.DEBUG), logging.CRITICAL)
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = record.exc_info[1]
        log().log(level, _message(record), **fields)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say that a record was lost; the library would print its arguments."""
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f'{{"event":"log record lost","logger":"{record.name}"}}\n')


class _Forgiving:
    """Where lines go. What cannot be written is lost: a full disk of logs stops no answer."""

    def __init__(self, stream: BinaryIO | None) -> None:
        """Write to `stream`, else to whatever is standard error at the moment of writing."""
        self._stream = stream

    def write(self, line: bytes) -> int:
        with suppress(OSError, ValueError, AttributeError):  # full, closed, or there is none
            if self._stream is None:
                sys.stderr.flush()
            return (self._stream or sys.stderr.buffer).write(line)
        return len(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            (self._stream or sys.stderr).flush()


def _make(least: int, stream: BinaryIO | None) -> FilteringBoundLogger:
    written: Any = _Forgiving(stream)
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(written),
        processors=[_origin, _redact, _when],
        wrapper_class=structlog.make_filtering_bound_logger(least),
    ).bind()
    return logger


def _message(record: logging.LogRecord) -> str:
    template = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
    if not record.args:
        return template
    try:
        return (
            template % redact.value(record.args)
            if isinstance(record.args, dict)
            else (template % tuple(redact.value(argument) for argument in record.args))
        )
    except (TypeError, ValueError, KeyError):
        return template


def _origin(_: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = name
    if (current := request_id()) is not None:
        event.setdefault("request", current)
    return event


def _redact(_: object, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {field: item if field in OURS else redact.value(item) for field, item in event.items()}


def _when(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
    return msgspec.json.encode({"at": datetime.now(UTC), **event})


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    log().critical("uncaught exception", exception=error)


def _uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    log().critical("uncaught exception", exception=caught.exc_value)


def _unraisable(caught: sys.UnraisableHookArgs) -> None:
    log().error("exception that could not be raised", exception=caught.exc_value)
