"""The checker of certificates refuses whatever proves nothing, and notices each missing move."""

from collections.abc import Iterator
from itertools import combinations, product

import msgspec
import pytest

from tests.risk.threat.builds import ALL, NONE, ORDERED, PAPER
from tests.risk.threat.conftest import TableOfMoves
from tests.support import no_statement
from warifu.base.errors import VerifierFault
from warifu.risk.threat import checking
from warifu.risk.threat.checking import MAX_STEPS, check_certificate
from warifu.risk.threat.closure import broken_goals, judge
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, R_TS_SE, RS, Judge
from warifu.risk.threat.goals import GOALS, Gain, Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.moves import MOVES, Move
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Attack, Question, Safe, Step

VICIOUS = MALWARE["vicious"].powers
TYPED_ONLY = {Defence.TYPED_ONLY_IN_TRUSTED_UI}
BROKEN = Question(form=RS, defences=PAPER, powers=VICIOUS, goal=Goal.TRANSACTION)
HOLDS = Question(form=R_TS_SE, defences=ALL, powers=VICIOUS, goal=Goal.TRANSACTION)


def attack() -> Attack:
    found = judge(BROKEN)
    assert isinstance(found, Attack)
    return found


def safe() -> Safe:
    found = judge(HOLDS)
    assert isinstance(found, Safe)
    return found


def test_good_certificates_pass() -> None:
    check_certificate(BROKEN, attack())
    check_certificate(HOLDS, safe())


class TestAttacks:
    def test_attack_without_its_first_step_is_refused(self) -> None:
        with no_statement(checking.STEP):
            check_certificate(BROKEN, Attack(steps=attack().steps[1:]))

    def test_attack_in_another_order_is_refused(self) -> None:
        with no_statement(checking.STEP):
            check_certificate(BROKEN, Attack(steps=attack().steps[::-1]))

    def test_attack_without_its_last_step_breaks_nothing(self) -> None:
        with no_statement(checking.BROKEN):
            check_certificate(BROKEN, Attack(steps=attack().steps[:-1]))

    def test_attack_of_no_steps_breaks_nothing(self) -> None:
        with no_statement(checking.BROKEN):
            check_certificate(BROKEN, Attack(steps=()))

    def test_attack_on_another_goal_is_refused(self) -> None:
        asked = msgspec.structs.replace(BROKEN, goal=Goal.ENROLMENT)
        with no_statement(checking.BROKEN):
            check_certificate(asked, attack())

    def test_invented_move_is_refused(self) -> None:
        step = Step(move="server/believes-anything", gives=Gain.FALSE_ACCEPTANCE)
        with no_statement(checking.STEP):
            check_certificate(BROKEN, Attack(steps=(step,)))

    def test_move_that_is_said_to_give_more_is_refused(self) -> None:
        first = msgspec.structs.replace(attack().steps[0], gives=Gain.FALSE_ACCEPTANCE)
        with no_statement(checking.STEP):
            check_certificate(BROKEN, Attack(steps=(first,)))

    def test_attack_by_a_weaker_attacker_is_refused(self) -> None:
        weaker = msgspec.structs.replace(BROKEN, powers=frozenset({Power.RO_DISPLAY}))
        with no_statement(checking.STEP):
            check_certificate(weaker, attack())

    def test_attack_on_a_form_without_that_way_is_refused(self) -> None:
        elsewhere = msgspec.structs.replace(BROKEN, form=R_TS_SE)
        with no_statement(checking.STEP):
            check_certificate(elsewhere, attack())

    def test_attack_through_a_way_that_a_defence_closes_is_refused(self) -> None:
        overlay = frozenset({Power.OVERLAY})
        asked = msgspec.structs.replace(BROKEN, powers=overlay)
        found = judge(asked)
        check_certificate(asked, found)
        closed = asked.defences | {Defence.OVERLAY_REFUSED}
        with no_statement(checking.STEP):
            check_certificate(msgspec.structs.replace(asked, defences=closed), found)

    def test_attack_through_trusted_ui_that_is_not_built_in_is_refused(self) -> None:
        asked = Question(
            form=R_TS_SE, defences=PAPER, powers=frozenset({Power.RO_TEE_MEM}), goal=Goal.PIN
        )
        steps = (
            Step(move="screen/trusted-ui", gives=Gain.UI_IN_TEE),
            Step(move="pin/trusted-ui-read", gives=Gain.PIN_KNOWN),
        )
        check_certificate(asked, Attack(steps=steps))
        without = asked.defences - {Defence.TRUSTED_UI}
        with no_statement(checking.STEP):
            check_certificate(msgspec.structs.replace(asked, defences=without), Attack(steps=steps))

    def test_endless_attack_is_refused_before_it_is_read(self) -> None:
        with no_statement(checking.STEP):
            check_certificate(BROKEN, Attack(steps=attack().steps[:1] * (MAX_STEPS + 1)))


