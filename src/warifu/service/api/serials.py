"""Certificate serials: whether they are revoked, and which devices carried them."""

from __future__ import annotations

from litestar import Controller, Response, get, post

from warifu.service.api.access import needs
from warifu.service.api.answers import tagged
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.looking_up.lookup import SerialsAnswer, SerialsRequest, look_up
from warifu.service.conduct.work import Work


class SerialController(Controller):
    """Looked up in today's revocation list and among the devices of the tenant."""

    path = "/v1/serials"
    tags = ("devices",)

    @get(
        "/{serial:str}",
        summary="Look up a certificate's serial",
        opt=needs(Scope.READ),
        responses=problems(),
        sync_to_thread=True,
    )
    def fetch(self, work: Work, serial: str) -> Response[SerialsAnswer]:
        """In hex, with or without ``0x`` or colons, or in decimal as the list writes some.

        Digits alone are read as both. A certificate is found in any spelling it may have.
        """
        return tagged(look_up(work, SerialsRequest(serials=(serial,))))

    @post(
        "/lookup",
        summary="Look up many serials",
        opt=needs(Scope.READ),
        responses=problems(),
        status_code=200,
        sync_to_thread=True,
    )
    def look_up_many(self, work: Work, data: SerialsRequest) -> SerialsAnswer:
        """Up to 1000 at once, written as for one; the answers are in the order asked."""
        return look_up(work, data)
