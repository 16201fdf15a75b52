"""Refusing: the bound key is enough, and no limit, hold or rule set is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.service.conduct.committing import commit
from warifu.service.conduct.confirming.outcomes import (
    Conclusion,
    audited,
    conclusion,
    outcome_told,
)

if TYPE_CHECKING:
    from warifu.authentication.transaction.states import State
    from warifu.service.conduct.confirming.outcomes import Answered
    from warifu.service.conduct.confirming.told import OutcomeTold
    from warifu.service.conduct.work import Work


def refuse(work: Work, answered: Answered, *, state: State) -> OutcomeTold:
    """An NG by somebody who changed their mind, or saw that the details are wrong.

    Raises:
        Denied: ``confirming/moved``.
    """
    ended = Conclusion(state=state)
    answer = outcome_told(answered, ended)
    commit(
        work,
        conclusion(work, answered, ended),
        answer=answer,
        device=answered.bound.stored.device,
        audit=[audited(answered, ended)],
        owner=answered.held.owner,
    )
    return answer
