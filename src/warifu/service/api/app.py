"""The HTTP interface: controllers, errors, limits and headers, around one house."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.di import Provide

from warifu.service.api.activations import ActivationController
from warifu.service.api.advisories import AdvisoryController, MeasureController
from warifu.service.api.appraisals import AppraisalController
from warifu.service.api.apps import AppController
from warifu.service.api.attended import attended
from warifu.service.api.bindings import BindingController
from warifu.service.api.calls import CallController, TokenController
from warifu.service.api.cases import CaseController
from warifu.service.api.challenges import ChallengeController
from warifu.service.api.clerks import Clerks
from warifu.service.api.decisions import DecisionController
from warifu.service.api.devices import DeviceController
from warifu.service.api.erasures import ErasureController
from warifu.service.api.evidence import EvidenceController
from warifu.service.api.hand_offs import HandOffController
from warifu.service.api.health import HealthController
from warifu.service.api.keys import KeyController
from warifu.service.api.ledger import LedgerController
from warifu.service.api.middleware import observed
from warifu.service.api.openapi import Description, DocumentController, describe, encode
from warifu.service.api.pins import PinController, PinKeyController
from warifu.service.api.problems import EXCEPTION_HANDLERS
from warifu.service.api.receipts import ReceiptController
from warifu.service.api.rule_sets import GovernanceController, RuleSetController
from warifu.service.api.serials import SerialController
from warifu.service.api.transactions import TransactionController
from warifu.service.api.trust import TrustController
from warifu.service.api.verifications import VerificationController
from warifu.service.callers.authenticate import authenticate as by_credential
from warifu.service.observe.health import HealthOffice

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from litestar.controller import Controller

    from warifu.service.api.access import Authenticate
    from warifu.service.composition import Composition

    Life = Callable[[Litestar], AbstractAsyncContextManager[None]]

CONTROLLERS: list[type[Controller]] = [
    DocumentController,
    HealthController,
    ActivationController,
    AdvisoryController,
    AppController,
    AppraisalController,
    BindingController,
    CallController,
    CaseController,
    ChallengeController,
    DecisionController,
    DeviceController,
    ErasureController,
    EvidenceController,
    GovernanceController,
    HandOffController,
    KeyController,
    LedgerController,
    MeasureController,
    PinController,
    PinKeyController,
    ReceiptController,
    RuleSetController,
    SerialController,
    TransactionController,
    TokenController,
    TrustController,
    VerificationController,
]
"""Each domain's own: one import and one line each."""


def make_asgi(
    house: Composition,
    *,
    authenticate: Authenticate = by_credential,
    life: Life | None = None,
) -> Litestar:
    """The application.

    Args:
        house: What the process is made of.
        authenticate: Who calls; other than by credential in tests only.
        life: What begins and ends with the process.
    """
    office, clerks = HealthOffice(house), Clerks()
    app = Litestar(
        route_handlers=[attended(each, house, authenticate, clerks) for each in CONTROLLERS],
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "office": Provide(lambda: office, sync_to_thread=False),
            "description": Provide(description, sync_to_thread=True),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=house.settings.limits.body_bytes,
        openapi_config=None,
        lifespan=[clerks.at_work] if life is None else [life, clerks.at_work],  # last: ends first
        debug=False,
        logging_config=None,
    )
    app.asgi_handler = observed(app.asgi_handler, house.clock)
    return app


@cache
def description() -> Description:
    """The interface's own description, as it is served."""
    return encode(describe(CONTROLLERS))
