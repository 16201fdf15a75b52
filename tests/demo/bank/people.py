"""People who use the demo bank: what they press, and what they see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Download

    from warifu.demo.bank.serving import Open

SECONDS = 20


class Person(Viewer):
    """Somebody who uses the bank."""

    def __init__(self, context: BrowserContext, bank: Open, pictures: Path) -> None:
        """Open a window."""
        super().__init__(context, pictures)
        self.bank = bank

    def go(self, path: str) -> None:
        """Open a page of the bank."""
        url = path if path.startswith("http") else f"{self.bank.origin}{path}"
        self.page.goto(url)

    def press(self, selector: str) -> None:
        """Press what is there."""
        self.page.click(selector)

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page says so."""
        self.page.get_by_text(text).first.wait_for()


class Phone(Person):
    """A customer with a phone that holds passkeys."""

    def __init__(self, context: BrowserContext, bank: Open, pictures: Path) -> None:
        """Put an authenticator in."""
        super().__init__(context, bank, pictures)
        self.session.send("WebAuthn.enable", {"enableUI": False})
        self.authenticator: str = self.session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )["authenticatorId"]

    def verify_user(self, *, works: bool) -> None:
        """Whether the finger on the sensor is the owner's."""
        self.session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator, "isUserVerified": works},
        )

    def enter_code(self, code: str) -> None:
        """Begin to enrol."""
        self.go("/enrol")
        self.page.fill("#code", code)
        self.press("#enrol button")

    def enrol_with(self, clerk: Clerk, code: str) -> None:
        """All steps after the code."""
        self.enter_code(code)
        digits = self.digits()
        clerk.page.wait_for_selector("input#digits")
        clerk.compare(digits)
        self.press("#same")
        self.page.wait_for_selector("#done:not([hidden])")

    def credentials(self) -> dict[str, Any]:
        """What the authenticator holds, by id in base64url."""
        asked = {"authenticatorId": self.authenticator}
        held = self.session.send("WebAuthn.getCredentials", asked)["credentials"]
        names = (each["credentialId"].rstrip("=") for each in held)
        plain = (name.replace("+", "-").replace("/", "_") for name in names)
        return dict(zip(plain, held, strict=True))

    def digits(self) -> str:
        """What the phone shows."""
        self.page.wait_for_selector("#compare:not([hidden])")
        return self.page.inner_text("#digits")

    def log_in(self) -> None:
        """With the passkey."""
        self.go("/")
        self.press("#login")
        self.page.wait_for_url("**/home")

    def ask_transfer(self, amount: str = "10000", payee: int = 0) -> None:
        """Fill in a transfer to somebody known, up to what is to be approved."""
        self.go(f"/transfer?payee={payee}")
        self.press("main form .primary")
        self.page.fill("#amount", amount)
        self.press("main form .primary")
        self.page.wait_for_selector("#digest:not(:empty)")

    def approve(self) -> None:
        """OK."""
        self.press("#ok")
        self.page.wait_for_selector(".result")

    def refuse(self, reason: int) -> None:
        """NG, and why."""
        self.press("#ng")
        self.press(f"[data-reason='{reason}']")
        self.page.wait_for_selector(".result")

    def until_recorded(self) -> None:
        """Wait for the ledger, as a person would: by looking again."""
        for _ in range(SECONDS * 2):
            if self.page.locator("main .alert.good").count():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()
        raise AssertionError("the receipt is still pending")

    def download(self, selector: str) -> Download:
        """Get a file."""
        with self.page.expect_download() as coming:
            self.press(selector)
        return coming.value


class Clerk(Person):
    """A clerk at the desk."""

    def __init__(self, context: BrowserContext, bank: Open, pictures: Path) -> None:
        """Sign in."""
        super().__init__(context, bank, pictures)
        self.go(bank.clerk)

    def issue_code(self, user: str) -> str:
        """For a customer at the counter."""
        self.go("/desk")
        self.press(f"section:has(#c-{user}) .row form button")
        return self.page.inner_text("#code").strip()

    def compare(self, digits: str) -> None:
        """Type the digits that the customer read out."""
        self.page.fill("#digits", digits)
        self.press("form:has(#digits) button")


def enrol(phone: Phone, clerk: Clerk, user: str) -> None:
    """All of it, without looking."""
    phone.enrol_with(clerk, clerk.issue_code(user))