class TestSafety:
    def test_safety_against_a_weaker_attacker_is_refused(self) -> None:
        with no_statement(checking.POWERS_INSIDE):
            check_certificate(HOLDS, Safe(closed=safe().closed - {Power.RW_TOUCH}))

    def test_safety_that_holds_the_broken_goal_is_refused(self) -> None:
        with no_statement(checking.GOAL_OUTSIDE):
            check_certificate(HOLDS, Safe(closed=safe().closed | {Gain.FALSE_ACCEPTANCE}))

    def test_set_that_a_move_leaves_is_refused(self) -> None:
        with no_statement(checking.CLOSED):
            check_certificate(HOLDS, Safe(closed=safe().closed - {Gain.PROMPTED}))

    def test_powers_alone_are_no_proof(self) -> None:
        with no_statement(checking.CLOSED):
            check_certificate(BROKEN, Safe(closed=BROKEN.powers))

    def test_safety_of_another_form_is_refused(self) -> None:
        elsewhere = msgspec.structs.replace(HOLDS, form=RS)
        with no_statement(checking.CLOSED):
            check_certificate(elsewhere, safe())

    def test_safety_with_a_defence_that_is_not_built_in_is_refused(self) -> None:
        without = msgspec.structs.replace(HOLDS, defences=HOLDS.defences - {Defence.TRUSTED_UI})
        with no_statement(checking.CLOSED):
            check_certificate(without, safe())

    def test_everything_is_closed_and_proves_nothing(self) -> None:
        with no_statement(checking.GOAL_OUTSIDE):
            check_certificate(HOLDS, Safe(closed=frozenset({*Power, *Gain})))


REPEATED = {"reach/operator-path-read", "approval/ta-altered"}
"""What these give, their neighbours give too; they are there for the story."""


@pytest.mark.parametrize(
    "move", [each for each in MOVES if each.code not in REPEATED], ids=lambda each: each.code
)
def test_closure_that_misses_a_move_is_found_out(move: Move, table_of_moves: TableOfMoves) -> None:
    table_of_moves(each for each in MOVES if each is not move)
    assert any(_is_refused(question) for question in _questions(move))


def _questions(move: Move) -> Iterator[Question]:
    """Questions about goals that hold where the move is open; those of few powers first."""
    own = frozenset(each for each in move.given if isinstance(each, Power))
    pairs = map(frozenset, combinations(Power, 2))
    more = [frozenset(), *(row.powers for row in MALWARE.values()), *pairs]
    forms = [form.judged_by(each) for form, each in product(FORMS.values(), Judge)]
    bases = (PAPER, ALL, ORDERED, NONE, PAPER - {Defence.ENCRYPTED_LINK}, PAPER | TYPED_ONLY)
    builds = [base - move.unless | move.needs for base in bases]
    for powers, form, build in product(more, forms, builds):
        if move.where <= form.traits():
            attacker = own | powers
            holding = set(Goal) - broken_goals(form.traits(), build, attacker)
            if holding:  # one of them will do: what proves them is the same set
                yield Question(form=form, defences=build, powers=attacker, goal=min(holding))


def _is_refused(question: Question) -> bool:
    try:
        check_certificate(question, judge(question))
    except VerifierFault as fault:
        return fault.rule is checking.CLOSED
    return False


def test_every_goal_is_broken_by_what_its_row_says() -> None:
    assert {row.broken_by for row in GOALS.values()} <= set(Gain)
