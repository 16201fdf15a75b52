"""/v1/calls and /v1/tokens: whether a request to the bank is a bound device's own."""

from __future__ import annotations

from litestar import Controller, post

from warifu.service.api.access import needs
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.verifying.calls import (
    CallAnswer,
    CallRequest,
    TokenAnswer,
    TokenRequest,
    check_call,
    issue_token,
)
from warifu.service.conduct.work import Work


class CallController(Controller):
    """Calls of devices."""

    path = "/v1/calls"
    tags = ("users",)

    @post(
        "/check",
        summary="Check a call",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def check(self, work: Work, data: CallRequest) -> CallAnswer:
        """Ordered and signed, or parallel and read-only with a token and its proof (RFC 9449).

        A call is taken once. Ordered ones go up in number, over all sessions of a device.
        """
        return check_call(work, data)


class TokenController(Controller):
    """Access tokens."""

    path = "/v1/tokens"
    tags = ("users",)

    @post(
        summary="Issue an access token",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(409),
        sync_to_thread=True,
    )
    def issue(self, work: Work, data: TokenRequest) -> TokenAnswer:
        """For a user who was verified on this device, bound to the device's key.

        The token alone is worth nothing: each use takes a proof by that key.
        """
        return issue_token(work, data)
