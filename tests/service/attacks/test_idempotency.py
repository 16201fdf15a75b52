"""The same request again has one effect and one answer; another under its key has none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.service.attacks.calls import CALLS
from tests.service.attacks.world import TOML, Call, World
from warifu.service.api.rules import KEY_FORM
from warifu.service.conduct.rules import SAME_REQUEST

AT_ONCE = 64


def test_every_change_sent_again_under_its_key_changes_nothing_again(world: World) -> None:
    for operation, make in CALLS.items():
        if operation[0] == "GET":
            continue
        call = make(world)
        before = world.rows()
        first = world.send(call, idempotency_key="again")
        assert first.is_success, (operation, first.text)
        after = world.rows()
        again = world.send(call, idempotency_key="again")
        assert (again.status_code, again.json()) == (first.status_code, first.json()), operation
        assert world.rows() == after, operation
        if after != before:
            assert again.headers["idempotency-replayed"] == "true", operation
            other = Call(
                method=call.method,
                path=call.path,
                body=call.content + b"\n",
                headers=call.headers or {"Content-Type": "application/json"},
            )
            refused = world.send(other, idempotency_key="again")
            assert (refused.status_code, refused.json()["code"]) == (422, SAME_REQUEST.code)
            assert world.rows() == after, operation
        forget(world)


def forget(world: World) -> None:
    with world.house.database.write() as transaction:
        transaction.rows("DELETE FROM idempotency WHERE tenant = :tenant", tenant="kaede-bank")


def test_a_key_of_one_path_is_refused_on_another(world: World) -> None:
    world.tell("POST", "/v1/stops/login", idempotency_key="k")
    told = world.tell("POST", "/v1/stops/transfer", None, 422, idempotency_key="k")
    assert told["code"] == SAME_REQUEST.code
    told = world.tell("DELETE", "/v1/stops/login", None, 422, idempotency_key="k")
    assert told["code"] == SAME_REQUEST.code
    assert world.tell("GET", "/v1/governance")["stopped"] == ["login"]


def test_a_key_of_one_person_is_nothing_to_another(world: World) -> None:
    call = CALLS["POST", "/v1/challenges"](world)
    first = world.send(call, idempotency_key="k", name="aoi")
    second = world.send(call, idempotency_key="k", name="haru")
    assert first.json()["id"] != second.json()["id"]
    assert "idempotency-replayed" not in second.headers


def test_a_stored_answer_is_not_told_to_a_caller_who_lost_the_scope(world: World) -> None:
    call = CALLS["POST", "/v1/challenges"](world)
    world.send(call, idempotency_key="k")
    assert world.send(call, idempotency_key="k", scopes="read").status_code == 403


def test_a_change_to_another_state_is_not_answered_by_an_earlier_change(world: World) -> None:
    call = CALLS["PUT", "/v1/apps/{app}"](world)
    assert world.send(call, idempotency_key="k").status_code == 200
    other = Call(method=call.method, path=call.path, body=call.body, headers={"If-Match": '"x"'})
    assert world.send(other, idempotency_key="k").status_code == 422


def test_a_change_is_told_whatever_state_the_caller_says_it_holds(world: World) -> None:
    call = CALLS["PUT", "/v1/apps/{app}"](world)
    assert world.send(call, if_none_match="*").status_code == 200


def test_a_refused_request_keeps_its_key_free(world: World) -> None:
    body = world.asserted()
    wrong = {**body, "operation": {**body["operation"], "amount": 20_000}}
    world.tell("POST", "/v1/decisions", wrong, 409, idempotency_key="k")
    assert world.tell("POST", "/v1/decisions", body, idempotency_key="k")["outcome"] == "serve"


def test_keys_of_a_wrong_form_are_refused_and_change_nothing(world: World) -> None:
    before = world.rows()
    for key in ("", "x" * 201, "two words", "\xe9t\xe9"):
        answer = world.client.post(
            "/v1/stops/login",
            headers=[
                (b"Authorization", b"Bearer kaede-bank/backend govern"),
                (b"Idempotency-Key", key.encode("latin-1")),
            ],
        )
        assert (answer.status_code, answer.json()["code"]) == (400, KEY_FORM.code), key
    twice = world.client.post(
        "/v1/stops/login",
        headers=[
            ("Authorization", "Bearer kaede-bank/backend govern"),
            ("Idempotency-Key", "a"),
            ("Idempotency-Key", "b"),
        ],
    )
    assert twice.status_code == 400
    assert world.rows() == before


def at_once(world: World, calls: list[Call], *, key: str | None = None) -> list[tuple[int, bytes]]:
    """All answers: status and body."""
    named = {} if key is None else {"idempotency_key": key}
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(lambda call: world.send(call, **named), calls))
    return [(answer.status_code, answer.content) for answer in answers]


def test_64_twins_of_one_decision_make_one_and_all_are_told_of_it(world: World) -> None:
    call = CALLS["POST", "/v1/decisions"](world)
    before = world.bank.count("decisions")
    answers = at_once(world, [call] * AT_ONCE, key="twins")
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert world.bank.count("decisions") == before + 1


def test_64_twins_of_a_decision_on_nothing_make_one(world: World) -> None:
    body = {"app": "wallet", "operation": {"kind": "login"}}
    call = Call(method="POST", path="/v1/decisions", body=body)
    answers = at_once(world, [call] * AT_ONCE, key="twins")
    assert len(set(answers)) == 1
    assert world.bank.count("decisions") == 1


def test_64_twins_of_one_challenge_are_one_challenge(world: World) -> None:
    before = world.bank.count("challenges")
    call = CALLS["POST", "/v1/challenges"](world)
    answers = at_once(world, [call] * AT_ONCE, key="twins")
    assert len(set(answers)) == 1
    assert world.bank.count("challenges") == before + 1


def test_of_64_different_requests_under_one_key_one_is_carried_out(world: World) -> None:
    calls = [
        Call(
            method="POST",
            path="/v1/decisions",
            body={"app": "wallet", "operation": {"kind": "login"}, "user": f"user-{number}"},
        )
        for number in range(AT_ONCE)
    ]
    answers = at_once(world, calls, key="one")
    assert sorted(status for status, _ in answers) == [201] + [422] * (AT_ONCE - 1)
    assert world.bank.count("decisions") == 1


def test_64_twins_of_one_draft_are_one_draft(world: World) -> None:
    call = Call(method="POST", path="/v1/rule-sets", body=world.rule_set(), headers=TOML)
    answers = at_once(world, [call] * AT_ONCE, key="twins")
    assert len(set(answers)) == 1
    assert world.tell("GET", "/v1/governance")["revision"] == 1


def test_the_kill_switch_thrown_by_64_at_once_is_thrown(world: World) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(
            pool.map(
                lambda number: world.send(
                    Call(method="POST", path="/v1/stops/transfer"), name=f"person-{number}"
                ),
                range(AT_ONCE),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert world.tell("POST", "/v1/decisions", world.asserted())["outcome"] == "refuse"
