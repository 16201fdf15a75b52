"""The demo bank, open for business, and browsers in which people use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import SCREENSHOTS
from tests.demo.bank.people import Clerk, Phone
from warifu.demo.bank.books import CUSTOMERS, Books
from warifu.demo.bank.serving import bank as open_bank
from warifu.demo.server import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from warifu.demo.bank.serving import Open


@pytest.fixture(scope="session")
def bank(browser: Browser) -> Iterator[Open]:
    with open_bank(free_port()) as opened:
        yield opened


@pytest.fixture
def people(
    browser: Browser, bank: Open, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], tuple[Phone, Clerk]]]:
    """A phone with an authenticator, and a clerk, in a language."""
    opened: list[BrowserContext] = []
    name = request.node.name.partition("[")[0].removeprefix("test_")

    def make(language: str) -> tuple[Phone, Clerk]:
        locale = {"ja": "ja-JP", "en": "en-GB"}[language]
        pictures = SCREENSHOTS / language / name
        phone_context = browser.new_context(
            locale=locale,
            viewport={"width": 390, "height": 844},
            device_scale_factor=2,
            has_touch=True,
            is_mobile=True,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        desk_context = browser.new_context(
            locale=locale, viewport={"width": 900, "height": 900}, reduced_motion="reduce"
        )
        opened.extend((phone_context, desk_context))
        return Phone(phone_context, bank, pictures), Clerk(desk_context, bank, pictures)

    yield make
    for context in opened:
        context.close()
    _clear(bank)


@pytest.fixture(params=["ja", "en"])
def both(
    request: pytest.FixtureRequest, people: Callable[[str], tuple[Phone, Clerk]]
) -> tuple[Phone, Clerk]:
    """A phone and a clerk, once in each language."""
    return people(request.param)


def _clear(bank: Open) -> None:
    """Leave nothing for the next test: no devices, no cases, and all the money there was."""
    warifu = bank.state.warifu
    for case in warifu.get("/v1/cases?open=true&limit=100")["items"]:
        warifu.ask("POST", f"/v1/cases/{case['id']}/close", {"note": "end of a test"})
    for user in CUSTOMERS:
        for binding in warifu.get(f"/v1/bindings?user={user}&limit=100")["items"]:
            body = {"by": "clerk", "reason": "end of a test"}
            warifu.ask("POST", f"/v1/bindings/{binding['id']}/revoke", body)
    bank.state.books = Books()
