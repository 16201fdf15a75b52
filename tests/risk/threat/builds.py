"""Sets of defences by name, and short ways to ask what falls."""

from collections.abc import Iterable

from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Form, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power
from warifu.risk.threat.referee import TAKEN_FOR_GRANTED

NONE: frozenset[Defence] = frozenset()
ALL = frozenset(Defence)
ORDERED = TAKEN_FOR_GRANTED
"""What the paper and the referee take for granted; no policy 1, no policy 2."""
PAPER = ORDERED | {
    *(Defence.POLICY_1, Defence.POLICY_2, Defence.TRUSTED_UI),
    *(Defence.ENCRYPTED_LINK, Defence.PROTECTED_CHANNEL),
}
"""All that the paper asks for."""


def fallen(
    form: Form,
    attacker: str | Iterable[Power],
    defences: Iterable[Defence] = ORDERED,
    judge: Judge = Judge.SERVER,
) -> frozenset[Goal]:
    """The goals that fall to malware by its name, or to powers."""
    powers = MALWARE[attacker].powers if isinstance(attacker, str) else frozenset(attacker)
    return broken_goals(form.judged_by(judge).traits(), frozenset(defences), powers)
