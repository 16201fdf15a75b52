"""A checker of certificates that shares nothing with the closure but the table of moves.

It is written to be read beside the definition and not to be fast: sets, no masks, no memory.
"""

from __future__ import annotations

from warifu.base.errors import VerifierFault
from warifu.base.rule import Rule, Text
from warifu.risk.threat.goals import GOALS
from warifu.risk.threat.moves import MOVES, Atom, Move
from warifu.risk.threat.question import Attack, Certificate, Question, Safe

MAX_STEPS = 200

_CLAUSE = "docs/decisions/0021-threat-model.md"

STEP = Rule(
    code="threat/certificate-step",
    clause=_CLAUSE,
    requires=Text(
        ja="攻撃の各手順は、表にある手順であり、その前提がそれまでに満たされていなければなりません。",
        en="Each step of an attack is a move of the table, open here, with all that it needs.",
    ),
    stops="an attack that cannot be carried out",
)
BROKEN = Rule(
    code="threat/certificate-breaks-goal",
    clause=_CLAUSE,
    requires=Text(
        ja="攻撃は、問われた目標を破るものでなければなりません。",
        en="An attack ends with what breaks the goal in question.",
    ),
    stops="an attack on something else",
)
CLOSED = Rule(
    code="threat/certificate-closed",
    clause=_CLAUSE,
    requires=Text(
        ja="安全の証明では、どの手順によっても新たなものが得られてはなりません。",
        en="No move leads out of the set that proves safety.",
    ),
    stops="a proof of safety with a move left out",
)
POWERS_INSIDE = Rule(
    code="threat/certificate-powers",
    clause=_CLAUSE,
    requires=Text(
        ja="安全の証明は、攻撃者のすべての能力を含まなければなりません。",
        en="The set that proves safety has all powers of the attacker.",
    ),
    stops="a proof of safety against a weaker attacker",
)
GOAL_OUTSIDE = Rule(
    code="threat/certificate-goal",
    clause=_CLAUSE,
    requires=Text(
        ja="安全の証明に、目標を破るものが含まれてはなりません。",
        en="The set that proves safety does not hold what breaks the goal.",
    ),
    stops="a proof of safety that is an attack",
)
RULES = (STEP, BROKEN, CLOSED, POWERS_INSIDE, GOAL_OUTSIDE)

_BY_CODE = {each.code: each for each in MOVES}


def check_certificate(question: Question, certificate: Certificate) -> None:
    """Check what proves a verdict, move by move.

    Args:
        question: What was asked.
        certificate: What is said to prove the answer.

    Raises:
        VerifierFault: It proves nothing; the rule says why.
    """
    if isinstance(certificate, Attack):
        _check_attack(question, certificate)
    else:
        _check_safe(question, certificate)


def _check_attack(question: Question, attack: Attack) -> None:
    if len(attack.steps) > MAX_STEPS:
        raise VerifierFault(STEP, f"more than {MAX_STEPS} steps")
    has: set[Atom] = set(question.powers)
    for step in attack.steps:
        move = _BY_CODE.get(step.move)
        if move is None or step.gives is not move.gives:
            raise VerifierFault(STEP, f"no such move: {step.move} gives {step.gives}")
        if not _is_open(move, question):
            raise VerifierFault(STEP, f"{step.move} is not open here")
        if not move.given <= has:
            raise VerifierFault(STEP, f"{step.move} lacks {sorted(move.given - has)}")
        has.add(move.gives)
    if GOALS[question.goal].broken_by not in has:
        raise VerifierFault(BROKEN, f"{question.goal} still holds")


def _check_safe(question: Question, safe: Safe) -> None:
    if not question.powers <= safe.closed:
        raise VerifierFault(POWERS_INSIDE, f"without {sorted(question.powers - safe.closed)}")
    if GOALS[question.goal].broken_by in safe.closed:
        raise VerifierFault(GOAL_OUTSIDE, f"{question.goal} is broken in it")
    for move in MOVES:
        inside = move.given <= safe.closed and move.gives not in safe.closed
        if inside and _is_open(move, question):
            raise VerifierFault(CLOSED, f"{move.code} gives {move.gives}")


def _is_open(move: Move, question: Question) -> bool:
    """Whether the form has this way, it is built in, and no defence closes it."""
    return (
        move.where <= question.form.traits()
        and move.needs <= question.defences
        and not move.unless & question.defences
    )
