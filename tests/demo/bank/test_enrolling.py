"""Enrolling a browser at the counter, and logging in with it."""

from __future__ import annotations

from tests.demo.bank.people import Clerk, Phone


def test_a_device_is_enrolled_and_logs_in(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    phone.go("/")
    phone.look("1-door")
    clerk.go("/desk")
    clerk.look("2-desk")
    code = clerk.issue_code("hanako")
    clerk.look("3-code")
    phone.go("/enrol")
    phone.look("4-enrol")
    phone.enter_code(code)
    digits = phone.digits()
    phone.look("5-digits")
    clerk.page.wait_for_selector("input#digits")
    clerk.look("6-compare")
    clerk.compare(digits)
    clerk.page.wait_for_selector("p.digits")
    assert clerk.page.inner_text("p.digits") == digits
    clerk.look("7-same")
    phone.press("#same")
    phone.page.wait_for_selector("#done:not([hidden])")
    phone.look("8-done")
    clerk.page.wait_for_selector(".result.good")
    clerk.look("9-bound")
    phone.log_in()
    phone.look("10-home")
