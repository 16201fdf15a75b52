"""Everything by keyboard alone: Tab, Enter, and letters."""

from __future__ import annotations

from tests.demo.bank.people import Clerk, Person, Phone

MOST_TABS = 40
LOOKS = 30


def outline(person: Person) -> float:
    """How wide the focus is drawn, once it is; a busy browser may take its time."""
    width = 0.0
    for _ in range(LOOKS):
        width = person.page.evaluate(
            "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
        )
        if width >= 2:
            break
        person.page.wait_for_timeout(100)
    return width


def reach(person: Person, selector: str) -> None:
    """Go on by Tab until it has the focus, and see that it shows."""
    person.page.wait_for_selector(selector)
    person.page.wait_for_load_state("load")  # with its styles, however busy the machine is
    for _ in range(MOST_TABS):
        person.page.keyboard.press("Tab")
        if person.page.evaluate("(s) => document.activeElement.matches(s)", selector):
            shown = outline(person)
            assert shown >= 2, f"{selector}: nobody sees where the focus is"
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


def enter(person: Person, selector: str) -> None:
    """Reach it, and press Enter."""
    reach(person, selector)
    person.page.keyboard.press("Enter")


def test_a_customer_needs_no_mouse(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    clerk.go("/desk")
    enter(clerk, "section:has(#c-kenji) .row form button")
    code = clerk.page.inner_text("#code").strip()
    phone.go("/")
    enter(phone, "a[href='/enrol']")
    reach(phone, "#code")
    phone.page.keyboard.insert_text(code)
    enter(phone, "#enrol button")
    digits = phone.digits()
    assert phone.page.evaluate("document.activeElement.id") == "compare-title"
    clerk.page.wait_for_selector("input#digits")
    reach(clerk, "#digits")
    clerk.page.keyboard.type(digits)
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector("p.digits")
    enter(phone, "#same")
    phone.page.wait_for_selector("#done:not([hidden])")
    enter(phone, "#done a")
    phone.page.wait_for_selector("#login")
    enter(phone, "#login")
    phone.page.wait_for_url("**/home")
    enter(phone, "a[href='/transfer']")
    enter(phone, "a[href='/transfer?payee=0']")
    enter(phone, "form[action='/transfer/check'] .primary")
    reach(phone, "#amount")
    phone.page.keyboard.type("4000")
    phone.page.keyboard.press("Enter")
    phone.page.wait_for_selector("#digest:not(:empty)")
    enter(phone, "#ok")
    phone.page.wait_for_selector(".result.good")
    phone.look("1-approved")
    enter(phone, "a[href='/home']")
    enter(phone, "a[href='/transfer']")
    enter(phone, "a[href='/transfer?payee=0']")
    enter(phone, "form[action='/transfer/check'] .primary")
    reach(phone, "#amount")
    phone.page.keyboard.type("5000")
    phone.page.keyboard.press("Enter")
    phone.page.wait_for_selector("#digest:not(:empty)")
    enter(phone, "#ng")
    assert phone.page.evaluate("document.activeElement.id") == "why-title"
    enter(phone, "[data-reason='1']")
    phone.page.wait_for_selector(".result")
    phone.look("2-refused")


def test_the_first_tab_leads_past_the_navigation(both: tuple[Phone, Clerk]) -> None:
    phone, _ = both
    phone.go("/")
    phone.page.keyboard.press("Tab")
    phone.page.keyboard.press("Enter")
    assert phone.page.evaluate("document.activeElement.id") == "main"
