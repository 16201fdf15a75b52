"""The axes on which ProVerif judged the paper's five forms, and how ours meet them.

640 cells were proved for any number of sessions against an attacker that owns the network. That
model takes for granted what is not its subject, so a cell of ours is refereed only where all of
that is built in: `TAKEN_FOR_GRANTED`. Two differences are spelled out by the mapping: its vicious
malware never asks the user for the PIN (ours may: the paper says it may pose as the genuine app),
and its policy 1 keeps the fake app out, which is our power to install.
"""

from __future__ import annotations

from itertools import product

from msgspec import Struct

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import R_TS_SE, R_TS_TA, RS, RS_T_SE, RS_T_TA, Form, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Question

FORMS: dict[str, Form] = {
    "rs": RS,
    "rst_ta": RS_T_TA,
    "rst_se": RS_T_SE,
    "rts_ta": R_TS_TA,
    "rts_se": R_TS_SE,
}
"""The referee's names of the forms."""

ATTACKERS: dict[str, frozenset[Power]] = {
    "none": frozenset(),
    "fake": MALWARE["fake-app"].powers,
    "vicious_ro": MALWARE["vicious-ro"].powers,
    "vicious_rw": MALWARE["vicious"].powers - MALWARE["fake-app"].powers,
}
"""The referee's malware."""

QUERIES: dict[str, Goal] = {
    "pin_secret": Goal.PIN,
    "accept_implies_user_ok": Goal.TRANSACTION,
    "injective": Goal.ONCE,
}
"""The referee's queries."""

AXES: dict[str, Defence] = {
    "tui": Defence.TRUSTED_UI,
    "se_ta_encrypted": Defence.ENCRYPTED_LINK,
    "server_channel_protected": Defence.PROTECTED_CHANNEL,
    "policy1": Defence.POLICY_1,
    "policy2": Defence.POLICY_2,
}
"""The referee's columns that are defences of ours."""

TAKEN_FOR_GRANTED = frozenset(
    {
        Defence.POLICY_3,
        Defence.TEXT_BOUND,
        Defence.ANSWER_BOUND,
        Defence.NONCE_BOUND,
        Defence.TOKEN_RESTRICTED,
        Defence.ATTESTATION_REQUIRED,
    }
)
"""What every cell of the referee has: its subject is neither enrolment nor tokens nor ordering."""


class Cell(Struct, frozen=True, kw_only=True):
    """One cell of the referee's table, by its own words."""

    form: str
    tui: bool
    se_ta_encrypted: bool
    server_channel_protected: bool
    policy1: bool
    policy2: bool
    judge: str
    malware: str


def cells() -> tuple[Cell, ...]:
    """All 640 cells: no Trusted UI without a TEE, and the link matters where it carries the UI."""
    shapes = (
        (form, tui, link)
        for form in FORMS
        for tui in ((False, True) if FORMS[form].can_have_trusted_ui else (False,))
        for link in ((False, True) if form == "rst_se" and tui else (True,))
    )
    switches = product((False, True), repeat=3)
    return tuple(
        Cell(
            form=form,
            tui=tui,
            se_ta_encrypted=link,
            server_channel_protected=channel,
            policy1=policy1,
            policy2=policy2,
            judge=judge,
            malware=malware,
        )
        for (form, tui, link), (channel, policy1, policy2), judge, malware in product(
            shapes, switches, ("server", "terminal"), ATTACKERS
        )
    )


def question_of(cell: Cell, goal: Goal) -> Question:
    """The same question in our words.

    Args:
        cell: A cell of the referee's table.
        goal: One of `QUERIES`.
    """
    chosen = {defence for axis, defence in AXES.items() if getattr(cell, axis)}
    return Question(
        form=FORMS[cell.form].judged_by(Judge(cell.judge)),
        defences=TAKEN_FOR_GRANTED | chosen,
        powers=ATTACKERS[cell.malware],
        goal=goal,
    )


def is_refereed(question: Question) -> bool:
    """Whether the referee judged this very question."""
    return (
        question.goal in _GOALS
        and question.powers in _POWERS
        and question.defences - _AXES == TAKEN_FOR_GRANTED
        and question.form.name in _NAMES
        and (question.form.can_have_trusted_ui or Defence.TRUSTED_UI not in question.defences)
        and (
            Defence.ENCRYPTED_LINK in question.defences
            or (question.form.name == RS_T_SE.name and Defence.TRUSTED_UI in question.defences)
        )
    )


_AXES = frozenset(AXES.values())
_GOALS = frozenset(QUERIES.values())
_POWERS = frozenset(ATTACKERS.values())
_NAMES = frozenset(each.name for each in FORMS.values())
