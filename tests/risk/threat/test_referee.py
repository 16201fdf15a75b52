"""No verdict of ours differs from what ProVerif proved, and each of its known facts comes out."""

from collections import Counter
from enum import StrEnum
from itertools import product
from pathlib import Path

import msgspec
import pytest

from tests.risk.threat.conftest import TableOfMoves
from tests.risk.threat.published import published_rows
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE, RS, RS_T_SE, SIM_ONLY, Judge, Trait
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Basis, Safe
from warifu.risk.threat.referee import (
    AXES,
    QUERIES,
    TAKEN_FOR_GRANTED,
    Cell,
    cells,
    is_refereed,
    question_of,
)
from warifu.risk.threat.verdict import answer

PUBLISHED = 419
BOTH = frozenset({Goal.PIN, Goal.TRANSACTION})
TOTALS = {
    frozenset[Goal](): 244,
    frozenset({Goal.PIN}): 104,
    frozenset({Goal.TRANSACTION}): 92,
    BOTH: 200,
}
"""How many of the 640 cells lose what, as the referee counted them."""


def lost(cell: Cell) -> frozenset[Goal]:
    return frozenset(goal for goal in BOTH if not answer(question_of(cell, goal)).holds)


def disagreements(vectors: Path) -> list[tuple[Cell, Goal]]:
    return [
        (row.cell, goal)
        for row in published_rows(vectors)
        for goal, holds in row.holds.items()
        if answer(question_of(row.cell, goal)).holds is not holds
    ]


def test_not_one_published_row_disagrees(vectors: Path) -> None:
    assert disagreements(vectors) == []


def test_published_rows_are_419_different_cells_of_ours(vectors: Path) -> None:
    published = [row.cell for row in published_rows(vectors)]
    assert len(published) == len(set(published)) == PUBLISHED
    assert set(published) <= set(cells())


def test_totals_over_all_cells_are_those_of_the_referee() -> None:
    assert len(set(cells())) == sum(TOTALS.values())
    assert Counter(map(lost, cells())) == TOTALS


def test_every_certificate_of_the_referees_axes_is_good() -> None:
    for cell, goal in product(cells(), QUERIES.values()):
        verdict = answer(question_of(cell, goal))
        check_certificate(verdict.question, verdict.certificate)


DECIDING = (
    *("screen/no-tee", "screen/no-trusted-ui", "screen/over-clear-link"),
    *("pin/link-read", "pin/sent-read", "pin/fake-app", "pin/typed-anywhere"),
    *("approval/link-altered", "terminal/pin-suffices", "terminal/any-terminal-says-ok"),
    *("server/accepts-approval", "server/accepts-terminal", "server/accepted-without-approval"),
)
"""Moves that have no second way beside them on the referee's axes."""

CONDITIONS: tuple[tuple[str, str, StrEnum], ...] = (
    ("screen/no-tee", "where", Trait.NO_TEE),
    ("screen/no-trusted-ui", "unless", Defence.TRUSTED_UI),
    ("screen/over-clear-link", "unless", Defence.ENCRYPTED_LINK),
    ("pin/sent-read", "unless", Defence.PROTECTED_CHANNEL),
    ("pin/sent-read", "where", Trait.SERVER_JUDGES),
    ("pin/app-authenticates", "unless", Defence.POLICY_3),
    ("pin/fake-app", "unless", Defence.POLICY_1),
    ("approval/app-decides", "unless", Defence.POLICY_3),
    ("approval/text-swapped", "unless", Defence.TEXT_BOUND),
    ("terminal/pin-suffices", "unless", Defence.POLICY_2),
    ("terminal/any-terminal-says-ok", "unless", Defence.POLICY_2),
    ("terminal/any-terminal-says-ok", "where", Trait.TERMINAL_JUDGES),
    ("terminal/token-alone", "unless", Defence.TOKEN_RESTRICTED),
    ("server/answer-turned", "unless", Defence.ANSWER_BOUND),
    ("server/sent-again-from-phone", "unless", Defence.NONCE_BOUND),
    ("enrolment/key-substituted", "unless", Defence.ATTESTATION_REQUIRED),
)
"""Move, column, and what stands in it: without it a move is open where it must not be."""


@pytest.mark.parametrize("code", DECIDING)
def test_a_move_left_out_of_the_table_is_noticed_by_the_referee(
    code: str, vectors: Path, table_of_moves: TableOfMoves
) -> None:
    table_of_moves(each for each in MOVES if each.code != code)
    assert disagreements(vectors)


@pytest.mark.parametrize(("code", "column", "condition"), CONDITIONS)
def test_a_condition_left_out_of_a_move_is_noticed_by_the_referee(
    code: str, column: str, condition: StrEnum, vectors: Path, table_of_moves: TableOfMoves
) -> None:
    table_of_moves(
        msgspec.structs.replace(each, **{column: getattr(each, column) - {condition}})
        if each.code == code
        else each
        for each in MOVES
    )
    assert disagreements(vectors)


