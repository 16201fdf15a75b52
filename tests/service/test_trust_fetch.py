"""Fetching: conditional, bounded, over https, and never half an answer."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any, cast
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request

import pytest

from tests.service.publisher import Publisher, reply, serving, status
from tests.support import misuse, moment, no_statement
from warifu.attestation.trust.snapshot import Told
from warifu.service.adapters import http_fetch
from warifu.service.adapters.http_fetch import Answer, Unreachable, fetch, require_address
from warifu.service.rules import FETCHED, SOURCE_ADDRESS

NOW = moment("2026-03-01T00:00:00Z")
HOUR = timedelta(hours=1)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with serving() as publisher:
        publisher.body = b"{}"
        yield publisher


def get(publisher: Publisher, earlier: Told | None = None, max_bytes: int = 1000) -> Answer:
    return fetch(publisher.url, earlier=earlier, now=lambda: NOW, max_bytes=max_bytes)


def test_an_answer_is_its_bytes_and_what_was_told_beside_them(publisher: Publisher) -> None:
    publisher.headers = {
        "ETag": '"7"',
        "Last-Modified": "Sun, 01 Mar 2026 00:00:00 GMT",
        "Cache-Control": "public, max-age=3600",
        "Age": "600",
    }
    answer = get(publisher)
    assert answer.body == b"{}"
    assert answer.told == Told(
        etag='"7"',
        last_modified="Sun, 01 Mar 2026 00:00:00 GMT",
        expires_at=NOW + timedelta(minutes=50),
    )
    assert "If-None-Match" not in publisher.asked[0]


def test_what_is_held_is_asked_about_and_not_sent_again(publisher: Publisher) -> None:
    answer = get(publisher, Told(etag='"1"', last_modified="Sun, 01 Mar 2026 00:00:00 GMT"))
    assert answer.body is None
    assert publisher.asked[0]["If-None-Match"] == '"1"'
    assert publisher.asked[0]["If-Modified-Since"] == "Sun, 01 Mar 2026 00:00:00 GMT"


def test_a_304_keeps_what_it_does_not_say(publisher: Publisher) -> None:
    publisher.answers = [status(304, Cache_Control="max-age=60")]
    told = get(publisher, Told(etag='"1"', last_modified="then", expires_at=NOW)).told
    assert told == Told(etag='"1"', last_modified="then", expires_at=NOW + timedelta(seconds=60))


@pytest.mark.parametrize("earlier", [None, Told(), Told(expires_at=NOW)])
def test_a_304_that_nobody_asked_for_is_no_answer(
    publisher: Publisher, earlier: Told | None
) -> None:
    publisher.answers = [status(304)]
    with no_statement(FETCHED):
        get(publisher, earlier)


@pytest.mark.parametrize("code", [204, 206, 400, 403, 404, 429, 500, 503])
def test_an_error_page_is_no_list(publisher: Publisher, code: int) -> None:
    publisher.answers = [status(code, b"" if code == 204 else b"{}")]
    with no_statement(FETCHED):
        get(publisher)


def test_an_answer_beyond_the_limit_is_given_up(publisher: Publisher) -> None:
    publisher.body = b"x" * 1001
    with no_statement(FETCHED):
        get(publisher)
    publisher.body = b"x" * 1000
    assert get(publisher).body == publisher.body


def test_an_endless_answer_is_given_up(publisher: Publisher) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            handler.close_connection = True

    publisher.answers = [endless]
    with no_statement(FETCHED):
        get(publisher, max_bytes=1 << 20)


def test_an_answer_cut_short_is_no_answer(publisher: Publisher) -> None:
    publisher.answers = [status(200, b'{"entries":{}}', Content_Length="1000")]
    with no_statement(FETCHED):
        get(publisher)


def test_an_encoded_answer_is_no_answer(publisher: Publisher) -> None:
    publisher.answers = [status(200, b"bomb", Content_Encoding="gzip")]
    with no_statement(FETCHED):
        get(publisher)


def test_an_answer_that_drips_for_ever_is_given_up(publisher: Publisher) -> None:
    times = iter([NOW, NOW + timedelta(minutes=3)])
    with no_statement(FETCHED):
        fetch(publisher.url, earlier=None, now=lambda: next(times))


def test_a_publisher_that_drips_byte_by_byte_is_not_waited_for(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            handler.close_connection = True

    monkeypatch.setattr(http_fetch, "DEADLINE_SECONDS", 0.1)
    publisher.answers = [drip]
    started = time.monotonic()
    with no_statement(FETCHED):
        fetch(publisher.url, earlier=None, now=lambda: datetime.now(UTC))
    assert time.monotonic() - started < 5


def test_a_redirect_from_elsewhere_to_this_machine_is_not_followed() -> None:
    handler = next(each for each in http_fetch._HANDLERS if isinstance(each, HTTPRedirectHandler))
    asked = Request("https://publisher.example/list")
    with pytest.raises(URLError):
        handler.redirect_request(
            asked, cast("Any", io.BytesIO()), 302, "", Message(), "http://127.0.0.1:8080/admin"
        )


def test_a_publisher_that_does_not_answer_is_given_up(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_fetch, "TIMEOUT_SECONDS", 0.05)
    publisher.answers = [lambda _: __import__("time").sleep(0.3)]
    with no_statement(FETCHED):
        get(publisher)


def test_a_publisher_that_is_not_there_is_told() -> None:
    with serving() as publisher:
        url = publisher.url
    with no_statement(FETCHED):
        fetch(url, earlier=None, now=lambda: NOW)


def test_an_answer_that_is_no_http_is_told(publisher: Publisher) -> None:
    def garbage(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x16\x03\x01 hello\r\n\r\n")

    publisher.answers = [garbage]
    with no_statement(FETCHED):
        get(publisher)


@pytest.mark.parametrize("location", ["http://attacker.example/list", "ftp://127.0.0.1/list"])
def test_a_redirect_off_https_is_not_followed(publisher: Publisher, location: str) -> None:
    publisher.answers = [status(302, Location=location)]
    with no_statement(FETCHED):
        get(publisher)


def test_a_redirect_to_an_allowed_address_is_followed(publisher: Publisher) -> None:
    publisher.answers = [status(302, Location="/elsewhere")]
    assert get(publisher).body == b"{}"


def test_a_circle_of_redirects_is_left(publisher: Publisher) -> None:
    publisher.answers = [status(302, Location="/list") for _ in range(20)]
    with no_statement(FETCHED):
        get(publisher)


@pytest.mark.parametrize(
    "url",
    [
        "http://publisher.example/list",
        "ftp://publisher.example/list",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "publisher.example/list",
        "http://127.0.0.1.attacker.example/",
        "http://user@attacker.example@127.0.0.2/",
        "",
    ],
)
def test_an_address_that_anyone_could_answer_for_is_not_asked(url: str) -> None:
    with misuse(SOURCE_ADDRESS):
        fetch(url, earlier=None, now=lambda: NOW)


def test_https_and_this_machine_itself_may_be_asked() -> None:
    for url in ("https://publisher.example/list", "http://127.0.0.1:1/", "http://[::1]:1/"):
        require_address(url)


@pytest.mark.parametrize(
    ("headers", "expires"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": "private, MAX-AGE=60, must-revalidate"}, 60),
        ({"Cache-Control": "max-age=60", "Age": "100"}, 0),
        ({"Cache-Control": "max-age=60", "Age": "soon"}, 60),
        ({"Cache-Control": "s-maxage=60"}, None),
        ({"Cache-Control": "no-store, max-age=60"}, None),
        ({"Cache-Control": "max-age=60, no-cache"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Cache-Control": "max-age=99999999999999999999"}, None),
        ({"Cache-Control": "max-age=999999999"}, 12 * 3600),
    ],
)
def test_a_publisher_says_when_to_ask_again(
    publisher: Publisher, headers: dict[str, str], expires: int | None
) -> None:
    publisher.headers = headers
    wanted = None if expires is None else NOW + timedelta(seconds=expires)
    assert get(publisher).told.expires_at == wanted


def test_a_name_that_could_start_another_header_is_not_kept(publisher: Publisher) -> None:
    publisher.headers = {"ETag": '"' + "x" * 2000 + '"', "Last-Modified": "a\tb"}
    assert get(publisher).told == Told()


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [("7", timedelta(seconds=7)), ("999999", HOUR), ("tomorrow", None), ("-1", None)],
)
def test_a_publisher_may_ask_for_patience(
    publisher: Publisher, stated: str, wanted: timedelta | None
) -> None:
    publisher.answers = [status(503, Retry_After=stated)]
    with pytest.raises(Unreachable) as caught:
        get(publisher)
    assert caught.value.retry_after == wanted


def test_helpers_answer_as_told(publisher: Publisher) -> None:
    publisher.answers = [lambda handler: reply(handler, 200, b"[]")]
    assert get(publisher).body == b"[]"
    assert isinstance(NOW, datetime)
