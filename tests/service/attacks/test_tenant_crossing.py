"""No call crosses tenants: not one operation, by whatever name of the other bank's things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.service.attacks.calls import CALLS, closed_operations
from tests.service.attacks.world import NEIGHBOUR, PHONE, Call, World

if TYPE_CHECKING:
    import httpx

OWN = {
    ("POST", "/v1/apps"),
    ("POST", "/v1/hand-offs/reconcile"),
    ("POST", "/v1/reappraisals"),
    ("POST", "/v1/rule-sets"),
    ("POST", "/v1/serials/lookup"),
    ("GET", "/v1/serials/{serial}"),
    ("POST", "/v1/stops/{operation}"),
    ("PUT", "/v1/advisories"),
    ("PUT", "/v1/measures"),
}
"""They name nothing of the other bank: the neighbour is answered for itself."""
LISTS = {each for each in CALLS if each[0] == "GET" and "{" not in each[1]}
NAMING = {each for each in CALLS if re.search(r"{(?!operation|serial)", each[1])}


def test_every_operation_has_a_call() -> None:
    assert set(CALLS) == closed_operations()


def test_a_neighbour_with_every_scope_neither_learns_nor_changes_anything(world: World) -> None:
    for operation, make in CALLS.items():
        call = make(world)
        before = world.rows()
        answer = world.send(call, tenant=NEIGHBOUR)
        assert world.rows() == before, operation
        if operation in OWN | LISTS:
            assert answer.is_success, (operation, answer.text)
        else:
            assert answer.status_code in {403, 404, 409}, (operation, answer.text)
            assert answer.json()["code"], operation
        leaked = told_by(answer) & (world.words() - world.words(NEIGHBOUR))
        assert not leaked, (operation, leaked)
        # Nothing was wrong with the call but who made it.
        served = world.send(call)
        assert served.is_success, (operation, served.text)


def test_what_a_neighbour_has_is_answered_as_what_nobody_has(world: World) -> None:
    for operation in sorted(NAMING):
        call = CALLS[operation](world)
        found = re.fullmatch(re.sub(r"{[a-z_]+}", "([^/]+)", operation[1]), call.path)
        assert found, operation
        nobodys = call.path.replace(found[1], found[1][:-4] + "beef")
        theirs, none = (
            world.send(
                Call(method=call.method, path=path, body=call.body, headers=call.headers),
                tenant=NEIGHBOUR,
            )
            for path in (call.path, nobodys)
        )
        assert (theirs.status_code, theirs.json()) == (none.status_code, none.json()), operation


def test_a_filter_that_names_what_a_neighbour_has_finds_nothing(world: World) -> None:
    evidence = world.tell("POST", "/v1/evidence", world.attested())["id"]
    world.tell("POST", "/v1/decisions", world.asserted())
    for path in (
        f"/v1/appraisals?device={PHONE}",
        f"/v1/appraisals?evidence={evidence}",
        "/v1/appraisals?app=wallet",
        f"/v1/decisions?device={PHONE}",
        "/v1/decisions?app=wallet",
        "/v1/devices?app=wallet",
        f"/v1/evidence?device={PHONE}",
        "/v1/evidence?app=wallet",
        f"/v1/audit?subject={evidence}",
        "/v1/audit?caller=backend",
    ):
        assert world.tell("GET", path)["items"], path
        assert world.tell("GET", path, tenant=NEIGHBOUR)["items"] == [], path


def test_a_cursor_of_a_neighbours_page_shows_nothing_of_it(world: World) -> None:
    for _ in range(3):
        world.tell("POST", "/v1/decisions", world.asserted(device=f"phone-{next(world.numbers)}"))
        for operation in ("POST /v1/rule-sets", "POST /v1/erasures", "POST /v1/apps"):
            method, path = operation.split()
            assert world.send(CALLS[method, path](world)).is_success
    turned = set()
    for _, path in sorted(LISTS):
        after = world.tell("GET", f"{path}{'&' if '?' in path else '?'}limit=1").get("next")
        if after is not None:
            turned.add(path)
            answer = world.send(Call(method="GET", path=f"{path}?after={after}"), tenant=NEIGHBOUR)
            assert answer.is_success, path
            assert not told_by(answer) & (world.words() - world.words(NEIGHBOUR)), path
    assert turned >= {"/v1/appraisals", "/v1/apps", "/v1/audit", "/v1/evidence", "/v1/rule-sets"}


def test_an_idempotency_key_of_a_neighbour_with_the_same_caller_id_replays_nothing(
    world: World,
) -> None:
    call = CALLS["POST", "/v1/challenges"](world)
    own = world.send(call, idempotency_key="k-1")
    theirs = world.send(call, tenant=NEIGHBOUR, idempotency_key="k-1")
    assert (own.status_code, theirs.status_code) == (201, 404)
    assert "idempotency-replayed" not in theirs.headers


def test_the_neighbours_kill_switch_stops_nothing_here(world: World) -> None:
    world.tell("POST", "/v1/stops/transfer", tenant=NEIGHBOUR)
    assert world.tell("POST", "/v1/decisions", world.asserted())["outcome"] == "serve"


def test_the_neighbours_people_approve_nothing_here(world: World) -> None:
    call = CALLS["POST", "/v1/approvals"](world)
    command = call.body["command"]
    for name in ("haru", "sora"):
        revision = world.tell("GET", "/v1/governance", tenant=NEIGHBOUR)["revision"]
        world.tell(
            "POST",
            call.path,
            {"revision": revision, "command": command},
            tenant=NEIGHBOUR,
            name=name,
        )
        world.send(call, tenant=NEIGHBOUR, name=name)
    moves = f"/v1/rule-sets/{command['digest']}/moves"
    told = world.tell("POST", moves, {"action": "activate"}, 403)
    assert told["code"] == "decision/four-eyes"


def told_by(answer: httpx.Response) -> set[str]:
    """Everything in an answer that could be a name."""
    return set(re.findall(r"[\w.:@/-]{6,}", answer.text + " ".join(answer.headers.values())))
