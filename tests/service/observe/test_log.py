"""One line of JSON for each thing, whoever logs it."""

import errno
import io
import logging
import os
import sys
import threading
import warnings

import pytest

from tests.service.observe.conftest import Watched
from warifu.base.secret import Secret
from warifu.service.observe import called_by, unexpected
from warifu.service.observe.current import CURRENT, Seen
from warifu.service.observe.log import Routed, configure, log

KEY = "c0ffee" * 8


def test_a_line_carries_the_request_in_hand(watched: Watched) -> None:
    token = CURRENT.set(Seen("01a1fd55-7a80-7bc5-ab70-113b87e77195"))
    log().info("something", code="challenge/unused")
    CURRENT.reset(token)
    (line,) = watched.lines()
    assert line["request"] == "01a1fd55-7a80-7bc5-ab70-113b87e77195"
    assert (line["event"], line["level"], line["code"]) == ("something", "info", "challenge/unused")


def test_what_a_library_logs_comes_as_ours_without_secrets_in_its_arguments(
    watched: Watched,
) -> None:
    class Connection:
        def __repr__(self) -> str:
            return "postgresql://warifu:hunter2@db"

    library = logging.getLogger("some.library")
    library.warning("cannot use %s with %r and %s", Connection(), KEY, Secret(b"hunter2"))
    library.warning("one %(key)s", {"key": KEY})
    library.warning(Connection())
    wrong = logging.LogRecord("some.library", logging.ERROR, "", 1, "wrong %d", ("hunter2",), None)
    Routed().emit(wrong)
    assert [line["logger"] for line in watched.lines()] == ["some.library"] * 4
    written = watched.written.getvalue().decode()
    assert "hunter2" not in written
    assert KEY not in written
    assert "cannot use <Connection> with" in written


def test_a_library_that_logs_an_exception_does_not_write_its_words(watched: Watched) -> None:
    try:
        raise RuntimeError("Key (user)=(yamada) already exists")
    except RuntimeError:
        logging.getLogger("driver").exception("insert failed")
    (line,) = watched.lines()
    assert line["exception"]["type"] == "RuntimeError"
    assert "yamada" not in str(line)


def test_an_uncaught_exception_is_one_line(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RuntimeError("yamada")
    sys.excepthook(RuntimeError, error, None)
    thread = threading.Thread(target=os.environ.__getitem__, args=["yamada"])
    thread.start()
    thread.join()
    assert [line["exception"]["type"] for line in watched.lines()] == ["RuntimeError", "KeyError"]
    assert "yamada" not in watched.written.getvalue().decode()
    assert capsys.readouterr().err == ""


def test_a_record_that_cannot_be_written_is_told_of_without_its_arguments(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("driver", logging.ERROR, "", 1, "user %s", ("yamada",), None)
    logging.getLogger().handlers[0].handleError(record)
    assert "yamada" not in capsys.readouterr().err


def test_warnings_are_lines_too(watched: Watched) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", stacklevel=1)
    assert any("py.warnings" in line["logger"] for line in watched.lines())


def test_before_it_is_configured_only_redacted_warnings_are_written(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    log().info("nothing of it")
    log().warning("something", key=KEY, error=ValueError("yamada"))
    written = capfdbinary.readouterr().err
    assert b"something" in written
    assert b"nothing of it" not in written
    assert KEY.encode() not in written
    assert b"yamada" not in written


def test_outside_a_request_nothing_is_remembered(watched: Watched) -> None:
    called_by("kaede-bank", "someone")
    unexpected(RuntimeError("yamada"))
    (line,) = watched.lines()
    assert "request" not in line
    assert "kaede" not in str(line)


class FullDisk(io.BytesIO):
    """Where the log stands, nothing can be written any more."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_of_logs_keeps_no_request_from_its_answer(watched: Watched) -> None:
    configure(stream=FullDisk())
    unexpected(ValueError())
    log().info("request", status=201)
    logging.getLogger("some.library").warning("full")
    assert watched.lines() == []


def test_a_service_without_standard_error_goes_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure()
    monkeypatch.setattr(sys, "stderr", None)
    log().info("request", status=201)
    assert watched.lines() == []
