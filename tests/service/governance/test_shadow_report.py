"""What a rule set said in shadow beside decisions that were really made, on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.cli.runner import run
from tests.service.governance.people import (
    OTHER,
    STRICTER,
    approve_move,
    at_work,
    draft,
    move,
    observe,
)
from tests.service.governance.test_dry_run import keep
from tests.service.house import TENANT, Hands, caller, rules_for_tests, settle
from tests.service.phones import LOGIN, TRANSFER, Android, Bank, the_bytes
from tests.service.served import served
from tests.support import misuse
from warifu.risk.decision.decide import Limit, Outcome, Refuse, Serve, StepUp
from warifu.risk.decision.dry_run import UNKNOWN_MODEL
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.life_cycle import Action
from warifu.risk.decision.rules import Method, load_rules
from warifu.service.caller import Scope
from warifu.service.conduct import rules
from warifu.service.conduct.decisions.deciding import Money, outcome_from
from warifu.service.conduct.governing import governing
from warifu.service.conduct.governing.rule_set import propose
from warifu.service.conduct.trials import past_decisions
from warifu.service.conduct.trials.past_decisions import Past, PastDecisions
from warifu.service.conduct.trials.shadow_report import ShadowAnswer, ShadowReport, report_shadow

if TYPE_CHECKING:
    from datetime import datetime

    from warifu.service.composition import Composition

OTHER_TENANT = "sakura-bank"
ONLY_LONG_BOUND = (
    rules_for_tests()
    + b"""
