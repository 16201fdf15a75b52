"""Whatever is sent, the answer is a problem with a code, and never a failure of ours."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import cbor2
import pytest

from tests.service.attacks.calls import CALLS
from tests.service.attacks.world import ABOUT, BANK, EVERYTHING, PHONE, TOML, Call, World
from warifu.service.api.app import CONTROLLERS
from warifu.service.api.openapi import describe
from warifu.service.api.problems import MEDIA_TYPE
from warifu.service.api.rules import MEDIA_TYPE as WANTED_TYPE
from warifu.service.api.rules import SIZE
from warifu.service.conduct.rules import WELL_FORMED
from warifu.service.store.rules import VALUE

if TYPE_CHECKING:
    import httpx

JSON = {"Content-Type": "application/json"}
POSTS = sorted(
    path
    for method, path in CALLS
    if method == "POST" and path != "/v1/rule-sets" and "{operation}" not in path
)
TRANSFER = ABOUT["operation"]


def is_problem(answer: httpx.Response, *statuses: int) -> str:
    """The code of a problem of ours."""
    assert 400 <= answer.status_code < 500, answer.text
    assert not statuses or answer.status_code in statuses, answer.text
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["sentences"]["ja"]
    code: str = told["code"]
    assert code
    return code


def deep(levels: int) -> bytes:
    return b'{"app":' * levels + b"1" + b"}" * levels


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "not JSON": b"{",
    "text after": b"{}{}",
    "NUL": b"\x00",
    "not UTF-8": b'{"app":"\xff"}',
    "UTF-16": '{"app":"wallet"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(ABOUT).encode(),
    "deep objects": deep(100_000),
    "deep lists": b"[" * 200_000,
    "a number of a million digits": b'{"app":' + b"9" * 1_000_000 + b"}",
    "an exponent": b'{"operation":{"kind":"transfer","amount":1e400}}',
    "NaN": b'{"app":NaN}',
    "a name of a million letters": b'{"' + b"a" * 1_000_000 + b'":1}',
    "half a surrogate pair": b'{"app":"\\ud800"}',
    "many members": json.dumps({f"m{number}": number for number in range(50_000)}).encode(),
}


def test_no_operation_fails_over_a_body(world: World) -> None:
    before = world.rows()
    for path in POSTS:
        named = path.replace("{", "").replace("}", "")
        for name, body in BODIES.items():
            answer = world.send(Call(method="POST", path=named, body=body, headers=JSON))
            assert is_problem(answer, 400, 404, 409), (path, name)
    assert world.rows() == before


MEDIA_TYPES = (None, b"text/plain", b"text/json", b"multipart/form-data", b"", b"*/*",
               b"application/x-www-form-urlencoded", b"application/jsonx", b"\xff")  # fmt: skip


def test_bodies_of_other_media_types_are_refused(world: World) -> None:
    caller = (b"Authorization", f"Bearer kaede-bank/backend {EVERYTHING}".encode())
    paths = describe(CONTROLLERS)["paths"]
    for path in (each for each in POSTS if "requestBody" in paths[each]["post"]):
        for stated in MEDIA_TYPES:
            headers = [caller] if stated is None else [caller, (b"Content-Type", stated)]
            named = path.replace("{", "").replace("}", "")
            answer = world.client.request("POST", named, content=b"{}", headers=headers)
            assert is_problem(answer, 415) == WANTED_TYPE.code, (path, stated)


def test_a_body_over_the_limit_is_refused(world: World) -> None:
    body = b'{"app":"' + b"x" * (1 << 20) + b'"}'
    for path in POSTS:
        call = Call(method="POST", path=path.replace("{", "").replace("}", ""), body=body)
        assert is_problem(world.send(call, Content_Type="application/json"), 413) == SIZE.code


MEMBERS: list[tuple[str, list[Any]]] = [
("app", ["", "x" * 65, 1, None, True, [], {}, "\0", "wallet\0"]),
    ("user", ["", "x" * 201, 1, "\0", "\U0010ffff" * 201]),
    ("device", ["", "a b", "../etc", "x\n", "x" * 201, "\0", "ｗａｌｌｅｔ"]),
    ("context", [[], {"": "x"}, {"a": 1}, {"a" * 65: ""}, {"a": "x" * 201}, {"\ud800": ""},
        {str(number): "" for number in range(10_000)}, {"a": {"b": "c"}}]),
    ("operation", [None, {}, "transfer", {"kind": "TRANSFER"}, {"kind": "steal"},
        {**TRANSFER, "amount": 0}, {**TRANSFER, "amount": -1}, {**TRANSFER, "amount": 1.5},
        {**TRANSFER, "amount": "1"}, {**TRANSFER, "amount": 10**16},
        {**TRANSFER, "amount": True}, {**TRANSFER, "payee_known": 1},
        {**TRANSFER, "amount": 10**4000}, {**TRANSFER, "currency": "yen"},
        {**TRANSFER, "currency": "JPY\n"}, {**TRANSFER, "x": 1}]),
    ("challenge", ["", "x" * 65, "\0", 1, None, [], "\ud83d"]),
    ("appraisal", ["", "x" * 65, "\0", 1, []]),
    ("evidence", [1, [], {}, {"media_type": ""}, {"media_type": "x" * 201, "data": "AAAA"},
        {"data": "AAAA"}, {"media_type": "text/plain"}, {"cmw": "AAAA", "data": "AAAA"}]),
    ("bank", [[], {"x": 1}, {"user": {"verified_seconds": -1}}, {"user": {"methods": ["x"]}},
        {"account": {"limit_left": 10**30}}, {"powers": ["x"] * 10_000}, {"powers": [""]},
        {"binding": {"age_seconds": 2**70}}, {"vendor_down": "yes"}, {"vendor_down": None}]),
]  # fmt: skip


def test_no_member_of_a_decision_takes_what_is_not_documented(world: World) -> None:
    body = world.asserted()
    before = world.rows()
    for member, value in ((member, value) for member, values in MEMBERS for value in values):
        wrong = {**body, member: value}
        if member == "appraisal":
            del wrong["evidence"], wrong["challenge"]
        answer = world.send(Call(method="POST", path="/v1/decisions", body=wrong))
        assert is_problem(answer), (member, value)
    assert world.rows() == before
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


@pytest.mark.parametrize("path", ["/v1/challenges", "/v1/evidence", "/v1/decisions"])
def test_a_member_said_twice_is_refused(world: World, path: str) -> None:
    """A gateway in front that reads the first of two amounts sees another transfer than we do."""
    body = world.asserted()
    if path != "/v1/decisions":
        del body["bank"]
    if path == "/v1/challenges":
        del body["challenge"], body["evidence"]
    twice = json.dumps(body).replace('"amount": 10000', '"amount": 90000, "amount": 10000')
    before = world.rows()
    call = Call(method="POST", path=path, body=twice.encode())
    answer = world.send(call, Content_Type="application/json")
    assert is_problem(answer, 400) == WELL_FORMED.code
    assert world.rows() == before


def test_base64_in_other_alphabets_and_lengths_is_refused(world: World) -> None:
    body = world.asserted()
    evidence = body["evidence"]
    data = bytes(range(256)) * 2
    for wrong in (
        urlsafe_b64encode(data).decode(),
        b64encode(data).decode().rstrip("="),
        b64encode(data).decode() + "=",
        " " + b64encode(data).decode(),
        b64encode(data).decode() + "\n",
        "=" * 8,
        "A",
        "\0\0\0\0",
        "ＡＡＡＡ",
        b64encode(b"x" * ((1 << 19) + 1)).decode(),
    ):
        for name in ("data", "key", "client_data", "user_handle"):
            changed = {**body, "evidence": {**evidence, name: wrong}}
            answer = world.send(Call(method="POST", path="/v1/decisions", body=changed))
            assert is_problem(answer), (name, wrong[:20])
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


def test_wrappers_within_wrappers_and_their_like_are_refused_or_prove_nothing(
    world: World,
) -> None:
    made = world.attested()["evidence"]
    record: Any = json.dumps([made["media_type"], made["data"]]).encode()
    wrapped = record
    for _ in range(20):
        wrapped = json.dumps(["application/cmw+json", b64encode(wrapped).decode()]).encode()
    for cmw in (
        wrapped,
        b"[]",
        b"[" * 10_000,
        cbor2.dumps([made["media_type"], [made["media_type"], b""]]),
        cbor2.dumps({"__cmwc_t": "tag:x", "a": [made["media_type"], b""]}),
        b"\x9f" * 5000,
        b"\xbf\xff" * 100,
        b"\x82\x78\xff" + b"x" * 300,
        b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    ):
        challenge, _ = world.challenge()
        body = {**ABOUT, "challenge": challenge, "evidence": {"cmw": b64encode(cmw).decode()}}
        answer = world.send(Call(method="POST", path="/v1/decisions", body={**body, "bank": BANK}))
        if answer.is_success:
            assert answer.json()["outcome"] == "refuse"
        else:
            is_problem(answer)
    assert {each["outcome"] for each in world.tell("GET", "/v1/decisions")["items"]} <= {"refuse"}


KINDS = (
    "application/pem-certificate-chain",
    "application/vnd.warifu.app-attest+cbor",
    "application/vnd.warifu.app-attest-assertion+cbor",
    "application/vnd.warifu.webauthn+json",
    "application/vnd.warifu.play-integrity",
)
GARBAGE = (b"\0", b"{}", b"[" * 100_000, b"\x9b" + b"\xff" * 8, b"\x30\x84\xff\xff\xff\xff",
           b"-" * 200_000, b"-----BEGIN CERTIFICATE-----\n" * 5_000, b"a.b.c",
           b"\xd8\x00" * 100)  # fmt: skip


def test_evidence_that_is_garbage_is_a_decision_to_refuse(world: World) -> None:
    for kind in KINDS:
        for data in GARBAGE:
            challenge, _ = world.challenge()
            encoded = b64encode(data).decode()
            evidence = {"media_type": kind, "data": encoded, "key": "AAAA", "client_data": encoded}
            body = {**ABOUT, "challenge": challenge, "evidence": evidence, "bank": BANK}
            made = world.tell("POST", "/v1/decisions", body)
            assert made["outcome"] == "refuse", (kind, data[:20])
            assert made["evidence"]["verdict"] == "refused", (kind, data[:20])
            assert world.tell("GET", f"/v1/challenges/{challenge}")["state"] == "used"


PATHS = [
    "/v1/decisions/%00", "/v1/decisions/%ff", "/v1/decisions/%ed%a0%80", "/v1/devices/%00",
    "/v1/devices/%f0%9f%93%b1", "/v1/devices/" + "x" * 5000, "/v1/serials/%00", "/v1/serials/-1",
    "/v1/serials/" + "9" * 5000, "/v1/serials/0x", "/v1/appraisals/%00/ear", "/v1/apps/%2e%2e",
    "/v1/rule-sets/%00", "/v1/erasures/%00", "/v1/evidence/%E2%80%AE", "/v1//decisions",
    "/v1/decisions/..%2f..%2fhealthz", "/v1/challenges/'%20OR%201=1--",
    "/v1/decisions?limit=0", "/v1/decisions?limit=201", "/v1/decisions?limit=1e3",
    "/v1/decisions?limit=" + "9" * 5000, "/v1/decisions?limit=1&limit=x",
    "/v1/decisions?after=%00", "/v1/decisions?after=AA", "/v1/decisions?after=" + "A" * 300,
    "/v1/decisions?outcome=%00", "/v1/decisions?device=%ff", "/v1/decisions?operation=steal",
    "/v1/evidence?format=%00", "/v1/devices?model=%00", "/v1/devices?revoked=perhaps",
    "/v1/rule-sets?after=OTk5OTk5OTk5OTk5OTk5OTk5OTk5Lng", "/v1/rule-sets?after=LTEuYQ",
    "/v1/audit?since=never", "/v1/audit?since=0001-01-01T00:00:00%2B14:00",
    "/v1/audit?until=9999-12-31T23:59:59-14:00", "/v1/audit?since=99999999999999999999",
    "/v1/audit?since=-1e300", "/v1/audit?action=%00", "/v1/trust?known_at=0001-01-01T00:00:00Z",
    "/v1/trust?known_at=9999-12-31T23:59:59%2B00:00", "/v1/trust?known_at=x",
    "/problems/%00/%00", "/problems/../../etc/passwd",
]  # fmt: skip


def test_no_path_and_no_parameter_is_a_failure_of_ours(world: World) -> None:
    for path in PATHS:
        answer = world.send(Call(method="GET", path=path))
        assert answer.status_code < 500, (path, answer.text)
        if not answer.is_success:
            assert is_problem(answer), path


HEADERS: list[tuple[bytes, bytes]] = [
    (b"Accept", b"\xff\xfe"), (b"Accept", b"*/*;q=nan"), (b"Accept", b"," * 5000),
    (b"Accept", b'application/eat+cwt;eat_profile="\xe3\x81\x82"'),
    (b"Accept-Language", b"ja;q=nan, en;q=inf"), (b"Accept-Language", b"\xff" * 300),
    (b"If-None-Match", b'"' * 5000), (b"If-None-Match", b"*"), (b"If-None-Match", b"\xff"),
    (b"traceparent", b"00-" + b"f" * 500), (b"X-Request-Id", b"\xe3\x81\x82"),
    (b"X-Forwarded-For", b"\xff, ::::"), (b"X-Forwarded-Proto", b"\xff"),
    (b"Client-Cert", b":AAAA:"),
    (b"Cookie", b"\xff=\xff"), (b"Range", b"bytes=0-1,2-3"), (b"Content-Encoding", b"gzip"),
    (b"Content-Type", b"\xff"), (b"Transfer-Encoding", b"gzip"), (b"Content-Length", b"0"),
]  # fmt: skip


def test_no_header_is_a_failure_of_ours(world: World) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())["appraisal"]["id"]
    caller = (b"Authorization", b"Bearer kaede-bank/backend read audit")
    for header in HEADERS:
        for path in ("/v1/decisions", f"/v1/appraisals/{judged}/ear", "/v1/keys", "/nowhere"):
            answer = world.client.get(path, headers=[caller, header])
            assert answer.status_code < 500, (header, path, answer.text)


FILES = (
    b"", b"\0", b"\xff", b"a=" + b"[" * 10_000, b"x = " + b"9" * 100_000, b"id = 1",
    b"a.b = 1\n" * 2, b"[[rules]]\n" * 10_000, b"d = 9999-99-99", b'id = "' + b"x" * 100_000 + b'"',
)  # fmt: skip


def test_files_that_are_garbage_are_refused(world: World) -> None:
    before = world.rows()
    for method, path in (("POST", "/v1/rule-sets"), ("PUT", "/v1/apps/wallet/policies/transfer")):
        for source in FILES:
            call = Call(method=method, path=path, body=source, headers=TOML)
            assert is_problem(world.send(call), 400, 413), (path, source[:20])
    assert world.rows() == before


def test_text_that_only_one_database_would_keep_is_refused_by_both(world: World) -> None:
    evidence = {**world.attested(), "device": None, "app": "wal\0let"}
    is_problem(world.send(Call(method="POST", path="/v1/evidence", body=evidence)), 400)
    erase = Call(method="POST", path="/v1/erasures", body={"device": f"{PHONE}\0"})
    assert is_problem(world.send(erase), 400, 404) in {VALUE.code, "request/known"}
