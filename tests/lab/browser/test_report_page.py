"""The threat report, opened from a file in a real browser, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import SCREENSHOTS, Viewer
from warifu.lab.threat.report import build_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LANGUAGES = ("ja", "en")
WIDE, NARROW = 1280, 360
SECTIONS = ("glance", "map", "stories", "others", "typing", "foundations", "outside", "terms")
STORY = "#r-ts-se-pin"
MOST_TABS = 60


class Reader(Viewer):
    """Somebody who reads the report."""

    def __init__(self, context: BrowserContext, pictures: Path, path: Path) -> None:
        super().__init__(context, pictures)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def open_all(self) -> None:
        """Every part that can be folded away."""
        self.page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    paths = {language: folder / f"report-{language}.html" for language in LANGUAGES}
    for language, path in paths.items():
        path.write_text(build_report(language=language, at=AT), "utf-8")
    return paths


@pytest.fixture
def read(browser: Browser, written: dict[str, Path]) -> Iterator[Callable[[str, int], Reader]]:
    """Open the report in a language and a width."""
    opened: list[BrowserContext] = []

    def make(language: str, width: int) -> Reader:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        opened.append(context)
        return Reader(context, SCREENSHOTS / language / "threat_report", written[language])

    yield make
    for context in opened:
        context.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wrong_and_nothing_is_fetched(
    read: Callable[[str, int], Reader], language: str, width: int
) -> None:
    reader = read(language, width)
    reader.picture(f"{width}-page")
    reader.find_nothing_wrong(f"{language} {width}")
    for section in SECTIONS:
        reader.picture(f"{width}-{section}", f"#{section}")
    assert reader.asked == [reader.url]


@pytest.mark.parametrize(("language", "width"), [("ja", NARROW), ("en", WIDE)])
def test_all_of_it_is_for_anybody(
    read: Callable[[str, int], Reader], language: str, width: int
) -> None:
    reader = read(language, width)
    reader.open_all()
    assert reader.accessibility() == []
    reader.find_nothing_wrong(f"{language} {width}, all open")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_cell_of_the_heat_map_says_in_words_what_it_shows(
    read: Callable[[str, int], Reader], language: str
) -> None:
    reader = read(language, WIDE)
    told = reader.page.evaluate(
        "[...document.querySelectorAll('table.heat td:has(.chips)')].map((cell) => ["
        "cell.querySelector('.hidden').textContent.trim(),"
        "cell.querySelector('.chips').getAttribute('aria-hidden'),"
        "cell.querySelectorAll('.chips .x').length])"
    )
    falls = {"ja": "破られる目標：", "en": "Falls: "}[language]
    assert len(told) >= 590
    for words, hidden, fallen in told:
        assert words
        assert hidden == "true"
        assert words.startswith(falls) == bool(fallen)
    without = reader.page.evaluate(
        "[...document.querySelectorAll('table.heat td:not(:has(.chips))')]"
        ".map((cell) => cell.textContent.trim())"
    )
    # Faults of TEEs in two forms, for each set of defences.
    assert len(without) == 9 * 2 * 4
    assert set(without) == {{"ja": "TEEなし", "en": "no TEE"}[language]}


def test_a_verdict_can_be_told_without_seeing_colour(
    read: Callable[[str, int], Reader],
) -> None:
    reader = read("ja", WIDE)
    ground = reader.page.evaluate(
        "['x', 'o'].map((name) => [...document.querySelectorAll(`table.heat .chips .${name}`)]"
        ".map((each) => each.querySelector('b').textContent"
        " + getComputedStyle(each).backgroundImage.slice(0, 9)))"
    )
    fallen, held = (set(each) for each in ground)
    assert fallen == {"×repeating"}
    assert held == {"○none"}
    reader.session.send("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    reader.picture("without-colour", "#glance")


def test_stories_open_by_keyboard(read: Callable[[str, int], Reader]) -> None:
    reader = read("ja", WIDE)
    page = reader.page
    page.locator("#stories summary").first.evaluate("(e) => e.scrollIntoView()")
    page.locator("#map details:last-of-type > summary").focus()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#stories summary')"):
            break
    width = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
    assert page.evaluate(width) >= 2
    assert not page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Space")
    assert not page.evaluate("document.activeElement.parentElement.open")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cell_at_a_glance_leads_to_its_story(
    read: Callable[[str, int], Reader], language: str
) -> None:
    reader = read(language, WIDE)
    assert not reader.page.locator(STORY).is_visible()
    reader.page.locator(f"a[href='{STORY}']").focus()
    reader.page.keyboard.press("Enter")
    reader.page.locator(STORY).wait_for(state="visible")
    assert reader.page.locator(f"{STORY} svg[role=img]").is_visible()
    reader.picture("story", f"details:has({STORY})")


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_shows_what_is_folded_away(read: Callable[[str, int], Reader], language: str) -> None:
    reader = read(language, WIDE)
    reader.page.emulate_media(media="print")
    assert reader.page.locator(STORY).is_visible()
    assert not reader.page.locator("nav.contents").is_visible()
