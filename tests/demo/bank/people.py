"""People who use the demo bank: what they press, and what they see. No page is left unlooked at."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Download, Page

    from warifu.demo.bank.serving import Open

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
SECONDS = 20
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


class Person:
    """Somebody before a browser."""

    def __init__(self, context: BrowserContext, bank: Open, pictures: Path) -> None:
        """Open a window."""
        self.bank = bank
        self.pictures = pictures
        self.complaints: list[str] = []
        context.add_init_script(WATCH)
        self.page: Page = context.new_page()
        # One for everything: closing another would take the authenticator out.
        self.session = context.new_cdp_session(self.page)
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

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

    def look(self, name: str) -> None:
        """Keep a picture, and find nothing wrong with the page: for anybody, by the policy."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
        assert self.accessibility() == [], name
        assert self.page.evaluate("window.violations") == [], name
        assert self.complaints == [], name
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name}: {wide} pixels too wide"

    def accessibility(self) -> list[dict[str, Any]]:
        """What axe finds. It is run in the page's own world, beside its policy."""
        session = self.session
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send(
            "Page.createIsolatedWorld", {"frameId": frame, "grantUniveralAccess": False}
        )["executionContextId"]
        session.send("Runtime.evaluate", {"expression": AXE, "contextId": world})
        asked = {
            "expression": "axe.run(document, {resultTypes: ['violations']}).then((r) => "
            "JSON.stringify(r.violations.map((v) => ({id: v.id, help: v.help, "
            "nodes: v.nodes.map((n) => n.html)}))))",
            "contextId": world,
            "awaitPromise": True,
            "returnByValue": True,
        }
        answer = session.send("Runtime.evaluate", asked)
        found: list[dict[str, Any]] = json.loads(answer["result"]["value"])
        return found

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)


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
