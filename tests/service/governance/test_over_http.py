"""Apps, rule sets and governance as callers meet them."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.service.governance.people import STRICTER
from tests.service.house import TENANT, caller
from tests.service.served import served
from warifu.attestation.appraisal.rules import POLICY_KNOWN_KEYS
from warifu.risk.decision.rules import FORM
from warifu.service.caller import Caller, Scope
from warifu.service.callers.authenticate import RequestView
from warifu.service.composition import Composition
from warifu.service.conduct.governing.rules import MOVED, WRITTEN_IN_TOML
from warifu.service.conduct.registrations import rules as registration_rules

TOML = {"Content-Type": "application/toml"}
MILDER = b'id = "wallet/login"\nprofile = "login"\n[device]\npatch-max-age-days = 900\n'
Client = TestClient[Litestar]


def by_header(_: Composition, view: RequestView) -> Caller:
    """Whoever the request says, with the scopes it says."""
    stated = dict(view.headers)
    scopes = [Scope(each) for each in stated.get("x-scopes", "").split() if each]
    return caller(TENANT, *scopes, name=stated.get("x-name", "aoi"))


@pytest.fixture
def client(house: Composition) -> Iterator[Client]:
    with served(house, authenticate=by_header) as opened:
        yield opened


def test_a_rule_set_goes_from_file_to_active_by_three_people(client: Client) -> None:
    drafted = client.post("/v1/rule-sets", content=STRICTER, headers=TOML)
    assert drafted.status_code == 201
    digest = drafted.json()["digest"]
    moves = f"/v1/rule-sets/{digest}/moves"
    assert client.post(moves, json={"action": "observe"}).status_code == 200
    refused = client.post(moves, json={"action": "activate"})
    assert (refused.status_code, refused.json()["code"]) == (403, "decision/four-eyes")
    revision = client.get("/v1/governance").json()["revision"]
    command = {"type": "move", "digest": digest, "action": "activate"}
    yes = [
        client.post(
            "/v1/approvals",
            json={"revision": revision, "command": command},
            headers={"X-Name": name},
        )
        for name in ("haru", "sora")
    ]
    assert [each.status_code for each in yes] == [201, 201]
    assert yes[-1].json()["approved_by"] == ["haru", "sora"]
    assert client.post(moves, json={"action": "activate"}).status_code == 200
    shown = client.get(f"/v1/rule-sets/{digest}").json()
    assert (shown["summary"]["stage"], shown["text"]) == ("active", STRICTER.decode())


def test_what_is_wrong_with_a_file_is_told_to_its_author(client: Client) -> None:
    broken = STRICTER.replace(b"operation.amount <=", b"operation.amuont <=")
    answer = client.post("/v1/rule-sets", content=broken, headers=TOML)
    assert answer.status_code == 400
    assert "operation.amuont" in answer.json()["faults"][0]["wanted"]
    no_toml = client.post("/v1/rule-sets", content=b"id =", headers=TOML)
    assert no_toml.json()["code"] == FORM.code
    policy = client.put(
        "/v1/apps/wallet/policies/login", content=b'id = "x"\nboot = 1', headers=TOML
    )
    assert (policy.status_code, policy.json()["code"]) == (400, POLICY_KNOWN_KEYS.code)


@pytest.mark.parametrize("stated", [{}, {"Content-Type": "text/plain"}])
def test_a_file_that_is_not_said_to_be_toml_is_refused(
    client: Client, stated: dict[str, str]
) -> None:
    for answer in (
        client.post("/v1/rule-sets", content=STRICTER, headers=stated),
        client.put("/v1/apps/wallet/policies/login", content=MILDER, headers=stated),
    ):
        assert (answer.status_code, answer.json()["code"]) == (415, WRITTEN_IN_TOML.code)


def test_the_same_draft_sent_again_gets_the_same_answer(client: Client) -> None:
    headers = {**TOML, "Idempotency-Key": "k"}
    first = client.post("/v1/rule-sets", content=STRICTER, headers=headers)
    again = client.post("/v1/rule-sets", content=STRICTER, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_governance_is_tagged_by_what_stands(client: Client) -> None:
    first = client.get("/v1/governance")
    same = client.get("/v1/governance", headers={"If-None-Match": first.headers["ETag"]})
    assert same.status_code == 304
    client.post("/v1/stops/recover")
    assert client.get("/v1/governance").headers["ETag"] != first.headers["ETag"]


def test_an_approval_of_what_has_passed_is_a_conflict(client: Client) -> None:
    answer = client.post(
        "/v1/approvals",
        json={"revision": 7, "command": {"type": "resume", "operation": "login"}},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, MOVED.code)


def test_an_operation_is_stopped_by_one_and_resumed_by_three(client: Client) -> None:
    assert client.post("/v1/stops/login").json()["stopped"] == ["login"]
    assert client.delete("/v1/stops/login").status_code == 403
    for name in ("haru", "sora"):
        client.post(
            "/v1/approvals",
            json={"revision": 1, "command": {"type": "resume", "operation": "login"}},
            headers={"X-Name": name},
        )
    assert client.delete("/v1/stops/login").json()["stopped"] == []


def test_an_exemption_without_offset_is_no_time(client: Client) -> None:
    answer = client.post(
        "/v1/exemptions",
        json={
            "id": "x",
            "subject": "model",
            "name": "Pixel 4",
            "operation": "login",
            "rule": "device-without-warning",
            "until": "2026-12-01T00:00:00",
            "why": "x",
        },
    )
    assert answer.status_code == 400
    assert client.delete("/v1/exemptions/x").status_code == 409


def test_a_change_to_an_app_states_what_it_changes(client: Client) -> None:
    shown = client.get("/v1/apps/wallet")
    registration = shown.json()["registration"]
    change = {
        "name": "Kaede",
        **{each: registration[each] for each in ("android", "apple", "webauthn")},
    }
    assert client.put("/v1/apps/wallet", json=change).status_code == 428
    stale = client.put("/v1/apps/wallet", json=change, headers={"If-Match": '"x"'})
    assert stale.status_code == 412
    etag = {"If-Match": shown.headers["ETag"]}
    changed = client.put("/v1/apps/wallet", json=change, headers=etag)
    assert (changed.status_code, changed.json()["revision"]) == (200, 1)
    assert changed.headers["ETag"] == client.get("/v1/apps/wallet").headers["ETag"]
    assert client.put("/v1/apps/wallet", json=change, headers=etag).status_code == 412


def test_a_milder_policy_is_accepted_and_waits(client: Client) -> None:
    answer = client.put("/v1/apps/wallet/policies/login", content=MILDER, headers=TOML)
    assert answer.status_code == 202
    approvals = "/v1/apps/wallet/policies/login/approvals"
    named = {"fingerprint": answer.json()["fingerprint"]}
    own = client.post(approvals, json=named)
    assert (own.status_code, own.json()["code"]) == (403, registration_rules.FOUR_EYES.code)
    yes = client.post(approvals, json=named, headers={"X-Name": "haru"})
    assert yes.status_code == 201
    policy = client.get("/v1/apps/wallet/policies/login").json()
    assert policy["text"] == MILDER.decode()
    assert policy["stored_by"] == "aoi"
    listed = client.get("/v1/apps/wallet/policies").json()["items"]
    assert {each["operation"]: each["source"] for each in listed}["login"]
    assert client.delete("/v1/apps/wallet/policies/login").status_code == 200


def test_a_registration_is_proposed_and_approved(client: Client) -> None:
    shown = client.get("/v1/apps/wallet")
    registration = shown.json()["registration"]
    answer = client.put(
        "/v1/apps/wallet",
        json={
            "name": "Wallet",
            "android": registration["android"],
            "apple": {"app_id": "ABCDE12345.x"},
        },
        headers={"If-Match": shown.headers["ETag"]},
    )
    assert answer.status_code == 202
    yes = client.post(
        "/v1/apps/wallet/approvals",
        json={"fingerprint": answer.json()["fingerprint"]},
        headers={"X-Name": "haru"},
    )
    assert yes.json()["registration"]["apple"]["app_id"] == "ABCDE12345.x"


def test_an_app_is_registered_once(client: Client) -> None:
    app = {"id": "new", "name": "New", "realm": "test", "android": {"package": "jp.example.new"}}
    assert client.post("/v1/apps", json=app).status_code == 201
    again = client.post("/v1/apps", json=app)
    assert (again.status_code, again.json()["code"]) == (409, registration_rules.NEW.code)
    names = [each["registration"]["id"] for each in client.get("/v1/apps").json()["items"]]
    assert names == ["new", "wallet"]


def test_lists_are_read_page_by_page(client: Client) -> None:
    client.post("/v1/rule-sets", content=STRICTER, headers=TOML)
    client.post("/v1/stops/login")
    for path in ("/v1/rule-sets", "/v1/audit"):
        whole = client.get(path).json()["items"]
        assert len(whole) == 2
        first = client.get(path, params={"limit": 1}).json()
        rest = client.get(path, params={"limit": 1, "after": first["next"]}).json()
        assert [*first["items"], *rest["items"]] == whole
        assert rest["next"] is None
    assert client.get("/v1/rule-sets", params={"after": "eA"}).status_code == 400


def test_a_dry_run_is_asked_for(client: Client) -> None:
    digest = client.post("/v1/rule-sets", content=STRICTER, headers=TOML).json()["digest"]
    answer = client.post(f"/v1/rule-sets/{digest}/dry-runs", json={"limit": 10})
    assert (answer.status_code, answer.json()["seen"]) == (200, 0)
    assert client.post(f"/v1/rule-sets/{'0' * 64}/dry-runs", json={}).status_code == 404
    assert (
        client.post(f"/v1/rule-sets/{digest}/dry-runs", json={"limit": 100_001}).status_code == 400
    )


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/rule-sets", Scope.GOVERN),
        ("POST", "/v1/stops/login", Scope.GOVERN),
        ("POST", "/v1/approvals", Scope.APPROVE),
        ("GET", "/v1/audit", Scope.AUDIT),
        ("GET", "/v1/governance", Scope.GOVERN),
        ("GET", "/v1/apps", Scope.CONFIGURE),
        ("PUT", "/v1/apps/wallet/policies/login", Scope.CONFIGURE),
        ("POST", "/v1/apps/wallet/policies/login/approvals", Scope.APPROVE),
        ("POST", "/v1/apps/wallet/approvals", Scope.APPROVE),
    ],
)
def test_no_other_scope_will_do(client: Client, method: str, path: str, scope: Scope) -> None:
    others = " ".join(each for each in Scope if each is not scope)
    answer = client.request(method, path, headers={"X-Scopes": others})
    assert (answer.status_code, answer.json()["code"]) == (403, "callers/scope")
