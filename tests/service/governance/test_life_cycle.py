"""Rule sets, stops and exemptions, through the service, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, current_thread

import msgspec
import pytest

from tests.risk.decision.cases import changed, honest
from tests.service.governance.people import (
    OTHER,
    STRICTER,
    activate,
    approve,
    approve_move,
    at_work,
    draft,
    exemption,
    move,
    observe,
    with_limit,
)
from tests.service.house import TENANT, Hands, settle
from tests.support import misuse, no_statement
from warifu.base.errors import Denied
from warifu.base.rule import Rule
from warifu.risk.decision.decide import Circumstances, Outcome, Refuse, Serve, StepUp, decide
from warifu.risk.decision.facts import Facts, Operation
from warifu.risk.decision.life_cycle import (
    EXPIRY,
    FOUR_EYES,
    KNOWN,
    TRANSITION,
    Action,
    Stage,
    choose,
)
from warifu.risk.decision.rules import FORM
from warifu.service.composition import Composition
from warifu.service.conduct import rules
from warifu.service.conduct.governing import governing
from warifu.service.conduct.governing import rules as governance_rules
from warifu.service.conduct.governing.governance import first_governance, load_governance
from warifu.service.conduct.governing.rule_set import list_rule_sets, propose, read_rule_set
from warifu.service.conduct.looking_up.audit import AuditRequest, read_audit
from warifu.service.store import governance as store
from warifu.service.store.database import Row, Transaction

OTHER_TENANT = "sakura-bank"


def denied(rule: Rule) -> pytest.RaisesExc[Denied]:
    """Denied by exactly this rule."""
    return pytest.raises(Denied, check=lambda error: error.rule == rule)


def decided(house: Composition, facts: Facts, user: str = "u") -> Outcome:
    """What the service would answer now."""
    with house.database.read() as transaction:
        stands = load_governance(house, transaction, TENANT)
    digest = choose(stands.governance, user).decides
    assert digest is not None
    circumstances = Circumstances(
        at=house.clock(),
        stopped=stands.governance.stopped,
        exemptions=stands.governance.exemptions,
    )
    return decide(facts, stands.rule_set(digest), circumstances).outcome


def on_test_trust(operation: Operation = Operation.TRANSFER, **values: object) -> Facts:
    return changed(honest(operation), evidence__realm="test", **values)


def test_a_tenant_begins_with_one_active_rule_set(house: Composition) -> None:
    stands = governing.read_governance(at_work(house))
    assert [version.stage for version in stands.versions] == [Stage.ACTIVE]
    assert decided(house, on_test_trust()) == Serve()


def test_a_tenant_is_not_begun_twice(house: Composition) -> None:
    with denied(governance_rules.BEGUN), house.database.write() as transaction:
        transaction.apply(first_governance(TENANT, house.clock()))


def test_a_draft_decides_nothing(house: Composition) -> None:
    digest = draft(house)
    assert read_rule_set(at_work(house), digest).summary.stage is Stage.DRAFT
    assert decided(house, on_test_trust()) == Serve()


def test_a_rule_set_with_a_fault_is_not_taken_in(house: Composition) -> None:
    with misuse(FORM):
        propose(at_work(house), b"id = 3")
    assert len(list_rule_sets(at_work(house), after=None, limit=10)) == 1


def test_the_same_rule_set_is_not_taken_in_twice(house: Composition) -> None:
    draft(house)
    with denied(KNOWN):
        draft(house)


def test_one_person_alone_cannot_activate(house: Composition) -> None:
    digest = draft(house)
    observe(house, digest)
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)
    approve_move(house, digest, Action.ACTIVATE, "haru")
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE, by="haru")


def test_the_authors_own_approval_does_not_count(house: Composition) -> None:
    digest = draft(house, by="aoi")
    observe(house, digest)
    approve_move(house, digest, Action.ACTIVATE, "aoi", "haru")
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)


def test_one_person_who_approves_twice_is_one_person(house: Composition) -> None:
    digest = draft(house)
    observe(house, digest)
    approve_move(house, digest, Action.ACTIVATE, "haru", "haru")
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)


def test_two_people_activate_what_a_third_wrote(house: Composition) -> None:
    digest = activate(house, STRICTER)
    assert governing.read_governance(at_work(house)).versions[1].stage is Stage.ACTIVE
    assert read_rule_set(at_work(house), digest).text == STRICTER.decode()
    assert not isinstance(decided(house, on_test_trust(operation__amount=50_000)), Serve)


def test_approval_of_another_revision_does_not_count(house: Composition) -> None:
    digest = draft(house)
    observe(house, digest)
    approve_move(house, digest, Action.ACTIVATE, "haru", "sora")
    governing.stop(at_work(house), Operation.RECOVER)
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)


def test_approval_of_what_was_not_seen_is_refused(house: Composition) -> None:
    digest = draft(house)
    observe(house, digest)
    command = governing.MoveCommand(digest=digest, action=Action.ACTIVATE)
    with denied(governance_rules.MOVED):
        approve(house, command, by="haru", revision=1)


def test_approval_of_a_share_is_not_approval_of_another(house: Composition) -> None:
    digest = draft(house)
    observe(house, digest)
    approve_move(house, digest, Action.TRY, "haru", "sora", share=100)
    with denied(FOUR_EYES):
        move(house, digest, Action.TRY, share=9_000)
    assert move(house, digest, Action.TRY, share=100).versions[1].share == 100


def test_an_old_approval_does_not_count(house: Composition, clock: Hands) -> None:
    digest = draft(house)
    observe(house, digest)
    approve_move(house, digest, Action.ACTIVATE, "haru", "sora")
    clock.forward(days=8)
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)
    approve_move(house, digest, Action.ACTIVATE, "haru", "sora")
    move(house, digest, Action.ACTIVATE)


def test_a_draft_is_not_activated_unobserved(house: Composition) -> None:
    digest = draft(house)
    approve_move(house, digest, Action.ACTIVATE, "haru", "sora")
    with denied(TRANSITION):
        move(house, digest, Action.ACTIVATE)


def test_rollback_returns_to_what_was_active_just_before(house: Composition) -> None:
    first = governing.read_governance(at_work(house)).versions[0].digest
    activate(house, STRICTER)
    approve_move(house, first, Action.ROLL_BACK, "haru", "sora")
    move(house, first, Action.ROLL_BACK)
    assert decided(house, on_test_trust(operation__amount=50_000)) == Serve()


def test_rolling_back_twice_does_not_downgrade_further(house: Composition) -> None:
    first = governing.read_governance(at_work(house)).versions[0].digest
    second = activate(house, STRICTER)
    activate(house, OTHER)
    approve_move(house, second, Action.ROLL_BACK, "haru", "sora")
    move(house, second, Action.ROLL_BACK)
    approve_move(house, first, Action.ROLL_BACK, "haru", "sora")
    with denied(TRANSITION):
        move(house, first, Action.ROLL_BACK)


def test_the_kill_switch_stops_at_once_and_one_person_throws_it(house: Composition) -> None:
    governing.stop(at_work(house), Operation.TRANSFER)
    assert decided(house, on_test_trust()) == Refuse()
    assert decided(house, on_test_trust(Operation.LOGIN)) == Serve()


def test_one_person_cannot_resume(house: Composition) -> None:
    governing.stop(at_work(house), Operation.TRANSFER)
    with denied(FOUR_EYES):
        governing.resume(at_work(house), Operation.TRANSFER)
    for name in ("haru", "sora"):
        approve(house, governing.ResumeCommand(operation=Operation.TRANSFER), by=name)
    governing.resume(at_work(house), Operation.TRANSFER)
    assert decided(house, on_test_trust()) == Serve()


def test_the_kill_switch_does_not_give_way_to_other_changes(
    house: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [Operation.LOGIN, Operation.BALANCE, Operation.RECOVER]
    revisions: list[int] = []

    def read_slowly(transaction: Transaction, tenant: str, command: str) -> list[Row]:
        """While this person reads, somebody else is faster."""
        if others and current_thread() is this:
            with ThreadPoolExecutor(1) as pool:
                stopped = pool.submit(governing.stop, at_work(house, "kei"), others.pop())
                revisions.append(stopped.result().revision)
        return read_approvals(transaction, tenant, command)

    this, read_approvals = current_thread(), store.read_approvals
    monkeypatch.setattr(store, "read_approvals", read_slowly)
    stands = governing.stop(at_work(house), Operation.TRANSFER)
    assert revisions == [1, 2, 3]
    assert stands.revision == 4
    assert decided(house, on_test_trust()) == Refuse()


def test_any_other_change_gives_way(house: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = draft(house)

    def read_slowly(transaction: Transaction, tenant: str, command: str) -> list[Row]:
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(governing.stop, at_work(house, "kei"), Operation.LOGIN).result()
        return store.read_approvals(transaction, tenant, command)

    monkeypatch.setattr(store, "read_approvals", read_slowly)
    with denied(governance_rules.MOVED):
        observe(house, digest)
    assert read_rule_set(at_work(house), digest).summary.stage is Stage.DRAFT


def test_an_exemption_ends_by_itself(house: Composition, clock: Hands) -> None:
    facts = on_test_trust(Operation.LOGIN, device__status="warning", device__model="Pixel 4")
    assert isinstance(decided(house, facts), StepUp)
    asked = exemption(clock.now + timedelta(days=30), Operation.LOGIN)
    for name in ("haru", "sora"):
        approve(house, governing.ExemptCommand(exemption=asked), by=name)
    governing.grant_exemption(at_work(house), asked)
    assert decided(house, facts) == Serve()
    clock.forward(days=30)
    assert isinstance(decided(house, facts), StepUp)
    assert governing.read_governance(at_work(house)).exemptions == ()


def test_who_asks_for_an_exemption_does_not_approve_it(house: Composition, clock: Hands) -> None:
    asked = exemption(clock.now + timedelta(days=30), Operation.LOGIN)
    for name in ("aoi", "sora"):
        approve(house, governing.ExemptCommand(exemption=asked), by=name)
    with denied(FOUR_EYES):
        governing.grant_exemption(at_work(house, "aoi"), asked)


def test_an_exemption_without_an_end_in_sight_is_refused(house: Composition, clock: Hands) -> None:
    asked = exemption(clock.now + timedelta(days=91), Operation.LOGIN)
    for name in ("haru", "sora"):
        approve(house, governing.ExemptCommand(exemption=asked), by=name)
    with denied(EXPIRY):
        governing.grant_exemption(at_work(house), asked)


def test_one_person_ends_an_exemption(house: Composition, clock: Hands) -> None:
    asked = exemption(clock.now + timedelta(days=30), Operation.LOGIN)
    for name in ("haru", "sora"):
        approve(house, governing.ExemptCommand(exemption=asked), by=name)
    governing.grant_exemption(at_work(house), asked)
    governing.end_exemption(at_work(house), asked.id)
    with denied(KNOWN):
        governing.end_exemption(at_work(house), asked.id)


def test_of_two_writers_on_one_revision_one_wins(house: Composition) -> None:
    digest = draft(house)
    writers = 16
    start = Barrier(writers)

    def withdraw(number: int) -> str:
        work = at_work(house, f"p{number}")
        start.wait()
        try:
            governing.move(work, digest, governing.MoveRequest(action=Action.WITHDRAW))
        except Denied as error:
            return error.code
        return "won"

    with ThreadPoolExecutor(writers) as pool:
        came = list(pool.map(withdraw, range(writers)))
    assert came.count("won") == 1
    assert set(came) <= {"won", governance_rules.MOVED.code, TRANSITION.code}
    assert governing.read_governance(at_work(house)).revision == 2


def test_every_change_is_in_the_audit_log_with_who_approved_it(house: Composition) -> None:
    digest = activate(house, STRICTER)
    governing.stop(at_work(house, "kei"), Operation.LOGIN)
    records = read_audit(at_work(house), AuditRequest(), after=None, limit=50)
    assert [record.action for record in records] == [
        "operation/stopped",
        "rule-set/moved",
        "governance/approved",
        "governance/approved",
        "rule-set/moved",
        "rule-set/drafted",
    ]
    assert records[1].document["approved_by"] == ["haru", "sora"]
    assert records[0].caller == "kei"
    assert records[1].document["after"] == records[0].document["before"]
    about = read_audit(at_work(house), AuditRequest(subject=digest), after=None, limit=1)
    assert [each.action for each in about] == ["rule-set/moved", "rule-set/moved"]


def test_the_audit_log_is_read_by_time_and_person(house: Composition, clock: Hands) -> None:
    governing.stop(at_work(house, "kei"), Operation.LOGIN)
    clock.forward(hours=1)
    governing.stop(at_work(house, "aoi"), Operation.BALANCE)
    later = clock.now.replace(tzinfo=None) - timedelta(minutes=1)

    def subjects(**asked: object) -> list[str]:
        wanted = AuditRequest(**asked)  # type: ignore[arg-type]
        return [each.subject for each in read_audit(at_work(house), wanted, after=None, limit=9)]

    assert subjects(since=later) == ["balance"]
    assert subjects(until=later) == ["login"]
    assert subjects(caller="kei") == ["login"]
    assert subjects(action="operation/resumed") == []


def test_tenants_do_not_see_each_others_rule_sets(house: Composition) -> None:
    settle(house, OTHER_TENANT)
    digest = draft(house)
    stranger = at_work(house, tenant=OTHER_TENANT)
    with misuse(rules.KNOWN):
        read_rule_set(stranger, digest)
    with denied(KNOWN):
        governing.move(stranger, digest, governing.MoveRequest(action=Action.OBSERVE))
    assert digest not in {each.digest for each in list_rule_sets(stranger, after=None, limit=50)}
    governing.stop(stranger, Operation.TRANSFER)
    assert decided(house, on_test_trust()) == Serve()
    assert all(
        record.subject != digest
        for record in read_audit(stranger, AuditRequest(), after=None, limit=50)
    )


def test_approvals_of_another_tenant_do_not_count(house: Composition) -> None:
    settle(house, OTHER_TENANT)
    digest = draft(house)
    assert propose(at_work(house, tenant=OTHER_TENANT), STRICTER).digest == digest
    observe(house, digest)
    governing.move(
        at_work(house, tenant=OTHER_TENANT), digest, governing.MoveRequest(action=Action.OBSERVE)
    )
    command = governing.MoveCommand(digest=digest, action=Action.ACTIVATE)
    for name in ("haru", "sora"):
        governing.approve(
            at_work(house, name, tenant=OTHER_TENANT),
            governing.ApprovalRequest(revision=2, command=command),
        )
    with denied(FOUR_EYES):
        move(house, digest, Action.ACTIVATE)


def test_a_rule_set_that_was_altered_in_the_database_decides_nothing(
    house: Composition,
) -> None:
    with house.database.write() as transaction:
        transaction.apply(first_governance("altered-bank", house.clock(), source=STRICTER))
        transaction.rows(
            "UPDATE rule_sets SET source = :source WHERE tenant = :tenant RETURNING digest",
            source=OTHER,
            tenant="altered-bank",
        )
    with no_statement(governance_rules.READABLE), house.database.read() as transaction:
        load_governance(house, transaction, "altered-bank")


@pytest.mark.parametrize("damage", ["DELETE FROM rule_sets", "UPDATE rule_sets SET source = :bad"])
def test_a_rule_set_that_is_gone_or_unreadable_decides_nothing(
    house: Composition, damage: str
) -> None:
    tenant = "damaged-bank"
    source = with_limit(123_456)
    with house.database.write() as transaction:
        transaction.apply(first_governance(tenant, house.clock(), source=source))
        values = {"bad": b"id ="} if ":bad" in damage else {}
        transaction.rows(
            f"{damage} WHERE tenant = :tenant RETURNING digest",
            tenant=tenant,
            **values,
        )
    with no_statement(governance_rules.READABLE), house.database.read() as transaction:
        load_governance(house, transaction, tenant)


@pytest.mark.parametrize("document", [b"", b"{}]", b'{"revision":"x"}'])
def test_governance_that_cannot_be_read_decides_nothing(
    house: Composition, document: bytes
) -> None:
    with house.database.write() as transaction:
        transaction.apply(
            [
                store.update_governance(
                    TENANT, seen=0, document=document, otherwise=governance_rules.MOVED
                )
            ]
        )
    with no_statement(governance_rules.READABLE), house.database.read() as transaction:
        load_governance(house, transaction, TENANT)


def test_a_tenant_without_governance_is_served_nothing(house: Composition) -> None:
    with no_statement(governance_rules.READABLE), house.database.read() as transaction:
        load_governance(house, transaction, "nobody")
    with no_statement(governance_rules.READABLE):
        governing.stop(at_work(house, tenant="nobody"), Operation.LOGIN)


def test_governance_does_not_grow_without_end(
    house: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(governing, "MAX_VERSIONS", 2)
    draft(house)
    with denied(governance_rules.ROOM):
        draft(house, OTHER)


def test_what_is_remembered_is_what_is_stored(house: Composition) -> None:
    with house.database.read() as transaction:
        before = load_governance(house, transaction, TENANT)
        assert load_governance(house, transaction, TENANT) is before
    governing.stop(at_work(house), Operation.LOGIN)
    with house.database.read() as transaction:
        after = load_governance(house, transaction, TENANT)
    assert after.governance.stopped == {Operation.LOGIN}
    assert msgspec.json.encode(before.governance) != msgspec.json.encode(after.governance)
