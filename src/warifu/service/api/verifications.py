"""/v1/verifications: who is there, by the word of a bound terminal."""

from __future__ import annotations

from litestar import Controller, post

from warifu.service.api.access import needs
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.verifying.passkeys import VerificationRequest, verify_user
from warifu.service.conduct.verifying.questions import CeremonyAnswer, CeremonyRequest, ask_user
from warifu.service.conduct.verifying.remembering import VerificationAnswer
from warifu.service.conduct.work import Work


class VerificationController(Controller):
    """Verifications of users."""

    path = "/v1/verifications"
    tags = ("users",)

    @post(
        "/challenges",
        summary="Ask a user",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404),
        sync_to_thread=True,
    )
    def ask(self, work: Work, data: CeremonyRequest) -> CeremonyAnswer:
        """A challenge for one user on one device: to verify, to set a PIN, or for a session.

        The device puts the context together from these parts, the user and its own name, and signs
        or encrypts under it. The same `app`, `operation`, `user`, `device`, `context` and
        `channel` must be given with the answer. The challenge is told here only.
        """
        return ask_user(work, data)

    @post(
        summary="Verify a user",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404, 409, 422),
        sync_to_thread=True,
    )
    def verify(self, work: Work, data: VerificationRequest) -> VerificationAnswer:
        """By a passkey, or by a statement that a platform key signed.

        It counts only from a key that is bound to this user and device, active and attested. It is
        remembered for this device and for a time, by the class of the operation.
        """
        return verify_user(work, data)