[[rules]]
id = "long-bound"
operations = ["transfer"]
holds = "binding.age_seconds >= 2592000"
otherwise = { refuse = true }
customer.ja = "x"
customer.en = "x"
analyst.ja = "x"
analyst.en = "x"
"""
)
"""Refuses transfers of everybody whose device was bound less than 30 days ago."""
STANDARD = load_rules(rules_for_tests()).digest


def in_shadow(house: Composition, source: bytes) -> str:
    digest = draft(house, source)
    observe(house, digest)
    return digest


def transfers(house: Composition, clock: Hands, *amounts: int, tenant: str = TENANT) -> None:
    """Honest Android phones transfer money, and are served up to 100,000 yen."""
    bank = Bank(house=house, caller=caller(tenant))
    for amount in amounts:
        asked = replace(TRANSFER, amount=amount)
        challenge = bank.challenge(operation=asked)
        evidence = Android().evidence(the_bytes(challenge), clock.now)
        bank.decide(challenge, evidence, operation=asked)


def reported(
    house: Composition, digest: str, *, tenant: str = TENANT, **asked: datetime | int
) -> ShadowAnswer:
    return report_shadow(at_work(house, tenant=tenant), digest, Past(**asked))  # type: ignore[arg-type]


def counted(answer: ShadowAnswer) -> dict[str, int]:
    return {shift: count for shift, count in answer.totals.items() if count}


def test_who_would_have_lost_is_told_by_operation_and_model_with_the_reason(
    house: Composition, clock: Hands
) -> None:
    digest = in_shadow(house, ONLY_LONG_BOUND)
    transfers(house, clock, 10_000, 20_000)
    bank = Bank(house=house, caller=caller())
    challenge = bank.challenge(operation=LOGIN)
    evidence = Android().evidence(the_bytes(challenge), clock.now)
    assert bank.decide(challenge, evidence, operation=LOGIN).outcome == "serve"
    answer = reported(house, digest)
    assert (answer.rule_set_digest, answer.seen, answer.looked_at) == (digest, 3, 3)
    assert counted(answer) == {"same": 1, "loses": 2}
    losing, other = answer.rows
    assert (losing.operation, losing.counts) == (Operation.TRANSFER, {"loses": 2})
    assert losing.because == {"long-bound": 2}
    assert losing.model != UNKNOWN_MODEL
    assert (other.operation, other.counts, other.because) == (Operation.LOGIN, {"same": 1}, {})
    assert answer.beside == {STANDARD: 3}


def test_a_lower_limit_makes_worse_and_does_not_lose(house: Composition, clock: Hands) -> None:
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 10_000, 45_000, 200_000)
    answer = reported(house, digest)
    assert counted(answer) == {"same": 1, "worse": 2}
    assert all(row.because == {} for row in answer.rows)


def test_the_report_says_what_a_dry_run_of_the_same_decisions_says(
    house: Composition, clock: Hands
) -> None:
    digest = in_shadow(house, ONLY_LONG_BOUND)
    transfers(house, clock, 10_000, 45_000, 200_000)
    with served(house, authenticate=lambda *_: caller()) as client:
        tried = client.post(f"/v1/rule-sets/{digest}/dry-runs", json={}).json()
        told = client.get(f"/v1/rule-sets/{digest}/shadow").json()
    shared = set(tried) & set(told)
    assert shared == {"seen", "unreadable", "totals", "rows", "rows_left_off"}
    assert {each: tried[each] for each in shared} == {each: told[each] for each in shared}
    assert told["totals"]["loses"] == 3


def test_decisions_that_it_did_not_observe_are_not_counted(
    house: Composition, clock: Hands
) -> None:
    transfers(house, clock, 45_000)
    digest = in_shadow(house, STRICTER)
    another = in_shadow(house, OTHER)
    transfers(house, clock, 35_000)
    move(house, digest, Action.WITHDRAW)
    transfers(house, clock, 45_000)
    answer = reported(house, digest)
    assert (answer.looked_at, answer.seen, counted(answer)) == (3, 1, {"same": 1})
    assert counted(reported(house, another)) == {"worse": 2}
    assert reported(house, draft(house, ONLY_LONG_BOUND)).seen == 0


def test_the_active_rule_set_is_in_shadow_where_another_is_tried(
    house: Composition, clock: Hands
) -> None:
    digest = in_shadow(house, ONLY_LONG_BOUND)
    approve_move(house, digest, Action.TRY, "haru", "sora", share=9_999)
    move(house, digest, Action.TRY, share=9_999)
    transfers(house, clock, 10_000)
    answer = reported(house, STANDARD)
    assert (answer.beside, counted(answer)) == ({digest: 1}, {"gains": 1})
    assert answer.rows[0].because == {}


def test_a_stop_of_that_moment_refused_for_both(house: Composition, clock: Hands) -> None:
    digest = in_shadow(house, ONLY_LONG_BOUND)
    governing.stop(at_work(house), Operation.TRANSFER)
    transfers(house, clock, 10_000)
    assert counted(reported(house, digest)) == {"same": 1}


def test_only_the_time_that_was_asked_for_counts(house: Composition, clock: Hands) -> None:
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 10_000)
    clock.forward(hours=1)
    between = clock.now
    transfers(house, clock, 45_000, 45_000)
    assert counted(reported(house, digest, since=between)) == {"worse": 2}
    assert counted(reported(house, digest, until=between)) == {"same": 1}
    newest = reported(house, digest, limit=1)
    assert (newest.looked_at, counted(newest)) == (1, {"worse": 1})


def test_pages_leave_nothing_out_and_count_nothing_twice(
    house: Composition, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_decisions, "PAGE", 2)
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 10_000, 45_000, 45_000, 10_000, 45_000)
    read: list[int] = []
    report = ShadowReport(database=house.database, tenant=TENANT)
    assert report.count() == 5
    assert counted(report.run(digest, seen=read.append)) == {"same": 2, "worse": 3}
    assert read == [2, 2, 1]


def test_decisions_in_another_form_are_counted_apart(house: Composition, clock: Hands) -> None:
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 10_000)
    (kept,) = PastDecisions(database=house.database, tenant=TENANT).documents()
    strange = json.loads(kept)
    strange["shadows"][0]["outcome"] = "shrug"
    keep(house, b"", b"{}", b'{"erased":"x"}', json.dumps(strange).encode())
    answer = reported(house, digest)
    assert (answer.looked_at, answer.seen, answer.unreadable) == (5, 1, 4)


def test_without_an_active_rule_set_what_it_observed_gains(
    house: Composition, clock: Hands
) -> None:
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 10_000)
    (kept,) = PastDecisions(database=house.database, tenant=TENANT).documents()
    nobody = {**json.loads(kept), "outcome": "refuse", "rule_set_digest": None}
    keep(house, json.dumps(nobody).encode())
    answer = reported(house, digest)
    assert answer.beside == {STANDARD: 1, "(none)": 1}
    assert counted(answer) == {"same": 1, "gains": 1}


def test_a_rule_set_that_nobody_proposed_has_no_report(house: Composition) -> None:
    with misuse(rules.KNOWN):
        reported(house, "0" * 64)


def test_a_neighbour_sees_neither_the_rule_set_nor_what_it_said(
    house: Composition, clock: Hands
) -> None:
    settle(house, OTHER_TENANT)
    digest = in_shadow(house, STRICTER)
    transfers(house, clock, 45_000)
    with misuse(rules.KNOWN):
        reported(house, digest, tenant=OTHER_TENANT)
    theirs = at_work(house, tenant=OTHER_TENANT)
    assert propose(theirs, STRICTER).digest == digest
    governing.move(theirs, digest, governing.MoveRequest(action=Action.OBSERVE))
    answer = reported(house, digest, tenant=OTHER_TENANT)
    assert (answer.looked_at, answer.seen, answer.rows) == (0, 0, ())
    transfers(house, clock, 10_000, 10_000, tenant=OTHER_TENANT)
    assert counted(reported(house, digest, tenant=OTHER_TENANT)) == {"same": 2}
    assert counted(reported(house, digest)) == {"worse": 1}


@pytest.mark.parametrize(
    ("kept", "outcome"),
    [
        (("serve", (), None), Serve()),
        (("refuse", (), None), Refuse()),
        (("step-up", (Method.PASSKEY,), None), StepUp((Method.PASSKEY,))),
        (("limit", (), Money(amount=5, currency="JPY")), Limit(5, "JPY")),
        (
            ("limit", (Method.PASSKEY,), Money(amount=5, currency="JPY")),
            Limit(5, "JPY", (Method.PASSKEY,)),
        ),
    ],
)
def test_outcomes_are_read_as_they_were_kept(
    kept: tuple[str, tuple[Method, ...], Money | None], outcome: Outcome
) -> None:
    assert outcome_from(*kept) == outcome


def test_the_report_is_fetched_over_http(house: Composition, clock: Hands) -> None:
    digest = in_shadow(house, ONLY_LONG_BOUND)
    transfers(house, clock, 10_000)
    path = f"/v1/rule-sets/{digest}/shadow"
    with served(house, authenticate=lambda *_: caller()) as client:
        answer = client.get(path, params={"since": "2026-01-01T00:00:00", "limit": 10})
        assert (answer.status_code, answer.json()["totals"]["loses"]) == (200, 1)
        same = client.get(path, headers={"If-None-Match": client.get(path).headers["ETag"]})
        assert same.status_code == 304
        assert client.get(path, params={"until": "2026-01-01T00:00:00Z"}).json()["seen"] == 0
        for wrong in ({"limit": 0}, {"limit": 100_001}, {"since": "yesterday"}):
            assert client.get(path, params=wrong).status_code == 400
        assert client.get(f"/v1/rule-sets/{'0' * 64}/shadow").status_code == 404
    others = [each for each in Scope if each is not Scope.GOVERN]
    with served(house, authenticate=lambda *_: caller(TENANT, *others)) as client:
        assert client.get(path).status_code == 403


def test_the_command_line_names_those_who_lose(
    house: Composition, clock: Hands, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transfers(house, clock, 10_000)
    digest = in_shadow(house, ONLY_LONG_BOUND)
    transfers(house, clock, 10_000, 20_000)
    shared = ("rules", "shadow", digest, "--db", database_url, "--tenant", TENANT)
    told = run(capsys, *shared, "--lang", "en")
    assert told.status == 0
    assert "in shadow beside 2 of 3 decisions" in told.out
    assert "long-bound (2)" in told.out
    assert "機種" in run(capsys, *shared, "--lang", "ja").out
    newest = run(capsys, *shared, "--lang", "en", "--limit", "1").out
    assert "Only the newest 1 were looked at" in newest
    document = run(capsys, *shared, "--json", "--since", "2026-01-01").document
    assert document["totals"]["loses"] == 2
    assert document["rows"][0]["because"] == {"long-bound": 2}


def test_the_command_line_does_not_say_that_nobody_loses_where_nothing_was_observed(
    house: Composition, clock: Hands, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transfers(house, clock, 10_000)
    shared = ("--db", database_url, "--tenant", TENANT, "--lang", "en")
    told = run(capsys, "rules", "shadow", draft(house, STRICTER), *shared)
    assert (told.status, "beside 0 of 1 decisions" in told.out) == (0, True)
    assert "Nobody loses" not in told.out
    unknown = run(capsys, "rules", "shadow", "0" * 64, *shared)
    assert (unknown.status, unknown.out) == (2, "")
