"""A rule set tried on stored decisions, on both databases."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.runner import run
from tests.risk.decision.cases import changed, honest
from tests.service.governance.people import OTHER, at_work, draft, with_limit
from tests.service.house import START, TENANT, settle
from tests.support import misuse
from tools.bench import dry_run as bench
from warifu.base.errors import Denied
from warifu.command import main
from warifu.risk.decision.facts import Facts, Operation
from warifu.risk.decision.life_cycle import Governance
from warifu.risk.decision.rules import load_rules
from warifu.service.composition import Composition
from warifu.service.conduct import rules
from warifu.service.conduct.governing import rules as governance_rules
from warifu.service.conduct.governing.governance import written_form
from warifu.service.conduct.trials import past_decisions
from warifu.service.conduct.trials.dry_run import (
    DryRunAnswer,
    DryRunRequest,
    Trial,
    try_rule_set,
)
from warifu.service.identifiers import new_id
from warifu.service.store import governance as store
from warifu.service.store.database import Database
from warifu.service.store.decisions import DecisionRow, insert_decision

OTHER_TENANT = "sakura-bank"


def keep(
    house: Composition,
    *decided: Facts | bytes,
    at: datetime = START,
    tenant: str = TENANT,
) -> None:
    """Store decisions, a second apart."""
    with house.database.write() as transaction:
        for number, facts in enumerate(decided):
            moment = at + timedelta(seconds=number)
            document = (
                facts if isinstance(facts, bytes) else msgspec.json.encode({"facts": facts, "x": 1})
            )
            row = DecisionRow(
                id=new_id(moment),
                app="wallet",
                device=None,
                device_key=None,
                user_index=None,
                operation="transfer",
                outcome="serve",
                amount=None,
                outage=0,
                appraisal=None,
                rule_set=None,
                decided_at=moment,
                document=document,
            )
            transaction.apply([insert_decision(tenant, row)])


def paid(amount: int, model: str = "Pixel 8") -> Facts:
    return changed(
        honest(Operation.TRANSFER),
        operation__amount=amount,
        device__model=model,
        evidence__realm="test",
    )


def tried(house: Composition, source: bytes, **asked: object) -> DryRunAnswer:
    trial = Trial(
        database=house.database,
        tenant=TENANT,
        now=START,
        asked=DryRunRequest(**asked),  # type: ignore[arg-type]
    )
    return trial.run(load_rules(source))


NO_OLD_MODELS = with_limit(100_000).replace(
    b"holds = \"device.status == 'affirming'\"\notherwise = { refuse = true }",
    b"holds = \"device.model != 'Pixel 4'\"\notherwise = { refuse = true }",
)


def test_a_dry_run_names_those_who_lose(house: Composition) -> None:
    keep(house, paid(10_000, "Pixel 4"), paid(20_000, "Pixel 4"), paid(10_000))
    answer = tried(house, NO_OLD_MODELS)
    assert answer.seen == 3
    assert answer.totals["loses"] == 2
    assert (answer.rows[0].operation, answer.rows[0].model) == (Operation.TRANSFER, "Pixel 4")
    assert answer.rows[0].because == {"device-trusted": 2}


def test_a_lower_limit_makes_worse_and_does_not_lose(house: Composition) -> None:
    keep(house, paid(35_000), paid(10_000))
    answer = tried(house, OTHER)
    assert (answer.totals["worse"], answer.totals["loses"], answer.totals["same"]) == (1, 0, 1)


def test_a_dry_run_changes_nothing(house: Composition) -> None:
    keep(house, paid(1))
    with house.database.read() as transaction:
        before = store.read_governance(transaction, TENANT)
    tried(house, OTHER)
    with house.database.read() as transaction:
        assert store.read_governance(transaction, TENANT) == before


def test_a_stored_rule_set_is_tried_by_its_digest(house: Composition) -> None:
    keep(house, paid(35_000))
    digest = draft(house, OTHER)
    answer = try_rule_set(at_work(house), digest, DryRunRequest())
    assert (answer.after, answer.totals["worse"]) == (digest, 1)
    with misuse(rules.KNOWN):
        try_rule_set(at_work(house), "0" * 64, DryRunRequest())


def test_only_the_time_that_was_asked_for_counts(house: Composition) -> None:
    keep(house, *[paid(each) for each in range(1, 11)])
    assert tried(house, OTHER, since=START + timedelta(seconds=4)).seen == 6
    assert tried(house, OTHER, until=START + timedelta(seconds=4)).seen == 4
    assert tried(house, OTHER, until=START - timedelta(days=9999)).seen == 0


def test_the_newest_count_where_there_are_too_many(house: Composition) -> None:
    keep(house, paid(35_000), paid(35_000), paid(1), paid(1))
    answer = tried(house, OTHER, limit=2)
    assert (answer.seen, answer.totals["same"]) == (2, 2)


def test_pages_leave_nothing_out_and_count_nothing_twice(
    house: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_decisions, "PAGE", 3)
    keep(house, *[paid(each) for each in range(1, 11)])
    read: list[int] = []
    trial = Trial(database=house.database, tenant=TENANT, now=START)
    assert trial.count() == 10
    assert trial.run(load_rules(OTHER), seen=read.append).seen == 10
    assert read == [3, 3, 3, 1]


@pytest.mark.parametrize("document", [b"", b"{}", b'{"facts":{"operation":{"kind":"rob"}}}'])
def test_decisions_whose_facts_are_gone_are_counted_apart(
    house: Composition, document: bytes
) -> None:
    keep(house, document, paid(1))
    answer = tried(house, OTHER)
    assert (answer.seen, answer.unreadable) == (1, 1)


def test_decisions_of_another_tenant_are_not_looked_at(house: Composition) -> None:
    settle(house, OTHER_TENANT)
    keep(house, paid(1), tenant=OTHER_TENANT)
    assert tried(house, OTHER).seen == 0


def test_a_stop_does_not_hide_who_loses(house: Composition) -> None:
    stopped = Governance(revision=1, stopped=frozenset({Operation.TRANSFER}))
    keep(house, paid(10_000, "Pixel 4"))
    with house.database.read() as transaction:
        row = store.read_governance(transaction, TENANT)
    assert row is not None
    versions = msgspec.json.decode(row[1], type=Governance).versions
    document = written_form(msgspec.structs.replace(stopped, versions=versions))
    with house.database.write() as transaction:
        transaction.apply(
            [
                store.update_governance(
                    TENANT, seen=0, document=document, otherwise=governance_rules.MOVED
                )
            ]
        )
    assert tried(house, NO_OLD_MODELS).totals["loses"] == 1


def test_without_an_active_rule_set_there_is_nothing_to_compare_with(house: Composition) -> None:
    with house.database.write() as transaction:
        transaction.apply(
            [
                store.update_governance(
                    TENANT,
                    seen=0,
                    document=written_form(Governance(revision=1)),
                    otherwise=governance_rules.MOVED,
                )
            ]
        )
    with pytest.raises(Denied) as caught:
        tried(house, OTHER)
    assert caught.value.rule == governance_rules.ACTIVE


@pytest.fixture
def rule_file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(source: bytes) -> Path:
        path = tmp_path / "rules.toml"
        path.write_bytes(source)
        return path

    return write


def test_the_command_line_names_those_who_lose(
    house: Composition,
    database_url: str,
    rule_file: Callable[[bytes], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(house, paid(10_000, "Pixel 4"), paid(10_000), b"{}")
    shared = ("rules", "dry-run", rule_file(NO_OLD_MODELS), "--db", database_url)
    told = run(capsys, *shared, "--tenant", TENANT, "--lang", "en")
    assert told.status == 0
    assert "Decided 2 stored decisions" in told.out
    assert "1 more are not counted" in told.out
    assert "Pixel 4" in told.out
    assert "device-trusted (1)" in told.out
    assert "機種" in run(capsys, *shared, "--tenant", TENANT, "--lang", "ja").out
    document = run(capsys, *shared, "--tenant", TENANT, "--json", "--since", "2026-01-01").document
    assert document["totals"]["loses"] == 1
    assert document["rows"][0]["because"] == {"device-trusted": 1}


def test_the_command_line_says_where_nobody_loses(
    house: Composition,
    database_url: str,
    rule_file: Callable[[bytes], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(house, paid(1))
    told = run(
        capsys,
        *("rules", "dry-run", rule_file(OTHER), "--db", database_url),
        *("--tenant", TENANT, "--lang", "en", "--until", "2027-01-01"),
    )
    assert "Nobody loses service" in told.out


@pytest.mark.parametrize("wrong", [("--tenant", "nobody"), ("--tenant", TENANT, "--limit", "0")])
def test_the_command_line_refuses_what_it_cannot_try(
    house: Composition,
    database_url: str,
    rule_file: Callable[[bytes], Path],
    capsys: pytest.CaptureFixture[str],
    wrong: tuple[str, ...],
) -> None:
    assert house.database is not None
    told = run(capsys, "rules", "dry-run", rule_file(OTHER), "--db", database_url, *wrong)
    assert (told.status, told.out) == (2, "")
    assert wrong[-2] in told.err


def test_a_sound_rule_set_is_told_with_its_digest(
    rule_file: Callable[[bytes], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = rule_file(OTHER)
    told = run(capsys, "rules", "check", path, "--lang", "en")
    assert load_rules(OTHER).digest in told.out
    document = run(capsys, "rules", "check", path, "--json").document
    assert document["digest"] == load_rules(OTHER).digest
    assert "small-amount" in document["operations"]["transfer"]


def test_a_rule_set_with_a_fault_is_told_by_its_code(
    rule_file: Callable[[bytes], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = OTHER.replace(b"operation.amount <=", b"operation.amuont <=")
    told = run(capsys, "rules", "check", rule_file(broken))
    assert told.status == 2
    assert "operation.amuont" in told.err


def test_the_life_cycle_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "diagram"]) == 0
    assert capsys.readouterr().out.startswith("stateDiagram-v2\n    [*] --> draft\n")


def test_the_bench_measures_what_the_service_does(database: Database) -> None:
    figures = bench.measure(database, 2_100)
    assert figures.answer.seen == 2_100
    assert figures.answer.unreadable == 0
    assert figures.answer.totals["loses"] > 0
    assert json.loads(msgspec.json.encode(figures))["seconds"] > 0
