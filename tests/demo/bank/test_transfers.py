"""Transfers: approved, refused, disowned; and what a clerk does about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.runner import run
from tests.demo.bank.people import Clerk, Phone, enrol


def test_a_transfer_is_approved_and_carried_out(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    enrol(phone, clerk, "kenji")
    phone.log_in()
    phone.go("/transfer")
    phone.look("1-payee")
    phone.go("/transfer?payee=0")
    phone.press("main form .primary")
    phone.look("2-amount")
    phone.page.fill("#amount", "12,345")
    phone.press("main form .primary")
    phone.page.wait_for_selector("#digest:not(:empty)")
    phone.look("3-confirm")
    assert "12,345" in phone.page.inner_text("#text")
    assert "ニシムラ タロウ" in phone.page.inner_text("#text")
    phone.approve()
    phone.look("4-approved")
    phone.go("/home")
    phone.look("5-pending")
    clerk.go("/desk/hand-offs")
    clerk.look("6-due")
    clerk.press("main form .primary")
    clerk.page.wait_for_selector(".badge.good")
    clerk.look("7-carried-out")
    phone.page.reload()
    assert phone.page.locator(".entries .badge").count() == 0


def test_a_receipt_is_checked_without_the_bank(
    both: tuple[Phone, Clerk], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phone, clerk = both
    enrol(phone, clerk, "hanako")
    phone.log_in()
    phone.ask_transfer("10000")
    phone.approve()
    phone.press("#receipt")
    phone.until_recorded()
    phone.look("1-receipt")
    kept = {}
    for name in ("cbor", "json", "keys"):
        kept[name] = tmp_path / name
        phone.download(f"#{name}").save_as(kept[name])
    clerk.go("/desk/ledger")
    clerk.look("2-ledger")
    done = run(
        capsys, "receipt", "verify", str(kept["cbor"]), "--log-key", str(kept["keys"]), "--json"
    )
    assert done.status == 0, done.out
    assert json.loads(kept["json"].read_text())["pending"] is False
    wrong = kept["cbor"].read_bytes().replace(b"10,000", b"90,000")
    kept["cbor"].write_bytes(wrong)
    again = run(capsys, "receipt", "verify", str(kept["cbor"]), "--log-key", str(kept["keys"]))
    assert again.status == 1


def test_nobody_gets_the_receipt_of_another(people: Callable[[str], tuple[Phone, Clerk]]) -> None:
    phone, clerk = people("en")
    enrol(phone, clerk, "hanako")
    phone.log_in()
    phone.ask_transfer("2000")
    phone.approve()
    name = phone.page.url.rpartition("/")[2]
    other, _ = people("en")
    enrol(other, clerk, "kenji")
    other.log_in()
    for path in ("receipt", "receipt.cbor", "receipt.json"):
        assert (
            other.page.request.get(f"{other.bank.origin}/transactions/{name}/{path}").status == 404
        )


def test_what_is_shown_is_what_is_in_the_bytes(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    enrol(phone, clerk, "hanako")
    phone.log_in()
    phone.ask_transfer("20000", payee=1)
    shown = phone.page.locator("#text .line").all_text_contents()
    name = phone.page.url.rpartition("/")[2]
    found = phone.bank.state.warifu.get(f"/v1/transactions/{name}")
    assert "\n".join(shown) == found["text"]


def test_a_refusal_needs_no_finger_and_is_no_approval(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    enrol(phone, clerk, "kenji")
    phone.log_in()
    phone.ask_transfer("3000")
    phone.verify_user(works=False)
    phone.press("#ok")
    phone.page.wait_for_selector("#told.bad")
    phone.press("#ng")
    phone.look("1-why")
    phone.press("[data-reason='2']")
    phone.page.wait_for_selector(".result")
    phone.look("2-refused")
    name = phone.page.url.rpartition("/")[2]
    found = phone.bank.state.warifu.get(f"/v1/transactions/{name}")
    assert (found["state"], found["answer"]["reason"]) == ("refused", "details-wrong")


def test_a_name_that_does_not_match_goes_no_further(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    enrol(phone, clerk, "kenji")
    phone.log_in()
    phone.go("/transfer?payee=0")
    phone.page.fill("#name", "サトウ ジロウ")
    phone.press("main form .primary")
    phone.page.wait_for_selector(".alert.bad")
    phone.look("1-differs")
    assert phone.page.locator("#amount").count() == 0


def test_more_than_there_is_fails_with_a_reason(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    enrol(phone, clerk, "kenji")
    phone.log_in()
    phone.ask_transfer("900000", payee=1)
    phone.approve()
    phone.ask_transfer("900000", payee=1)
    phone.approve()
    phone.look("1-failed")
    assert phone.page.locator(".result.bad").count() == 1


def test_not_me_holds_the_money_until_a_clerk_closes_the_case(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    enrol(phone, clerk, "hanako")
    phone.log_in()
    clerk.go("/desk")
    clerk.press("form[action='/desk/theft']:has([value=hanako]) button")
    phone.go("/home")
    phone.look("1-asked")
    phone.press("section.alert .primary")
    phone.page.wait_for_selector("#digest:not(:empty)")
    phone.look("2-what-is-this")
    phone.refuse(3)
    phone.look("3-held")
    phone.go("/home")
    phone.look("4-home-held")
    phone.ask_transfer("1000")
    phone.press("#ok")
    phone.page.wait_for_selector("#told.bad")
    clerk.go("/desk/cases")
    clerk.look("5-case")
    clerk.page.fill("section.card textarea", "Called back; not made by the customer.")
    clerk.press("section.card form .primary")
    clerk.page.wait_for_selector(".badge.good")
    clerk.look("6-closed")
    phone.press("#ok")
    phone.page.wait_for_selector(".result.good")


def test_a_suspended_device_neither_logs_in_nor_answers(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("en")
    enrol(phone, clerk, "hanako")
    phone.log_in()
    device = phone.bank.state.device_of("hanako")
    assert device
    clerk.go("/desk")
    row = clerk.page.locator("li", has_text=device.device)
    row.locator("form[action$='/suspend'] button").click()
    clerk.page.locator("li", has_text=device.device).locator(".badge.warn").wait_for()
    clerk.look("1-suspended")
    phone.press("form[action='/logout'] button")
    phone.press("#login")
    phone.page.wait_for_selector("#told.bad")
    phone.look("2-no-login")
