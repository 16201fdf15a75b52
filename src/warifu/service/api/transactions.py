"""/v1/transactions: what a person is asked to confirm, and what they answered."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import QueryParameter

from warifu.authentication.transaction.states import State
from warifu.service.api.access import needs
from warifu.service.api.answers import USUAL_LIMIT, After, Limit, Page, page, read_cursor, tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.confirming.answering import answer
from warifu.service.conduct.confirming.asked import (
    AnswerRequest,
    CancelRequest,
    ClaimRequest,
    TransactionRequest,
)
from warifu.service.conduct.confirming.asking import ask, list_transactions, see
from warifu.service.conduct.confirming.cancelling import cancel
from warifu.service.conduct.confirming.claiming import claim
from warifu.service.conduct.confirming.told import OutcomeTold, TransactionTold
from warifu.service.conduct.work import Work

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]

Standing = Annotated[
    State | None, QueryParameter(name="state", required=False, description="Where they stand.")
]


class TransactionController(Controller):
    """Transactions to be confirmed."""

    path = "/v1/transactions"
    tags = ("transactions",)

    @post(opt=needs(Scope.CONFIRM), responses=problems(404, 409, 422), sync_to_thread=True)
    def ask(self, work: Work, data: TransactionRequest) -> TransactionTold:
        """Ask a person to confirm a transaction.

        Hand `transaction` to the app: it holds the text that is shown, and an answer signs its
        SHA-256. With `device` it is asked at once; without, `claim` is for the screen, and one of
        the user's devices claims it. Pass `flags` on as well: they say how the app asks.
        """
        return ask(work, data)

    @get(opt=needs(Scope.READ), sync_to_thread=True)
    def list(
        self,
        work: Work,
        *,
        user: Filter = None,
        device: Filter = None,
        standing: Standing = None,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[TransactionTold]:
        """Transactions, newest first.

        `state` is as it was written: what nobody answered in time is found as `asked` until
        somebody tries to.
        """
        found = list_transactions(
            work,
            user=user,
            device=device,
            state=standing,
            after=read_cursor(after),
            limit=limit + 1,
        )
        return page(found, limit=limit, by=lambda each: each.id)

    @get(
        "/{transaction_id:str}",
        opt=needs(Scope.READ),
        responses=problems(404),
        sync_to_thread=True,
    )
    def see(self, work: Work, transaction_id: str) -> Response[TransactionTold]:
        """A transaction as it stands, with the answers that came too late."""
        return tagged(see(work, transaction_id))

    @post(
        "/{transaction_id:str}/claim",
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def claim(self, work: Work, transaction_id: str, data: ClaimRequest) -> TransactionTold:
        """Give a transaction to the device that read the link, while it is on the screen.

        A wrong `code` costs a try, a wrong `claim` does not.
        """
        return claim(work, transaction_id, data)

    @post(
        "/{transaction_id:str}/answer",
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def answer(self, work: Work, transaction_id: str, data: AnswerRequest) -> OutcomeTold:
        """Pass on what the device answered; it comes to one outcome.

        The decision is made again, and limits are reserved, in the commit of the outcome. The same
        proof sent again is told the same outcome; any other answer after it is recorded and
        refused.
        """
        return answer(work, transaction_id, data)

    @post(
        "/{transaction_id:str}/cancel",
        status_code=200,
        opt=needs(Scope.CONFIRM),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def cancel(self, work: Work, transaction_id: str, data: CancelRequest) -> TransactionTold:
        """Take a transaction back, until it is handed off."""
        return cancel(work, transaction_id, data)
