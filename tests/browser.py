"""A real Chromium, and somebody who looks at pages with it. No page is left unlooked at."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

SCREENSHOTS = Path(__file__).parents[1] / "build" / "screenshots"

_CHROMIUM = shutil.which("chromium")
_ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--lang=ja")
_SECONDS = 20
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; none is ever downloaded."""
    if _CHROMIUM is None:
        pytest.skip("no chromium on this machine: no page was looked at")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - starts a driver

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        yield found
        found.close()


class Viewer:
    """Somebody before a browser."""

    def __init__(self, context: BrowserContext, pictures: Path) -> None:
        """Open a window."""
        self.pictures = pictures
        self.complaints: list[str] = []
        context.add_init_script(_WATCH)
        self.page: Page = context.new_page()
        # One for everything: closing another would take the authenticator out.
        self.session = context.new_cdp_session(self.page)
        self.page.set_default_timeout(_SECONDS * 1000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def look(self, name: str) -> None:
        """Keep a picture, and find nothing wrong with the page: for anybody, by the policy."""
        self.picture(name)
        assert self.accessibility() == [], name
        self.find_nothing_wrong(name)

    def find_nothing_wrong(self, name: str) -> None:
        """Nothing against the policy, no error, nothing wider than the window."""
        assert self.page.evaluate("window.violations") == [], name
        assert self.complaints == [], name
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name}: {wide} pixels too wide"

    def picture(self, name: str, selector: str | None = None) -> None:
        """Keep a picture of the page, or of one part of it."""
        path = self.pictures / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if selector is None:
            self.page.screenshot(path=path, full_page=True)
        else:
            self.page.locator(selector).screenshot(path=path)

    def accessibility(self) -> list[dict[str, Any]]:
        """What axe finds. It is run in the page's own world, beside its policy."""
        session = self.session
        axe = files("axe_playwright_python").joinpath("axe.min.js").read_text()
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send(
            "Page.createIsolatedWorld", {"frameId": frame, "grantUniveralAccess": False}
        )["executionContextId"]
        session.send("Runtime.evaluate", {"expression": axe, "contextId": world})
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

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)
