"""/v1/pins: PINs that are encrypted to the service, and judged by it."""

from __future__ import annotations

from litestar import Controller, get, post, put
from msgspec import Struct

from warifu.service.api.access import needs
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.challenges.asking import UserId
from warifu.service.conduct.verifying.hpke_keys import PinKeyAnswer, current_pin_key
from warifu.service.conduct.verifying.pin_records import PinSeen
from warifu.service.conduct.verifying.pin_setting import (
    ReleaseRequest,
    SetPinRequest,
    release_pin,
    set_pin,
)
from warifu.service.conduct.verifying.pins import PinAnswer, PinRequest, see_pin, verify_pin
from warifu.service.conduct.work import Work


class PinUser(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose PIN; in the body, because addresses are logged by others."""

    user: UserId


class PinKeyController(Controller):
    """Keys to which PINs are encrypted."""

    path = "/v1/pin-keys"
    tags = ("users",)

    @get(
        "/current",
        summary="Fetch the encryption key for PINs",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(503),
        sync_to_thread=True,
    )
    def current(self, work: Work) -> PinKeyAnswer:
        """Its certificate, by the long-term key that apps pin. It lives hours: fetch it each time.

        Where none lives long enough, one is made.
        """
        return current_pin_key(work)


class PinController(Controller):
    """PINs."""

    path = "/v1/pins"
    tags = ("users",)

    @put(
        summary="Set a PIN",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404, 409, 422, 423),
        sync_to_thread=True,
    )
    def set(self, work: Work, data: SetPinRequest) -> PinSeen:
        """A first PIN soon after the device was bound or after another verification for a change.

        Another PIN, just after the old one was verified for a change on the same device. The
        counter of tries stays as it is.
        """
        return set_pin(work, data)

    @post(
        "/verify",
        summary="Verify a PIN",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404, 409, 422, 423, 429),
        status_code=200,
        sync_to_thread=True,
    )
    def verify(self, work: Work, data: PinRequest) -> PinAnswer:
        """A try is spent before anything is decrypted; only the right PIN gives it back.

        A wrong PIN is no error: the answer says when the next try may be made. Send an
        Idempotency-Key, so that an answer that was lost can be had again without another try.
        """
        return verify_pin(work, data)

    @post(
        "/lookup",
        summary="Where a PIN stands",
        opt=needs(Scope.AUTHENTICATE),
        responses=problems(404),
        status_code=200,
        sync_to_thread=True,
    )
    def look_up(self, work: Work, data: PinUser) -> PinSeen:
        """Whether it is open, paced or locked; never anything of the PIN."""
        return see_pin(work, data.user)

    @post(
        "/release",
        summary="Release a PIN",
        opt=needs(Scope.ENROL),
        responses=problems(404, 409),
        status_code=200,
        sync_to_thread=True,
    )
    def release(self, work: Work, data: ReleaseRequest) -> PinSeen:
        """After the bank has identified the person otherwise: try again, or set another PIN."""
        return release_pin(work, data)
