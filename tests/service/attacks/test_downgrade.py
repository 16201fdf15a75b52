"""Nothing is judged by less than what is in force, whoever would like it to be."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.attacks.calls import MILDER, STRICTER
from tests.service.attacks.world import ABOUT, BANK, PHONE, TOML, Call, World, wire
from tests.service.house import POLICIES, put_app, wallet
from tests.service.phones import Android
from warifu.base.codec.text import to_base64url
from warifu.handset import play_integrity
from warifu.handset.android_key import UNVERIFIED, root_of_trust
from warifu.risk.decision.facts import Operation
from warifu.service.conduct.challenges.rules import CONTEXT
from warifu.service.conduct.decisions.rules import APPRAISAL_CONTEXT, POLICY
from warifu.service.conduct.registrations.rules import FOUR_EYES, PROPOSED

if TYPE_CHECKING:
    from tests.service.house import Hands

LOGIN = {"kind": "login"}
BIG = {**ABOUT["operation"], "kind": "high-value-transfer", "amount": 900_000}
TOLERANT = (
    POLICIES[Operation.TRANSFER]
    + b'tolerated-gaps = ["play-integrity/encryption", "play-integrity/signature"]\n'
)


def decide(world: World, expect: int = 0, **body: Any) -> dict[str, Any]:
    return world.tell("POST", "/v1/decisions", {**ABOUT, "bank": BANK, **body}, expect)


def test_challenge_for_a_milder_operation_answers_no_transfer(world: World) -> None:
    for operation in (LOGIN, {**ABOUT["operation"], "amount": 1}):
        body = world.asserted(operation=operation)
        for wanted in (ABOUT["operation"], BIG):
            told = world.tell("POST", "/v1/decisions", {**body, "operation": wanted}, 409)
            assert told["code"] == CONTEXT.code


def test_appraisal_for_a_milder_operation_serves_no_transfer(world: World) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested(operation=LOGIN))
    told = decide(world, 409, appraisal=judged["appraisal"]["id"])
    assert told["code"] == APPRAISAL_CONTEXT.code


def test_a_request_names_no_policy_no_rule_set_and_no_trust(world: World) -> None:
    body = world.asserted()
    for name in ("policy", "policy_digest", "rule_set", "rule_set_digest", "trust", "known_at",
                 "tenant", "now", "at", "realm", "gaps", "facts", "exemption"):  # fmt: skip
        answer = world.send(Call(method="POST", path="/v1/decisions", body={**body, name: "x"}))
        assert answer.status_code == 400, name
    assert world.tell("POST", "/v1/decisions", body)["outcome"] == "serve"


def test_one_person_alone_makes_no_policy_milder(world: World) -> None:
    path = "/v1/apps/wallet/policies/login"
    made = world.tell("PUT", path, MILDER, 202, name="aoi")
    before = world.tell("GET", "/v1/apps/wallet/policies")
    own = {"fingerprint": made["fingerprint"]}
    assert world.tell("POST", f"{path}/approvals", own, 403, name="aoi")["code"] == FOUR_EYES.code
    assert world.tell("GET", "/v1/apps/wallet/policies") == before


def test_an_approval_of_one_proposal_lets_no_other_through(world: World) -> None:
    path = "/v1/apps/wallet/policies/login"
    seen = world.tell("PUT", path, MILDER, 202, name="aoi")
    worse = MILDER.replace(b"900", b"36500")
    world.tell("PUT", path, worse, 202, name="aoi")
    named = {"fingerprint": seen["fingerprint"]}
    answer = world.send(Call(method="POST", path=f"{path}/approvals", body=named), name="haru")
    assert answer.json()["code"] == PROPOSED.code


def test_a_proposal_from_before_a_stricter_policy_is_gone(world: World) -> None:
    path = "/v1/apps/wallet/policies/transfer"
    mild = POLICIES[Operation.TRANSFER] + b"[device]\npatch-max-age-days = 36500\n"
    seen = world.tell("PUT", path, mild, 202, name="aoi")
    world.tell("PUT", path, STRICTER, 200, name="haru")
    named = {"fingerprint": seen["fingerprint"]}
    answer = world.send(Call(method="POST", path=f"{path}/approvals", body=named), name="sora")
    assert answer.json()["code"] == PROPOSED.code


def test_a_proposal_of_last_week_is_approved_no_more(world: World, clock: Hands) -> None:
    path = "/v1/apps/wallet/policies/login"
    seen = world.tell("PUT", path, MILDER, 202, name="aoi")
    named = {"fingerprint": seen["fingerprint"]}
    for days in (8, -16):
        clock.forward(days=days)
        answer = world.send(Call(method="POST", path=f"{path}/approvals", body=named), name="sora")
        assert answer.json()["code"] == PROPOSED.code


def test_dropping_a_strict_policy_for_a_milder_shipped_one_takes_two(world: World) -> None:
    path = "/v1/apps/wallet/policies/login"
    strict = b'id = "wallet/login"\nprofile = "high-value-transfer"\n'
    assert world.send(Call(method="PUT", path=path, body=strict, headers=TOML)).status_code == 200
    assert world.send(Call(method="DELETE", path=path)).status_code == 202
    assert world.tell("GET", path)["text"] == strict.decode()


def test_the_same_policy_twice_by_different_names_is_no_detour(world: World) -> None:
    """Strict in one step, mild in the next: the step that is milder waits, whatever came before."""
    path = "/v1/apps/wallet/policies/login"
    strict = b'id = "wallet/login"\nprofile = "high-value-transfer"\n'
    world.tell("PUT", path, strict, 200, name="aoi")
    world.tell("PUT", path, b'id = "wallet/login"\nprofile = "login"\n', 202, name="aoi")


def test_appraisal_by_a_policy_that_was_in_force_serves_no_more(world: World) -> None:
    judged = world.tell("POST", "/v1/evidence", world.attested())
    world.tell("PUT", "/v1/apps/wallet/policies/transfer", STRICTER, 200)
    told = decide(world, 409, appraisal=judged["appraisal"]["id"])
    assert told["code"] == POLICY.code


def test_rule_set_that_is_only_observed_decides_nothing(world: World) -> None:
    mild = world.rule_set()
    digest = world.tell("POST", "/v1/rule-sets", mild, name="aoi")["digest"]
    world.tell("POST", f"/v1/rule-sets/{digest}/moves", {"action": "observe"}, name="aoi")
    made = world.tell("POST", "/v1/decisions", world.asserted())
    assert made["rule_set_digest"] != digest
    assert "shadows" not in made
    assert "shadows" not in world.tell("GET", f"/v1/decisions/{made['id']}")


def test_rolling_back_twice_reaches_no_older_rule_set(world: World) -> None:
    digests = []
    for _ in range(2):
        digest = world.tell("POST", "/v1/rule-sets", world.rule_set(), name="aoi")["digest"]
        moves = f"/v1/rule-sets/{digest}/moves"
        world.tell("POST", moves, {"action": "observe"}, name="aoi")
        world.approved({"type": "move", "digest": digest, "action": "activate"})
        world.tell("POST", moves, {"action": "activate"}, name="aoi")
        digests.append(digest)
    standard = next(
        each["digest"]
        for each in world.tell("GET", "/v1/rule-sets")["items"]
        if each["digest"] not in digests
    )
    for digest, expected in ((standard, 409), (digests[0], 200), (standard, 409)):
        world.approved({"type": "move", "digest": digest, "action": "roll-back"})
        body = {"action": "roll-back"}
        path = f"/v1/rule-sets/{digest}/moves"
        assert world.send(Call(method="POST", path=path, body=body)).status_code == expected


@pytest.mark.parametrize("people", [(), ("haru",), ("haru", "haru"), ("backend", "haru")])
def test_no_exemption_without_two_others(world: World, people: tuple[str, ...]) -> None:
    until = (world.house.clock() + timedelta(days=30)).isoformat()
    exemption = {"id": "x", "subject": "device", "name": PHONE, "operation": "transfer",
                 "rule": "device-trusted", "until": until, "why": "x"}  # fmt: skip
    command = {"type": "exempt", "exemption": exemption}
    for name in people:
        world.tell("POST", "/v1/approvals", {"revision": 0, "command": command}, name=name)
    answer = world.send(Call(method="POST", path="/v1/exemptions", body=exemption))
    assert (answer.status_code, answer.json()["code"]) == (403, "decision/four-eyes")


def test_an_exemption_of_a_device_helps_no_phone_that_only_bears_its_name(world: World) -> None:
    until = (world.house.clock() + timedelta(days=30)).isoformat()
    exemption = {"id": "x", "subject": "device", "name": PHONE, "operation": "transfer",
                 "rule": "device-trusted", "until": until, "why": "x"}  # fmt: skip
    world.approved({"type": "exempt", "exemption": exemption})
    world.tell("POST", "/v1/exemptions", exemption)
    rooted = root_of_trust(locked=False, state=UNVERIFIED, boot_key=bytes(32))
    phone = Android(change=lambda made: made.description.hardware.set(704, rooted))
    challenge, value = world.challenge()
    unknown = {**BANK, "binding": {"bound": None, "age_seconds": None}}
    evidence = wire(phone.evidence(value, world.house.clock()))
    made = decide(world, challenge=challenge, evidence=evidence, bank=unknown)
    assert made["outcome"] == "refuse"
    assert all(each["passed_over"] is None for each in made["reasons"])


def test_verdict_in_clear_is_refused_where_its_keys_are_registered(world: World) -> None:
    """Even by a policy that tolerates that Google opened the verdict for us."""
    path = "/v1/apps/wallet/policies/transfer"
    proposed = {"fingerprint": world.tell("PUT", path, TOLERANT, 202)["fingerprint"]}
    world.tell("POST", f"{path}/approvals", proposed, name="haru")
    challenge, value = world.challenge()
    verdict = play_integrity.honest_verdict()
    verdict["requestDetails"]["requestHash"] = to_base64url(value)
    now = str(int(world.house.clock().timestamp() * 1000))
    verdict["requestDetails"]["timestampMillis"] = now
    data = b64encode(json.dumps({"tokenPayloadExternal": verdict}).encode()).decode()
    evidence = {"media_type": "application/vnd.warifu.play-integrity", "data": data}
    made = decide(world, challenge=challenge, evidence=evidence)
    assert made["evidence"]["verdict"] == "refused"
    assert made["evidence"]["code"] == "play-integrity/encryption"
    assert made["outcome"] == "refuse"


def test_another_app_with_the_same_policy_file_has_its_own_policy(
    world: World, clock: Hands
) -> None:
    """What a registration says of signers is part of what a policy is remembered by."""
    other = wallet("teller")
    assert other.android
    stricter = type(other.android)(package=other.android.package, signers=("00" * 32,))
    other = type(other)(
        **{**{name: getattr(other, name) for name in other.__struct_fields__}, "android": stricter}
    )
    with world.house.database.write() as transaction:
        transaction.apply(put_app(world.bank.caller.tenant, other, now=clock.now))
    made = world.tell("POST", "/v1/decisions", {**world.attested(app="teller"), "bank": BANK})
    assert made["outcome"] == "refuse"
    served = world.tell("POST", "/v1/decisions", {**world.attested(), "bank": BANK})
    assert served["outcome"] == "serve"
    assert made["appraisal"]["policy_digest"] != served["appraisal"]["policy_digest"]
