from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx import Response

from tests.service.api.conftest import Client
from tests.service.api.desk import SECRET, ThingController
from tests.service.house import TENANT
from warifu.service.api import rules
from warifu.service.api.problems import MEDIA_TYPE
from warifu.service.callers.rules import SCOPE, UNAUTHENTICATED
from warifu.service.conduct.rules import KNOWN, SAME_REQUEST, UNCHANGED, WELL_FORMED
from warifu.service.limits.rules import TOO_MANY
from warifu.service.store.database import Database
from warifu.service.store.rules import AVAILABLE

THING = {"name": "a"}


def problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    """The answer is exactly this problem, in full form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"/problems/{code}"
    assert set(document["sentences"]) == {"ja", "en"}
    assert SECRET not in answer.text
    return document


class TestProblems:
    @pytest.mark.parametrize(
        ("kind", "status", "code"),
        [
            ("misuse", 404, KNOWN.code),
            ("evidence", 404, KNOWN.code),
            ("fault", 503, AVAILABLE.code),
            ("many", 429, TOO_MANY.code),
        ],
    )
    def test_an_error_is_a_problem_without_its_private_detail(
        self, client: Client, kind: str, status: int, code: str
    ) -> None:
        problem(client.get(f"/v1/things/errors/{kind}"), status, code)

    def test_an_unforeseen_error_says_nothing_but_where_the_log_has_it(
        self, client: Client
    ) -> None:
        answer = client.get("/v1/things/errors/unforeseen")
        document = problem(answer, 500, rules.ANSWERED.code)
        assert document["instance"].startswith("urn:uuid:")

    def test_where_we_are_at_fault_asking_again_is_told(self, client: Client) -> None:
        assert int(client.get("/v1/things/errors/fault").headers["retry-after"]) > 0
        assert client.get("/v1/things/errors/many").headers["retry-after"] == "17"

    def test_an_unknown_path_is_a_problem(self, client: Client) -> None:
        problem(client.get("/v1/nothing"), 404, rules.ROUTE.code)

    def test_an_unknown_method_is_a_problem_that_names_those_allowed(self, client: Client) -> None:
        answer = client.patch("/v1/things", json=THING)
        problem(answer, 405, rules.METHOD.code)
        assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))

    @pytest.mark.parametrize(
        ("preferred", "language"),
        [
            ("ja", "ja"),
            ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
            ("en;q=0.5, ja;q=0.4", "en"),
            ("fr", "en"),
            ("ja;q=0", "en"),
            ("ja;q=x, en;q=nan", "en"),
            ("", "en"),
        ],
    )
    def test_the_language_is_the_one_preferred(
        self, client: Client, preferred: str, language: str
    ) -> None:
        answer = client.get("/v1/nothing", headers={"Accept-Language": preferred})
        document = answer.json()
        assert document["detail"] == document["sentences"][language]
        assert answer.headers["content-language"] == language

    def test_a_type_leads_to_what_the_code_means(self, client: Client) -> None:
        document = client.get("/v1/nothing").json()
        meaning = client.get(document["type"]).json()
        assert meaning["code"] == rules.ROUTE.code
        assert meaning["requires"] == document["sentences"]
        problem(client.get("/problems/no/such"), 404, KNOWN.code)


class TestAccess:
    def test_a_stranger_is_not_authenticated(self, client: Client) -> None:
        del client.headers["Authorization"]
        answer = client.get("/v1/things")
        problem(answer, 401, UNAUTHENTICATED.code)
        assert answer.headers["www-authenticate"].startswith("Bearer")

    def test_a_stranger_does_not_learn_whether_a_body_would_be_accepted(
        self, client: Client
    ) -> None:
        del client.headers["Authorization"]
        answer = client.post("/v1/things", content=b"{", headers={"content-type": "text/plain"})
        problem(answer, 401, UNAUTHENTICATED.code)

    def test_a_caller_without_the_scope_is_refused(self, client: Client) -> None:
        client.headers["Authorization"] = "Bearer bank read"
        problem(client.post("/v1/things", json=THING), 403, SCOPE.code)

    def test_one_of_two_scopes_is_not_enough(self, client: Client) -> None:
        client.headers["Authorization"] = "Bearer bank configure"
        problem(client.put("/v1/things/a", json=THING), 403, SCOPE.code)

    def test_every_answer_forbids_keeping_and_guessing(self, client: Client) -> None:
        for path in ("/v1/things", "/v1/nothing", "/openapi.json"):
            headers = client.get(path).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")


class TestBodies:
    def test_a_body_of_another_media_type_is_refused(self, client: Client) -> None:
        problem(client.post("/v1/things", data=THING), 415, rules.MEDIA_TYPE.code)
        answer = client.post("/v1/things", content=json.dumps(THING))
        problem(answer, 415, rules.MEDIA_TYPE.code)

    def test_a_charset_does_not_disturb(self, client: Client) -> None:
        headers = {"content-type": "application/json; charset=utf-8"}
        answer = client.post("/v1/things", content=json.dumps(THING), headers=headers)
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        ("body", "at"),
        [
            (b"", "$"),
            (b"{", "$"),
            (b"[]", "$"),
            (b"[" * 4000, "$"),
            (b'{"name":"a","amount":"1"}', "$.amount"),
            (b'{"name":"a","amount":true}', "$.amount"),
            (b'{"name":"a","amount":-1}', "$.amount"),
            (b'{"name":"","amount":1}', "$.name"),
            (b'{"name":"' + b"x" * 21 + b'"}', "$.name"),
            (b'{"name":"a","data":"%"}', "$.data"),
            (b'{"name":"a","nmae":"b"}', "$"),
            (b'{"name":"\xff"}', "$"),
            (b'{"name":"\\ud800"}', "$"),
        ],
    )
    def test_a_body_that_is_not_as_documented_is_refused_with_the_place(
        self, client: Client, body: bytes, at: str
    ) -> None:
        headers = {"content-type": "application/json"}
        answer = client.post("/v1/things", content=body, headers=headers)
        document = problem(answer, 400, WELL_FORMED.code)
        assert document["faults"][0]["at"] == at

    def test_a_refusal_does_not_repeat_what_was_sent(self, client: Client) -> None:
        headers = {"content-type": "application/json"}
        body = json.dumps({"name": SECRET, "kind": SECRET, SECRET: SECRET})
        answer = client.post("/v1/things", content=body, headers=headers)
        problem(answer, 400, WELL_FORMED.code)
        problem(client.get(f"/v1/things?limit={SECRET}"), 400, WELL_FORMED.code)

    def test_a_body_beyond_the_limit_is_refused(self, client: Client) -> None:
        big = {"name": "a", "data": base64.b64encode(bytes(4096)).decode()}
        problem(client.post("/v1/things", json=big), 413, rules.SIZE.code)

    def test_a_chunked_body_beyond_the_limit_is_refused(self, client: Client) -> None:
        answer = client.post("/v1/things", content=(bytes(1000) for _ in range(9)))
        problem(answer, 413, rules.SIZE.code)


class TestIdempotency:
    def test_the_same_request_gets_the_same_answer_once_made(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k1"}
        first = client.post("/v1/things", json=THING, headers=headers)
        made = ThingController.made
        second = client.post("/v1/things", json=THING, headers=headers)
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert second.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert ThingController.made == made

    def test_another_request_under_the_same_key_is_refused(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k1"}
        client.post("/v1/things", json=THING, headers=headers)
        changed = client.post("/v1/things", json={"name": "b"}, headers=headers)
        problem(changed, 422, SAME_REQUEST.code)
        problem(client.delete("/v1/things/a", headers=headers), 422, SAME_REQUEST.code)
        answer = client.post("/v1/things?x=1", json=THING, headers=headers)
        problem(answer, 422, SAME_REQUEST.code)

    def test_keys_of_two_tenants_do_not_meet(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k1"}
        first = client.post("/v1/things", json=THING, headers=headers)
        client.headers["Authorization"] = "Bearer other-bank"
        second = client.post("/v1/things", json=THING, headers=headers)
        assert "idempotency-replayed" not in second.headers
        assert first.content != second.content

    def test_a_caller_that_lost_the_scope_is_not_told_the_earlier_answer(
        self, client: Client
    ) -> None:
        headers = {"Idempotency-Key": "k1"}
        client.post("/v1/things", json=THING, headers=headers)
        client.headers["Authorization"] += " read"
        problem(client.post("/v1/things", json=THING, headers=headers), 403, SCOPE.code)

    def test_an_empty_answer_is_given_again(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k2"}
        answers = [client.delete("/v1/things/a", headers=headers) for _ in range(2)]
        assert {(each.status_code, each.content) for each in answers} == {(204, b"")}
        assert answers[1].headers["idempotency-replayed"] == "true"

    def test_sixteen_at_once_are_made_once_and_all_told_so(
        self, client: Client, database: Database
    ) -> None:
        headers = {"Idempotency-Key": "k3"}

        def send(_: int) -> Response:
            return client.post("/v1/things", json=THING, headers=headers)

        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(send, range(16)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        with database.read() as transaction:
            count = "SELECT count(*) FROM audit WHERE tenant = :tenant"
            assert transaction.row(count, tenant=TENANT) == (1,)

    @pytest.mark.parametrize("key", [b"", b"a b", b"x" * 201, "キー".encode(), b"a\x7f"])
    def test_a_key_of_another_form_is_refused(self, client: Client, key: bytes) -> None:
        answer = client.post("/v1/things", json=THING, headers={b"Idempotency-Key": key})
        problem(answer, 400, rules.KEY_FORM.code)

    def test_two_keys_are_refused(self, client: Client) -> None:
        headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        problem(client.post("/v1/things", json=THING, headers=headers), 400, rules.KEY_FORM.code)

    def test_a_refused_request_may_be_mended_under_its_key(self, client: Client) -> None:
        headers = {"Idempotency-Key": "k4"}
        assert client.post("/v1/things", json={}, headers=headers).status_code == 400
        assert client.post("/v1/things", json=THING, headers=headers).status_code == 201


class TestTags:
    def test_what_the_caller_holds_is_not_sent_again(self, client: Client) -> None:
        etag = client.get("/v1/things/a").headers["etag"]
        for held in (etag, f'W/{etag}, "other"', "*"):
            answer = client.get("/v1/things/a", headers={"If-None-Match": held})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
        answer = client.get("/v1/things/b", headers={"If-None-Match": etag})
        assert answer.status_code == 200

    def test_a_change_of_what_was_not_seen_is_refused(self, client: Client) -> None:
        problem(client.put("/v1/things/a", json=THING), 428, rules.PRECONDITION.code)
        headers = {"If-Match": '"another"'}
        problem(client.put("/v1/things/a", json=THING, headers=headers), 412, UNCHANGED.code)

    def test_a_change_of_what_was_seen_is_made(self, client: Client) -> None:
        headers = {"If-Match": client.get("/v1/things/a").headers["etag"]}
        assert client.put("/v1/things/a", json=THING, headers=headers).status_code == 200


class TestPages:
    def test_pages_hold_everything_once(self, client: Client) -> None:
        seen: list[str] = []
        after: str | None = None
        while True:
            more = {"after": after} if after else {}
            found = client.get("/v1/things", params={"limit": 7, **more}).json()
            seen += [each["name"] for each in found["items"]]
            after = found["next"]
            if after is None:
                break
        assert seen == [f"{number:02}" for number in range(60, -1, -1)]

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", ""])
    def test_a_limit_out_of_range_is_refused(self, client: Client, limit: str) -> None:
        problem(client.get(f"/v1/things?limit={limit}"), 400, WELL_FORMED.code)

    @pytest.mark.parametrize("after", ["%", "あ", "YQ==", "YR", "", "AA", "gA"])
    def test_a_cursor_of_our_own_making_only(self, client: Client, after: str) -> None:
        problem(client.get("/v1/things", params={"after": after}), 400, rules.CURSOR.code)
