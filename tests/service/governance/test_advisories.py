"""What a published weakness changes: from a file to what one model may do, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.service.attacks.world import ABOUT, BANK, Call, World, open_world, wire
from tests.service.governance.threats import (
    ADVISORIES,
    ASSURED,
    MEASURES,
    SOURCE,
    advisory,
    approve_withdrawal,
    measures,
    put,
)
from tests.service.house import TENANT, Hands, make_house
from tests.service.phones import Android
from warifu.base.errors import VerifierFault
from warifu.handset import der_writer
from warifu.risk.decision.assured import derivations
from warifu.risk.decision.life_cycle import FOUR_EYES, KNOWN
from warifu.risk.threat.advisories import FORM, UNIQUE
from warifu.risk.threat.deployment import MEASURES_FORM, STATABLE
from warifu.service.conduct.advisories import kept, stating
from warifu.service.conduct.advisories.rules import FILES, READABLE
from warifu.service.conduct.decisions.deciding import DecisionDocument
from warifu.service.conduct.governing import governance
from warifu.service.conduct.governing.rules import MOVED
from warifu.service.conduct.memory import Memory

if TYPE_CHECKING:
    from warifu.handset.android_key import AndroidEvidence
    from warifu.service.composition import Composition
    from warifu.service.store.database import Database

X, Y = "Tally 1", "Tally 2"


@pytest.fixture
def house(database: Database, clock: Hands) -> Composition:
    return make_house(database, clock=clock)


@pytest.fixture
def world(house: Composition) -> Iterator[World]:
    with open_world(house, rules=ASSURED) as opened:
        yield opened


def transfer(world: World, model: str | None = X) -> dict[str, Any]:
    """A decision about a transfer from an Android phone of a model; None where it hides that."""

    def change(evidence: AndroidEvidence) -> None:
        hardware = evidence.description.hardware
        if model is None:
            hardware.remove(717)
        else:
            hardware.set(717, der_writer.octet_string(model.encode()))

    challenge, value = world.challenge(device=None)
    evidence = Android(change=change).evidence(value, world.house.clock())
    body = {**ABOUT, "device": None, "challenge": challenge, "evidence": wire(evidence)}
    return world.tell("POST", "/v1/decisions", {**body, "bank": BANK})


def document(world: World, decision: str) -> DecisionDocument:
    """A decision as it is kept."""
    with world.house.database.read() as transaction:
        row = transaction.row(
            "SELECT document FROM decisions WHERE tenant = :t AND id = :id", t=TENANT, id=decision
        )
    assert row is not None
    return msgspec.json.decode(row[0], type=DecisionDocument)


def audited(world: World, action: str) -> dict[str, Any]:
    """The newest row of the audit log about an action."""
    found: dict[str, Any] = world.tell("GET", f"/v1/audit?action={action}")["items"][0]
    return found


def test_a_published_weakness_changes_what_its_model_may_do_until_it_is_withdrawn(
    world: World,
) -> None:
    assert transfer(world)["outcome"] == "serve"
    stated = put(world, ADVISORIES, advisory())
    refused = transfer(world)
    assert refused["outcome"] == "refuse"
    (reason,) = refused["reasons"]
    assert reason["code"] == "confirmation-assured"
    (why,) = reason["derivations"]
    assert (why["goal"], why["powers"]) == ("transaction", ["rw:tee_mem"])
    assert why["advisories"] == ["EX-2026-1"]
    assert "TEEのメモリ" in why["because"]["ja"]
    assert [each["code"] for each in why["steps"]] == [
        "approval/ta-altered",
        "server/accepts-approval",
    ]
    assert transfer(world, Y)["outcome"] == "serve"
    approve_withdrawal(world)
    assert world.tell("DELETE", ADVISORIES, name="aoi")["digest"] == stated["digest"]
    assert transfer(world)["outcome"] == "serve"


def test_the_audit_log_says_who_stated_what_when_and_from_where(world: World) -> None:
    stated = put(world, ADVISORIES, advisory())
    row = audited(world, "advisories/stated")
    assert (row["caller"], row["subject"]) == ("aoi", stated["digest"])
    (told,) = row["document"]["advisories"]
    assert (told["id"], told["source"], told["published"]) == ("EX-2026-1", SOURCE, "2026-11-01")
    moved = audited(world, "threat/tightened")
    assert (moved["document"]["by"], moved["subject"]) == ("aoi", stated["digest"])
    shown = world.tell("GET", f"{ADVISORIES}/{stated['digest']}")
    assert shown["summary"]["created_by"] == "aoi"
    assert shown["summary"]["in_force"]
    assert shown["text"] == advisory()
    assert world.tell("GET", "/v1/governance")["advisories"] == stated["digest"]


def test_a_phone_that_hides_its_model_counts_as_affected_and_the_reason_says_so(
    world: World,
) -> None:
    put(world, ADVISORIES, advisory())
    (why,) = transfer(world, None)["reasons"][0]["derivations"]
    assert why["not_known"] == ["model"]
    assert "機種が確認できない" in why["because"]["ja"]
    assert "does not tell: model" in why["because"]["en"]


def test_a_decision_can_be_derived_again_when_its_advisories_are_long_withdrawn(
    world: World,
) -> None:
    stated = put(world, ADVISORIES, advisory())
    refused = transfer(world)
    approve_withdrawal(world)
    world.tell("DELETE", ADVISORIES, name="aoi")
    kept_then = document(world, refused["id"])
    assert kept_then.advisories == stated["digest"]
    again = derivations(kept_then.facts, ("assurance.transaction",))
    assert again == kept_then.reasons[0].derivations
    assert document(world, transfer(world)["id"]).advisories is None


def test_what_may_assure_more_waits_for_two_others_and_is_sent_again(world: World) -> None:
    first = put(world, ADVISORIES, advisory())
    milder = advisory(model=Y)
    waits = world.tell("PUT", ADVISORIES, milder.encode(), 202, name="aoi")
    assert transfer(world)["outcome"] == "refuse"
    assert world.tell("GET", "/v1/governance")["advisories"] == first["digest"]
    listed = world.tell("GET", ADVISORIES)["items"]
    assert [each["in_force"] for each in listed] == [False, True]
    world.approved(waits["command"])
    done = world.tell("PUT", ADVISORIES, milder.encode(), 200, name="aoi")
    assert done["digest"] == waits["digest"]
    assert transfer(world)["outcome"] == "serve"
    assert transfer(world, Y)["outcome"] == "refuse"


def test_approvals_of_one_file_are_of_no_use_to_another(world: World) -> None:
    put(world, ADVISORIES, advisory())
    waits = world.tell("PUT", ADVISORIES, advisory(model=Y).encode(), 202, name="aoi")
    world.approved(waits["command"])
    world.tell("PUT", ADVISORIES, b"", 202, name="aoi")


def test_one_person_does_not_withdraw_advisories(world: World) -> None:
    put(world, ADVISORIES, advisory())
    assert world.tell("DELETE", ADVISORIES, None, 403)["code"] == FOUR_EYES.code


def test_an_advisory_that_is_added_counts_at_once(world: World) -> None:
    put(world, ADVISORIES, advisory())
    put(world, ADVISORIES, advisory() + advisory("EX-2026-2", model=Y))
    assert transfer(world, Y)["outcome"] == "refuse"


def test_the_file_in_force_sent_again_changes_nothing(world: World) -> None:
    first = put(world, ADVISORIES, advisory())
    assert put(world, ADVISORIES, advisory(), name="sora") == first
    assert audited(world, "advisories/stated")["caller"] == "sora"


def test_an_attacker_that_the_bank_assumes_is_on_every_phone(world: World) -> None:
    put(world, MEASURES, measures(assumed="vicious"))
    for model in (X, Y):
        (reason,) = transfer(world, model)["reasons"]
        assert reason["derivations"][0]["advisories"] == []
    assert audited(world, "measures/stated")["document"]["assumed"] == ["vicious"]
    kept_then = document(world, transfer(world)["id"])
    assert kept_then.measures == world.tell("GET", "/v1/governance")["measures"]


def test_a_defence_that_the_bank_states_counts_after_two_others_agreed(world: World) -> None:
    stated = measures(defences="overlay-refused")
    waits = world.tell("PUT", MEASURES, stated, 202, name="aoi")
    world.approved(waits["command"])
    assert world.tell("PUT", MEASURES, stated, 200, name="aoi")["digest"] == waits["digest"]
    shown = world.tell("GET", f"{MEASURES}/{waits['digest']}")
    assert shown["defences"] == ["overlay-refused"]
    assert "overlay-refused" in (document(world, transfer(world)["id"]).facts.threat.defences or ())
    # To state less is one person's.
    world.tell("PUT", MEASURES, measures(), 200, name="aoi")


@pytest.mark.parametrize(
    ("path", "source", "code"),
    [
        (ADVISORIES, advisory(gives="rw:everything"), FORM.code),
        (ADVISORIES, advisory() + advisory(), UNIQUE.code),
        (MEASURES, '[threat]\nassumed = ["nobody"]', MEASURES_FORM.code),
        (MEASURES, '[threat]\ndefences = ["trusted-ui"]', STATABLE.code),
    ],
)
def test_what_is_wrong_with_a_file_is_told_to_its_author(
    world: World, path: str, source: str, code: str
) -> None:
    told = world.tell("PUT", path, source.encode(), 400)
    assert told["code"] == code
    assert told["faults"]


def test_a_tenant_keeps_only_so_many_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stating, "MAX_FILES", 1)
    put(world, ADVISORIES, advisory())
    full = world.tell("PUT", ADVISORIES, (advisory() + "\n").encode(), 409)
    assert full["code"] == FILES.code


@pytest.mark.parametrize("damaged", [b"", b"gives = everything"])
def test_nothing_is_decided_where_the_advisories_in_force_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch, damaged: bytes
) -> None:
    stated = put(world, ADVISORIES, advisory())
    with world.house.database.write() as transaction:
        transaction.row(
            "UPDATE threat_files SET source = :s WHERE tenant = :t RETURNING digest",
            s=damaged,
            t=TENANT,
        )
    monkeypatch.setattr(kept, "_remembered", Memory(8))
    monkeypatch.setattr(governance, "_governing", Memory(8))
    asked = {**ABOUT, "bank": BANK}
    assert world.tell("POST", "/v1/decisions", asked, 503)["code"] == READABLE.code
    path = f"{ADVISORIES}/{stated['digest']}"
    assert world.tell("GET", path, None, 503)["code"] == READABLE.code
    with world.house.database.read() as transaction, pytest.raises(VerifierFault) as refused:
        kept.kept_advisories(transaction, TENANT, "0" * 64)
    assert refused.value.rule is READABLE


def test_a_file_that_never_was_is_not_known(world: World) -> None:
    for path in (f"{ADVISORIES}/{'0' * 64}", f"{MEASURES}/{'0' * 64}"):
        assert world.tell("GET", path, None, 404)["code"] == "request/known"
    assert world.tell("DELETE", ADVISORIES, None, 404)["code"] == "request/known"


def test_a_file_judged_beside_one_that_has_gone_is_not_put_in_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stating._is_tighter

    def meanwhile(before: Any, after: Any) -> bool:
        monkeypatch.setattr(stating, "_is_tighter", real)
        put(world, ADVISORIES, advisory(), name="sora")
        return real(before, after)

    monkeypatch.setattr(stating, "_is_tighter", meanwhile)
    late = world.send(
        Call(
            method="PUT",
            path=ADVISORIES,
            body=advisory(model=Y).encode(),
            headers={"Content-Type": "application/toml"},
        )
    )
    assert (late.status_code, late.json()["code"]) == (409, MOVED.code)


def test_withdrawing_what_was_withdrawn_is_refused(world: World) -> None:
    put(world, ADVISORIES, advisory())
    approve_withdrawal(world)
    world.tell("DELETE", ADVISORIES, name="aoi")
    world.tell("DELETE", ADVISORIES, None, 404, name="aoi")
    assert KNOWN.code == "decision/governance-known"


def test_files_are_listed_page_by_page(world: World) -> None:
    for number in range(1, 4):
        put(world, ADVISORIES, "".join(advisory(f"EX-{each}") for each in range(number)))
    first = world.tell("GET", f"{ADVISORIES}?limit=2")
    rest = world.tell("GET", f"{ADVISORIES}?limit=2&after={first['next']}")
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert first["items"][0]["in_force"]


def test_another_banks_advisories_are_not_read(world: World) -> None:
    stated = put(world, ADVISORIES, advisory())
    path = f"{ADVISORIES}/{stated['digest']}"
    seen = world.send(Call(method="GET", path=path), tenant="matsu-bank")
    assert seen.status_code == 404
