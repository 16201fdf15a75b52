"""Devices: which there are, and which of them carry what has been revoked."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import QueryParameter

from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    Limit,
    Page,
    page,
    read_cursor,
    tagged,
)
from warifu.service.api.problems import problems
from warifu.service.caller import Scope
from warifu.service.conduct.looking_up.lookup import (
    DeviceAnswer,
    DevicesRequest,
    DeviceSummary,
    list_devices,
    see_device,
)
from warifu.service.conduct.work import Work

Filter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, required=False)]


class DeviceController(Controller):
    """What is known of devices. No serial numbers, IMEI or MEID are shown."""

    path = "/v1/devices"
    tags = ("devices",)

    @get(
        "/",
        summary="List devices",
        opt=needs(Scope.READ),
        responses=problems(409),
        sync_to_thread=True,
    )
    def list_all(
        self,
        *,
        work: Work,
        app: Filter = None,
        platform: Filter = None,
        model: Filter = None,
        revoked: bool = False,
        limit: Limit = USUAL_LIMIT,
        after: After = None,
    ) -> Page[DeviceSummary]:
        """All devices of the tenant, by descending id.

        With `revoked`, only devices that ever showed a certificate which today's revocation list
        names, in any spelling; `listed` then holds the entries.
        """
        found = list_devices(
            work,
            DevicesRequest(
                app=app,
                platform=platform,
                model=model,
                revoked=revoked,
                limit=limit,
                after=read_cursor(after),
            ),
        )
        return page(found, limit=limit, by=lambda device: device.id)

    @get(
        "/{device:str}",
        summary="Fetch a device",
        opt=needs(Scope.READ),
        responses=problems(404),
        sync_to_thread=True,
    )
    def fetch(self, work: Work, device: str) -> Response[DeviceAnswer]:
        """With its keys and its last appraisals."""
        return tagged(see_device(work, device))
