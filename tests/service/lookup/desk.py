"""A client that is let in without a credential, and devices as the database knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.house import APP, TENANT, caller
from tests.service.served import served
from warifu.service.store.database import Statement, micros
from warifu.service.store.serials import insert_serials
from warifu.service.vault.identifiers import IdentifierKind, serial_octets, stored_forms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from litestar import Litestar
    from litestar.testing import TestClient

    from warifu.service.caller import Caller
    from warifu.service.composition import Composition


def client(
    house: Composition, who: Caller | None = None
) -> AbstractContextManager[TestClient[Litestar]]:
    """The service as one caller sees it; use it as a context."""
    asked_by = who or caller()
    return served(house, authenticate=lambda *_: asked_by)


def put_device(
    house: Composition,
    device: str,
    *,
    serials: Iterable[int] = (),
    tenant: str = TENANT,
    app: str = APP,
    platform: str = "android",
    model: str = "Xperia 10 III",
) -> None:
    """A device that has shown certificates with these serials."""
    now = house.clock()
    forms = stored_forms(
        house,
        tenant,
        [(IdentifierKind.CERTIFICATE_SERIAL.value, serial_octets(each)) for each in serials],
    )
    with house.database.write() as transaction:
        transaction.apply(
            [
                Statement(
                    sql="INSERT INTO devices"
                    " (tenant, id, app, platform, model, data_key, first_seen, last_seen)"
                    " VALUES (:tenant, :id, :app, :platform, :model, :data_key, :now, :now)",
                    values={
                        "tenant": tenant,
                        "id": device,
                        "app": app,
                        "platform": platform,
                        "model": model,
                        "data_key": house.vault.new_owner(tenant, device).wrapped,
                        "now": micros(now),
                    },
                ),
                *insert_serials(
                    tenant=tenant,
                    evidence=f"evidence-of-{device}",
                    device=device,
                    serials=forms,
                    now=now,
                ),
            ]
        )
