"""Rule sets come into force in steps, by two people, and can be taken back."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.decision.cases import AT
from warifu.base.errors import Denied
from warifu.base.rule import Rule
from warifu.risk.decision.exemption import Exemption, Subject
from warifu.risk.decision.facts import Operation
from warifu.risk.decision.life_cycle import (
    ALONE,
    EXPIRY,
    FOUR_EYES,
    KNOWN,
    MAX_APPROVAL_AGE,
    SHARES,
    TABLE,
    TRANSITION,
    Action,
    Approval,
    Choice,
    Command,
    Draft,
    EndExemption,
    Exempt,
    Governance,
    Loosen,
    Move,
    Resume,
    Stage,
    Stop,
    ThreatFile,
    Tighten,
    apply,
    choose,
    diagram,
    fingerprint,
)

EXEMPTION = Exemption(
    id="e",
    subject=Subject.DEVICE,
    name="d-1",
    operation=Operation.LOGIN,
    rule="device-trusted",
    until=AT + timedelta(days=30),
    why="a loan device",
)


def denied(rule: Rule) -> Any:
    return pytest.raises(Denied, check=lambda error: error.code == rule.code)


def do(
    governance: Governance, command: Command, *people: str, by: str = "author", **moved: Any
) -> Governance:
    approvals = [
        Approval(by=each, at=AT, command=fingerprint(governance, command)) for each in people
    ]
    return apply(governance, command, by=by, approvals=approvals, at=moved.get("at", AT))[0]


def draft(digest: str, governance: Governance | None = None) -> Governance:
    return do(governance or Governance(), Draft(digest=digest, name=digest))


def move(digest: str, action: Action, share: int | None = None) -> Move:
    return Move(digest=digest, action=action, share=share)


def active(digest: str, governance: Governance | None = None) -> Governance:
    governance = do(draft(digest, governance), move(digest, Action.OBSERVE))
    return do(governance, move(digest, Action.ACTIVATE), "b", "c")


def stages(governance: Governance) -> dict[str, Stage]:
    return {each.digest: each.stage for each in governance.versions}


def test_rule_set_goes_through_all_stages() -> None:
    governance = draft("one", active("zero"))
    assert choose(governance, "u") == Choice(decides="zero", shadows=())
    governance = do(governance, move("one", Action.OBSERVE))
    assert choose(governance, "u") == Choice(decides="zero", shadows=("one",))
    governance = do(governance, move("one", Action.TRY, 5_000), "b", "c")
    assert {choose(governance, f"u{n}").decides for n in range(50)} == {"zero", "one"}
    governance = do(governance, move("one", Action.TRY, 9_999), "b", "c")
    governance = do(governance, move("one", Action.ACTIVATE), "b", "c")
    assert choose(governance, "u") == Choice(decides="one", shadows=())
    assert stages(governance) == {"zero": Stage.RETIRED, "one": Stage.ACTIVE}


def test_without_an_active_rule_set_nothing_decides() -> None:
    assert choose(Governance(), "u") == Choice(decides=None, shadows=())


def test_partial_rule_set_is_shadow_for_all_others() -> None:
    governance = do(draft("one", active("zero")), move("one", Action.OBSERVE))
    governance = do(governance, move("one", Action.TRY, 1), "b", "c")
    outside = next(f"u{n}" for n in range(99) if choose(governance, f"u{n}").decides == "zero")
    assert choose(governance, outside).shadows == ("one",)


@given(user=st.text(), small=st.integers(1, SHARES - 1), large=st.integers(1, SHARES - 1))
def test_user_within_a_small_share_is_within_every_larger_one(
    user: str, small: int, large: int
) -> None:
    small, large = sorted((small, large))
    governance = do(draft("one", active("zero")), move("one", Action.OBSERVE))
    few = do(governance, move("one", Action.TRY, small), "b", "c")
    more = do(few, move("one", Action.TRY, large), "b", "c")
    if choose(few, user).decides == "one":
        assert choose(more, user).decides == "one"


def test_share_of_users_is_the_share_that_was_approved() -> None:
    governance = do(draft("one", active("zero")), move("one", Action.OBSERVE))
    governance = do(governance, move("one", Action.TRY, 1_000), "b", "c")
    tried = sum(choose(governance, f"user-{n}").decides == "one" for n in range(5_000))
    assert 400 < tried < 600


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("action", Action)
def test_only_what_the_table_has_is_done(stage: Stage, action: Action) -> None:
    governance = draft("one", active("zero"))
    versions = tuple(
        msgspec.structs.replace(each, stage=stage) if each.digest == "one" else each
        for each in governance.versions
    )
    governance = msgspec.structs.replace(governance, versions=versions)
    command = move("one", action, 5 if action is Action.TRY else None)
    if (stage, action) in TABLE and action is not Action.ROLL_BACK:
        after = do(governance, command, "b", "c")
        assert stages(after)["one"] is TABLE[stage, action]
    else:
        with denied(TRANSITION):
            do(governance, command, "b", "c")


def test_table_reaches_active_only_through_being_observed() -> None:
    assert (Stage.DRAFT, Action.ACTIVATE) not in TABLE
    assert (Stage.DRAFT, Action.TRY) not in TABLE


@pytest.mark.parametrize("share", [0, -1, SHARES, 20_000, None])
def test_share_outside_the_whole_is_denied(share: int | None) -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    with denied(TRANSITION):
        do(governance, move("one", Action.TRY, share), "b", "c")


def test_share_without_trial_is_denied() -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    with denied(TRANSITION):
        do(governance, move("one", Action.ACTIVATE, 5), "b", "c")


def test_two_trials_at_once_are_denied() -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    governance = do(governance, move("one", Action.TRY, 5), "b", "c")
    governance = do(draft("two", governance), move("two", Action.OBSERVE))
    with denied(TRANSITION):
        do(governance, move("two", Action.TRY, 5), "b", "c")


@pytest.mark.parametrize(
    "people",
    [(), ("b",), ("b", "b"), ("author", "b")],
    ids=["nobody", "one", "one twice", "author and one"],
)
def test_fewer_than_two_other_people_are_denied(people: tuple[str, ...]) -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    with denied(FOUR_EYES):
        do(governance, move("one", Action.ACTIVATE), *people)


def test_approval_for_something_else_does_not_count() -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    command = move("one", Action.TRY, 9_000)
    small = fingerprint(governance, move("one", Action.TRY, 1))
    approvals = [Approval(by=each, at=AT, command=small) for each in "bc"]
    with denied(FOUR_EYES):
        apply(governance, command, by="b", at=AT, approvals=approvals)


def test_approval_is_used_up_by_any_change_in_between() -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    command = move("one", Action.ACTIVATE)
    approvals = [
        Approval(by=each, at=AT, command=fingerprint(governance, command)) for each in "bc"
    ]
    governance = do(governance, Stop(operation=Operation.LOGIN))
    with denied(FOUR_EYES):
        apply(governance, command, by="b", at=AT, approvals=approvals)


@pytest.mark.parametrize("age", [MAX_APPROVAL_AGE + timedelta(seconds=1), timedelta(seconds=-1)])
def test_old_or_future_approval_does_not_count(age: timedelta) -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    with denied(FOUR_EYES):
        do(governance, move("one", Action.ACTIVATE), "b", "c", at=AT + age)


def test_rollback_brings_back_what_was_active_before() -> None:
    governance = active("one", active("zero"))
    with denied(FOUR_EYES):
        do(governance, move("zero", Action.ROLL_BACK))
    governance = do(governance, move("zero", Action.ROLL_BACK), "b", "c")
    assert stages(governance) == {"zero": Stage.ACTIVE, "one": Stage.RETIRED}


def test_downgrade_to_an_older_rule_set_is_denied() -> None:
    governance = active("two", active("one", active("zero")))
    with denied(TRANSITION):
        do(governance, move("zero", Action.ROLL_BACK), "b", "c")


def test_rollback_of_what_was_never_active_is_denied() -> None:
    governance = do(draft("one"), move("one", Action.WITHDRAW))
    with denied(TRANSITION):
        do(governance, move("one", Action.ROLL_BACK), "b", "c")


def test_one_person_withdraws_a_trial() -> None:
    governance = do(draft("one", active("zero")), move("one", Action.OBSERVE))
    governance = do(governance, move("one", Action.TRY, 9_999), "b", "c")
    governance = do(governance, move("one", Action.WITHDRAW))
    assert choose(governance, "u") == Choice(decides="zero", shadows=())


def test_one_person_stops_an_operation_and_two_resume_it() -> None:
    governance = do(Governance(), Stop(operation=Operation.TRANSFER))
    assert governance.stopped == {Operation.TRANSFER}
    with denied(FOUR_EYES):
        do(governance, Resume(operation=Operation.TRANSFER), "b")
    governance = do(governance, Resume(operation=Operation.TRANSFER), "b", "c")
    assert governance.stopped == frozenset()
    with denied(KNOWN):
        do(governance, Resume(operation=Operation.TRANSFER), "b", "c")


def test_exemption_is_for_two_people_to_give_and_for_one_to_end() -> None:
    with denied(FOUR_EYES):
        do(Governance(), Exempt(exemption=EXEMPTION), "author", "b")
    governance = do(Governance(), Exempt(exemption=EXEMPTION), "b", "c")
    with denied(KNOWN):
        do(governance, Exempt(exemption=EXEMPTION), "b", "c")
    assert do(governance, EndExemption(id="e")).exemptions == ()
    with denied(KNOWN):
        do(governance, EndExemption(id="f"))


@pytest.mark.parametrize("days", [0, -1, 91])
def test_exemption_without_a_near_end_is_denied(days: int) -> None:
    until = AT + timedelta(days=days)
    command = Exempt(exemption=msgspec.structs.replace(EXEMPTION, until=until))
    with denied(EXPIRY):
        do(Governance(), command, "b", "c")


def test_expired_exemption_is_cleared_away_by_the_next_change() -> None:
    governance = do(Governance(), Exempt(exemption=EXEMPTION), "b", "c")
    later = do(governance, Stop(operation=Operation.LOGIN), at=AT + timedelta(days=31))
    assert later.exemptions == ()


@pytest.mark.parametrize("file", ThreatFile)
def test_one_person_tightens_what_is_stated_about_threats_and_two_others_loosen_it(
    file: ThreatFile,
) -> None:
    governance = do(Governance(), Tighten(file=file, digest="one"))
    assert getattr(governance, file.value) == "one"
    for command in (Loosen(file=file), Loosen(file=file, digest="two")):
        with denied(FOUR_EYES):
            do(governance, command, "author", "b")
        assert getattr(do(governance, command, "b", "c"), file.value) == command.digest
    with denied(KNOWN):
        do(governance, Tighten(file=file, digest="one"))
    with denied(KNOWN):
        do(Governance(), Loosen(file=file), "b", "c")


def test_unknown_or_repeated_rule_set_is_denied() -> None:
    with denied(KNOWN):
        do(Governance(), move("one", Action.OBSERVE))
    with denied(KNOWN):
        draft("one", draft("one"))


def test_every_change_gives_an_event_that_chains_to_the_one_before() -> None:
    first, event = apply(Governance(), Draft(digest="one", name="one"), by="author", at=AT)
    second, next_event = apply(first, move("one", Action.OBSERVE), by="b", at=AT)
    assert (event.revision, next_event.revision) == (1, 2)
    assert next_event.before == event.after != next_event.after
    assert (next_event.by, next_event.at, next_event.approved_by) == ("b", AT, ())
    assert second.revision == 2


def test_event_names_who_approved() -> None:
    governance = do(draft("one"), move("one", Action.OBSERVE))
    command = move("one", Action.ACTIVATE)
    approvals = [
        Approval(by=each, at=AT, command=fingerprint(governance, command)) for each in "cb"
    ]
    _, event = apply(governance, command, by="author", at=AT, approvals=approvals)
    assert event.approved_by == ("b", "c")


def test_diagram_shows_the_whole_table() -> None:
    drawn = diagram()
    for (before, action), after in TABLE.items():
        line = f"    {before} --> {after}: {action}" + ("" if action in ALONE else ", 2 people")
        assert line in drawn.splitlines()
