"""Spans: the steps of a request, with little in them."""

import threading

import pytest

from tests.service.observe.conftest import Watched
from warifu.base.errors import Misuse
from warifu.service.observe import span, traces
from warifu.service.settings import SETTINGS

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_callers_trace_is_continued(watched: Watched) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with traces.request_span(headers), span("verify", format="android-key"):
        assert traces.trace_id() == TRACE
    verify, request = watched.spans.get_finished_spans()
    assert (verify.name, request.name) == ("verify", "request")
    assert verify.context is not None
    assert f"{verify.context.trace_id:032x}" == TRACE
    assert verify.parent is not None
    assert request.context is not None
    assert verify.parent.span_id == request.context.span_id


@pytest.mark.parametrize("header", ["", "00-zz-yy-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_traceparent_that_is_none_begins_a_new_trace(watched: Watched, header: str) -> None:
    with traces.request_span({"traceparent": header}):
        assert traces.trace_id() not in {None, "0" * 32}


def test_only_known_attributes_of_few_characters_are_kept(watched: Watched) -> None:
    with span("decide", operation="login", user="yamada", outcome="s" * 5000):
        pass
    (made,) = watched.spans.get_finished_spans()
    assert made.attributes is not None
    assert dict(made.attributes) == {
        "warifu.operation": "login",
        "warifu.outcome": "s" * traces.MAX_CHARACTERS,
    }


def test_an_error_leaves_its_code_and_not_its_words(watched: Watched) -> None:
    with pytest.raises(Misuse), span("verify"):
        raise Misuse(SETTINGS, "yamada")
    with pytest.raises(RuntimeError), span("commit"):
        raise RuntimeError("yamada")
    verify, commit = watched.spans.get_finished_spans()
    assert verify.attributes is not None
    assert verify.attributes["warifu.code"] == SETTINGS.code
    assert not commit.status.is_ok
    assert "yamada" not in verify.to_json() + commit.to_json()


def test_a_step_in_another_thread_belongs_to_its_own_request(watched: Watched) -> None:
    def other() -> None:
        with span("verify"):
            pass

    with traces.request_span({}):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    verify = watched.spans.get_finished_spans()[0]
    assert verify.parent is None


def test_without_an_exporter_there_is_no_span() -> None:
    traces.end()
    with span("verify"), traces.request_span({}) as request:
        assert request is None
        assert traces.trace_id() is None


def test_without_the_extra_an_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415

    from tests.support import misuse  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with misuse(traces.EXTRA):
        traces.send_to("http://127.0.0.1:4318")
