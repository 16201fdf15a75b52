"""Who would lose service, for which operation, by model."""

import tracemalloc
from collections.abc import Iterator

import pytest

from tests.risk.decision.cases import NOW, changed, honest, standard, standard_bytes
from warifu.risk.decision import dry_run as room
from warifu.risk.decision.decide import Limit, Outcome, Refuse, Serve, StepUp
from warifu.risk.decision.dry_run import OTHER_MODELS, UNKNOWN_MODEL, Shift, compare, dry_run
from warifu.risk.decision.facts import Facts, Operation
from warifu.risk.decision.rules import Method, RuleSet, load_rules

PASSKEY, CARD = Method.PASSKEY, Method.IDENTITY_CARD


def stricter() -> RuleSet:
    was = "key.security_level in ['trusted-environment', 'secure-element']"
    text = standard_bytes().decode()
    assert was in text
    return load_rules(text.replace(was, "key.security_level == 'secure-element'").encode())


def fleet() -> Iterator[Facts]:
    for operation in Operation:
        for number in range(10):
            yield changed(
                honest(operation),
                device__model="old" if number < 4 else "new",
                key__security_level="trusted-environment" if number < 4 else "secure-element",
            )


def test_who_loses_service_is_told_by_operation_and_model_with_reasons() -> None:
    report = dry_run(fleet(), before=standard(), after=stricter(), circumstances=NOW)
    losers = {(row.operation, row.model): row for row in report.rows if row.counts.get(Shift.LOSES)}
    assert set(losers) == {
        (Operation.HIGH_VALUE_TRANSFER, "old"),
        (Operation.RAISE_LIMIT, "old"),
    }
    for row in losers.values():
        assert row.counts == {Shift.LOSES: 4}
        assert row.because == {"key-in-hardware": 4}
    assert report.rows[0].counts == {Shift.LOSES: 4}
    assert report.seen == 70
    assert report.total(Shift.LOSES) == 8
    assert report.total(Shift.SAME) == 62
    assert (report.before, report.after) == (standard().digest, stricter().digest)


def test_who_gains_service_is_told_as_well() -> None:
    report = dry_run(fleet(), before=stricter(), after=standard(), circumstances=NOW)
    assert report.total(Shift.GAINS) == 8
    assert all(row.because == {} for row in report.rows)


@pytest.mark.parametrize(
    ("old", "new", "shift"),
    [
        (Serve(), Serve(), Shift.SAME),
        (Serve(), Refuse(), Shift.LOSES),
        (Limit(5, "JPY"), Refuse(), Shift.LOSES),
        (Refuse(), StepUp((PASSKEY,)), Shift.GAINS),
        (Serve(), StepUp((PASSKEY,)), Shift.WORSE),
        (StepUp((PASSKEY,)), Serve(), Shift.BETTER),
        (StepUp((PASSKEY,)), StepUp((PASSKEY, CARD)), Shift.WORSE),
        (StepUp((PASSKEY,)), StepUp((CARD,)), Shift.DIFFERS),
        (Serve(), Limit(5, "JPY"), Shift.WORSE),
        (Limit(5, "JPY"), Limit(6, "JPY"), Shift.BETTER),
        (Limit(5, "JPY"), Limit(4, "JPY"), Shift.WORSE),
        (Limit(5, "JPY"), StepUp((PASSKEY,)), Shift.DIFFERS),
    ],
)
def test_what_a_change_means_to_the_customer(old: Outcome, new: Outcome, shift: Shift) -> None:
    assert compare(old, new) is shift


def test_models_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_MODELS", 2)
    stored = [changed(honest(), device__model=name) for name in ("a", None, "c", "d", "a")]
    report = dry_run(stored, before=standard(), after=standard(), circumstances=NOW)
    counted = {row.model: row.counts[Shift.SAME] for row in report.rows}
    assert counted == {"a": 2, UNKNOWN_MODEL: 1, OTHER_MODELS: 2}


def test_memory_does_not_grow_with_what_is_stored() -> None:
    def peak(number: int) -> int:
        stored = (changed(honest(), operation__amount=1 + n) for n in range(number))
        tracemalloc.start()
        dry_run(stored, before=standard(), after=standard(), circumstances=NOW)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2_000)
    assert peak(4_000) < peak(200) + 50_000