class TestFacts:
    """Facts that the referee's page says a right engine must reproduce."""

    def test_terminal_judging_without_policy_2_is_broken_without_malware(self) -> None:
        for cell in cells():
            if cell.malware == "none":
                expected = cell.judge == "terminal" and not cell.policy2
                assert (Goal.TRANSACTION in lost(cell)) is expected

    def test_fake_app_under_policy_2_gets_the_pin_and_no_acceptance(self) -> None:
        for cell in cells():
            if cell.malware == "fake" and cell.policy2:
                assert Goal.TRANSACTION not in lost(cell)
                assert (Goal.PIN in lost(cell)) is not cell.policy1

    def test_no_rs_survives_vicious_malware(self) -> None:
        rs = [each for each in cells() if each.form == "rs" and each.malware == "vicious_rw"]
        assert {lost(each) for each in rs} == {BOTH}

    def test_all_survivors_of_vicious_malware_have_trusted_ui(self) -> None:
        survivors = [each for each in cells() if each.malware == "vicious_rw" and not lost(each)]
        assert survivors
        assert all(each.tui for each in survivors)

    def test_policies_1_and_2_leave_acceptance_in_16_of_40_cells_to_vicious_malware(self) -> None:
        asked = [each for each in cells() if each.malware == "vicious_rw"]
        asked = [each for each in asked if each.policy1 and each.policy2]
        kept = [each for each in asked if Goal.TRANSACTION not in lost(each)]
        assert (len(kept), len(asked)) == (16, 40)
        assert sum(not lost(each) for each in kept) == 12  # the others send the PIN in clear

    def test_clear_link_between_se_and_ta_loses_to_vicious_malware(self) -> None:
        for cell in cells():
            if cell.malware == "vicious_rw" and cell.tui and not cell.se_ta_encrypted:
                assert lost(cell) == BOTH

    def test_acceptance_survives_an_open_channel_but_a_pin_sent_through_it_leaks(self) -> None:
        for cell in cells():
            secure = cell.tui and cell.se_ta_encrypted and cell.policy2
            if cell.malware == "vicious_rw" and secure and not cell.server_channel_protected:
                assert lost(cell) == ({Goal.PIN} if cell.judge == "server" else set())

    def test_read_only_malware_never_breaks_acceptance_under_policy_2(self) -> None:
        for cell in cells():
            if cell.malware == "vicious_ro" and cell.policy2:
                assert Goal.TRANSACTION not in lost(cell)


class TestMapping:
    """A verdict says that it is refereed exactly where the referee had the same question."""

    def test_each_cell_is_refereed_for_each_query(self) -> None:
        for cell, goal in product(cells(), QUERIES.values()):
            assert Basis.REFEREE in answer(question_of(cell, goal)).rests_on

    def test_different_cells_are_different_questions(self) -> None:
        assert len({question_of(cell, Goal.PIN) for cell in cells()}) == len(cells())

    @pytest.mark.parametrize("missing", sorted(TAKEN_FOR_GRANTED))
    def test_without_what_the_referee_takes_for_granted_nothing_is_refereed(
        self, missing: Defence
    ) -> None:
        question = question_of(cells()[0], Goal.PIN)
        fewer = msgspec.structs.replace(question, defences=question.defences - {missing})
        assert not is_refereed(fewer)

    @pytest.mark.parametrize(
        ("changed", "value"),
        [
            ("goal", Goal.ENROLMENT),
            ("powers", frozenset({Power.RO_TEE_MEM})),
            ("form", SIM_ONLY),
        ],
    )
    def test_what_the_referee_never_saw_is_not_refereed(self, changed: str, value: object) -> None:
        question = question_of(cells()[0], Goal.PIN)
        assert is_refereed(question)
        assert not is_refereed(msgspec.structs.replace(question, **{changed: value}))

    def test_a_defence_that_is_no_axis_is_not_refereed(self) -> None:
        question = question_of(cells()[0], Goal.PIN)
        more = question.defences | {Defence.TYPED_ONLY_IN_TRUSTED_UI}
        assert not is_refereed(msgspec.structs.replace(question, defences=more))

    def test_trusted_ui_without_a_tee_is_not_refereed(self) -> None:
        question = question_of(cells()[0], Goal.PIN)
        assert question.form == RS
        with_tui = question.defences | {Defence.TRUSTED_UI}
        assert not is_refereed(msgspec.structs.replace(question, defences=with_tui))

    def test_the_link_is_an_axis_only_where_it_carries_the_screen(self) -> None:
        axes = frozenset({*TAKEN_FOR_GRANTED, Defence.TRUSTED_UI})
        question = msgspec.structs.replace(question_of(cells()[0], Goal.PIN), defences=axes)
        assert is_refereed(msgspec.structs.replace(question, form=RS_T_SE))
        assert not is_refereed(msgspec.structs.replace(question, form=R_TS_SE))

    def test_judge_and_axes_of_a_cell_reach_the_question(self) -> None:
        for cell in cells():
            question = question_of(cell, Goal.PIN)
            assert question.form.judge is Judge(cell.judge)
            for axis, defence in AXES.items():
                assert (defence in question.defences) is getattr(cell, axis)

    def test_safe_cells_say_all_that_the_attacker_can_have(self) -> None:
        certificate = answer(question_of(cells()[0], Goal.PIN)).certificate
        assert isinstance(certificate, Safe)
