"""The report as a file: self-contained, the same again, and saying what the model says."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from warifu.authentication.transaction.value import Language
from warifu.lab.threat.profiles import PROFILES
from warifu.lab.threat.report import build_report, page, words
from warifu.lab.threat.report.foundations import refereed_totals
from warifu.lab.threat.report.grid import changes, judge_all
from warifu.lab.threat.report.outside import OUTSIDE
from warifu.lab.threat.report.stories import tell_shared
from warifu.risk.threat.defences import DEFENCES, Defence
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.malware import MALWARE, Kind
from warifu.risk.threat.powers import POWERS

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MAX_BYTES = 2 << 20
VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [found for _, attributes in self.tags if (found := attributes.get(attribute))]


@pytest.fixture(scope="module", params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    return Language(request.param)


@pytest.fixture(scope="module")
def html(language: Language) -> str:
    return build_report(language=language, at=AT)


@pytest.fixture(scope="module")
def parsed(html: str) -> Page:
    return Page(html)


def test_the_page_needs_nothing_beside_itself(html: str, parsed: Page) -> None:
    names = {tag for tag, _ in parsed.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not parsed.all("src")
    assert all(each.startswith("#") for each in parsed.all("href"))
    assert not [name for _, attributes in parsed.tags for name in attributes if name[:2] == "on"]
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_forbids_itself_everything_but_its_style(parsed: Page) -> None:
    policies = [
        attributes["content"]
        for tag, attributes in parsed.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [page.POLICY]
    assert page.POLICY.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src" not in page.POLICY


def test_every_element_is_closed_and_every_link_leads_somewhere(parsed: Page) -> None:
    assert parsed.open == []
    names = parsed.all("id")
    assert len(names) == len(set(names))
    assert {each[1:] for each in parsed.all("href")} <= set(names)
    referred = [name for each in parsed.all("aria-labelledby") for name in each.split()]
    assert set(referred) <= set(names)


def test_the_page_is_not_too_large(html: str) -> None:
    assert len(html.encode()) <= MAX_BYTES


def test_the_page_speaks_one_language(language: Language, parsed: Page) -> None:
    assert parsed.tags[0] == ("html", {"lang": language.value})
    japanese = re.search(r"[ぁ-ん]", parsed.text)
    assert (japanese is not None) is (language is Language.JA)


def test_every_form_goal_attacker_power_and_defence_is_explained(
    language: Language, parsed: Page
) -> None:
    spoken = parsed.text.casefold()
    rows = (
        *(each.title for each in FORMS.values()),
        *(each.holds for each in GOALS.values()),
        *(each.title for each in MALWARE.values()),
        *(each.means for each in POWERS.values()),
        *(each.does for each in DEFENCES.values()),
        *(each.means for each in PROFILES.values()),
        *(each.why for each in OUTSIDE),
    )
    for row in rows:
        assert (row.ja if language is Language.JA else row.en).casefold() in spoken


def test_every_form_and_goal_has_its_story(parsed: Page) -> None:
    names = {each for each in parsed.all("id") if each.endswith(tuple(f"-{goal}" for goal in Goal))}
    assert len(names) == len(FORMS) * len(Goal)
    linked = {each[1:] for each in parsed.all("href")}
    assert names <= linked


def test_the_marks_of_a_heat_map_are_the_verdicts_of_the_model(html: str) -> None:
    maps = re.findall(r'<table class="heat">(.*?)</table>', html, re.DOTALL)
    assert len(maps) == len(PROFILES)
    attackers = [each for kind in Kind for each in MALWARE.values() if each.kind is kind]
    for profile, told in zip(PROFILES.values(), maps, strict=True):
        marks = re.findall(r'<span class="([xo])"><b>', told)
        grid = judge_all(profile.defences, attackers)
        assert marks == ["o" if each.holds else "x" for each in grid.verdicts()]


def test_faults_of_tees_say_nothing_of_forms_without_a_tee(html: str) -> None:
    faults = sum(each.kind is Kind.TEE_BUG for each in MALWARE.values())
    without = sum(not form.can_have_trusted_ui for form in FORMS.values())
    assert html.count('<span class="none">') == faults * without * len(PROFILES)
    for cell in judge_all(frozenset(), MALWARE.values()).cells():
        silent = cell.malware.kind is Kind.TEE_BUG and not cell.form.can_have_trusted_ui
        assert len(cell.verdicts) == (0 if silent else len(Goal))


def test_the_same_time_gives_the_same_bytes_whatever_the_order_of_sets() -> None:
    code = (
        "from datetime import datetime, UTC; from hashlib import sha256;"
        "from warifu.lab.threat.report import build_report;"
        "print(sha256(build_report(language='en', at=datetime(2026, 11, 22, 9, tzinfo=UTC)"
        ").encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_time_is_told_with_its_offset() -> None:
    japan = datetime(2026, 11, 22, 18, 5, tzinfo=timezone(timedelta(hours=9)))
    few = partial(build_report, malware=[MALWARE["none"]], profiles=[PROFILES["none"]])
    assert "2026年11月22日 18:05（UTC+09:00）" in few(language="ja", at=japan)
    assert "2026-11-22 09:00 UTC" in few(language="en", at=AT)


def test_progress_reaches_its_end() -> None:
    steps: list[tuple[int, int]] = []
    build_report(
        language="en",
        at=AT,
        malware=[MALWARE["none"]],
        profiles=[PROFILES["none"]],
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert {total for _, total in steps} == {len(steps)}


def test_the_referees_cells_are_counted_as_the_referee_counts_them() -> None:
    found = refereed_totals()
    falling = (found.only_pin_falls, found.only_transaction_falls, found.both_fall)
    assert (found.both_hold, *falling) == (244, 104, 92, 200)
    assert found.cells == 640


def test_only_the_pin_hangs_on_typing_into_trusted_ui() -> None:
    typing = {Defence.TYPED_ONLY_IN_TRUSTED_UI}
    paper = PROFILES["paper"].defences
    before, after = (judge_all(each, MALWARE.values()) for each in (paper, paper | typing))
    found = changes(before, after)
    assert found
    assert {(each.fall, each.hold) for each in found} == {((), (Goal.PIN,))}
    with_trusted_ui = tuple(each.name for each in FORMS.values() if each.can_have_trusted_ui)
    assert {each.forms for each in found} == {with_trusted_ui}


def test_a_terminal_that_judges_alone_falls_with_no_malware_at_all() -> None:
    nobody = [MALWARE["none"]]
    found = changes(judge_all(frozenset(), nobody), judge_all(frozenset(), nobody, Judge.TERMINAL))
    assert len(found) == 1
    assert found[0].forms == tuple(FORMS)
    assert Goal.TRANSACTION in found[0].fall


def test_every_attack_of_a_grid_is_told_once_and_for_all_whom_it_is_for() -> None:
    grid = judge_all(PROFILES["paper"].defences, MALWARE.values())
    told = tell_shared(grid, "en")
    stories = [tuple(step.move for step in each.story.steps) for each in told]
    assert len(stories) == len(set(stories))
    reached = {
        (attacker.name, form, goal)
        for each in told
        for some in each.reach
        for attacker in some.attackers
        for form in some.forms
        for goal in each.broken
    }
    for cell in grid.cells():
        for goal in cell.fallen:
            assert (cell.malware.name, cell.form.name, goal) in reached


def test_every_word_of_the_page_is_used() -> None:
    templates = files("warifu.lab.threat.report") / "templates"
    used = "".join(each.read_text("utf-8") for each in templates.iterdir())
    used += files("warifu.lab.threat.report").joinpath("page.py").read_text("utf-8")
    for name in words.WORDS:
        section = name.removesuffix("_title")
        assert re.search(rf't\.{name}\b|"{name}"|id="{section}"', used), name


def test_what_lies_outside_has_names_of_its_own() -> None:
    codes = [each.code for each in OUTSIDE]
    assert len(codes) == len(set(codes))
    for each in OUTSIDE:
        assert each.why.ja.endswith("。")
        assert each.why.en.endswith(".")
