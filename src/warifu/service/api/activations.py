"""/v1/activations: a device of a user, from a signed code to a key that both sides have seen."""

from __future__ import annotations

from functools import partial

from litestar import Controller, Response, get, post

from warifu.service.api.access import needs
from warifu.service.api.answers import tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.binding.activating import (
    ActivationAnswer,
    ActivationRequest,
    ActivationSeen,
    CommitmentAnswer,
    CommitmentRequest,
    activate,
    cancel_activation,
    reject_activation,
    see_activation,
    take,
)
from warifu.service.conduct.binding.confirming import ConfirmAnswer, ConfirmRequest, confirm_digits
from warifu.service.conduct.binding.proving import ProofAnswer, ProofRequest, prove_device
from warifu.service.conduct.work import Work

_step = partial(post, opt=needs(Scope.ENROL), status_code=200, sync_to_thread=True)


class ActivationController(Controller):
    """Activations."""

    path = "/v1/activations"
    tags = ("activations",)

    @post(opt=needs(Scope.ENROL), responses=problems(404), sync_to_thread=True)
    def begin(self, work: Work, data: ActivationRequest) -> ActivationAnswer:
        """Begin the activation of a device of a user.

        Show the code to the user in a channel that knows who they are. The app checks our signature
        on it before it sends anything.
        """
        return activate(work, data)

    @get(
        "/{activation:str}",
        opt=needs(Scope.ENROL),
        responses=problems(404),
        sync_to_thread=True,
    )
    def see(self, work: Work, activation: str) -> Response[ActivationSeen]:
        """How far an activation has come."""
        return tagged(see_activation(work, activation))

    @_step("/{activation:str}/commitment", responses=problems(404, 409, 422))
    def commit(self, work: Work, activation: str, data: CommitmentRequest) -> CommitmentAnswer:
        """Take the device's commitment, and tell it the server's nonce.

        There is one commitment for an activation. The same one again gets the same answer.
        """
        return take(work, activation, data)

    @_step("/{activation:str}/proof", responses=problems(404, 409, 422))
    def prove(self, work: Work, activation: str, data: ProofRequest) -> ProofAnswer:
        """Take the device's nonce and its evidence; each proof spends a try.

        Evidence that fails is not an error: `verdict` and `reasons` say what is wrong. The digits
        are for a channel of the bank that does not lead through the device. Never send them to it.
        """
        return prove_device(work, activation, data)

    @_step("/{activation:str}/confirm", responses=problems(403, 404, 409, 422))
    def confirm(self, work: Work, activation: str, data: ConfirmRequest) -> ConfirmAnswer:
        """Compare the digits that one side shows; each comparison spends a try.

        After the second side the device is bound. What stops a man in the middle is the comparison
        on the bank's side: let the user type the phone's digits there.
        """
        return confirm_digits(work, activation, data)

    @_step("/{activation:str}/reject", responses=problems(404, 409, 422))
    def reject(self, work: Work, activation: str) -> ActivationSeen:
        """The user says that the digits differ. Treat it as an alarm."""
        return reject_activation(work, activation)

    @_step("/{activation:str}/cancel", responses=problems(404, 409, 422))
    def cancel(self, work: Work, activation: str) -> ActivationSeen:
        """Take a code back."""
        return cancel_activation(work, activation)
