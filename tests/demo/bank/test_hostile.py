"""What people who mean harm try before the demo bank."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.demo.bank.people import Clerk, Phone, enrol
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.demo.bank.pages import POLICY
from warifu.demo.bank.serving import Open

if TYPE_CHECKING:
    from playwright.sync_api import Route


def ask(bank: Open, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    port = int(bank.origin.rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    usual = {"Host": f"localhost:{port}", "Content-Type": "application/json"}
    connection.request(method, path, headers={**usual, **headers})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.parametrize("path", ["/", "/enrol", "/static/bank.css", "/desk", "/nothing"])
def test_every_answer_has_the_strict_policy(bank: Open, path: str) -> None:
    _, headers = ask(bank, "GET", path)
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_another_site_cannot_make_a_browser_ask(bank: Open, origin: str) -> None:
    status, _ = ask(bank, "POST", "/login/challenge", Origin=origin)
    assert status == 403


def test_another_name_of_this_machine_is_refused(bank: Open) -> None:
    status, _ = ask(bank, "GET", "/", Host="rebound.example")
    assert status == 403


@pytest.mark.parametrize("path", ["/desk", "/desk/cases", "/desk/hand-offs", "/clerk/wrong"])
def test_the_desk_is_for_clerks_only(bank: Open, path: str) -> None:
    status, _ = ask(bank, "GET", path)
    assert status == 403


def test_pages_of_customers_lead_strangers_to_the_door(bank: Open) -> None:
    for path in ("/home", "/transfer"):
        status, headers = ask(bank, "GET", path)
        assert (status, headers["location"]) == (303, "/")


def test_no_language_leads_away_from_the_bank(bank: Open) -> None:
    for back in ("//evil.example", "https://evil.example", "/%5Cevil.example"):
        _, headers = ask(bank, "GET", f"/language/en?back={back}")
        assert headers["location"] == "/"


def test_a_code_of_another_bank_is_refused_before_anything_is_sent(
    both: tuple[Phone, Clerk],
) -> None:
    phone, clerk = both
    code = clerk.issue_code("hanako")
    sent: list[str] = []
    phone.page.on("request", lambda request: sent.append(request.method))
    at = len(code) // 2
    forged = code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :]
    phone.enter_code(forged)
    phone.page.wait_for_selector("#told.bad")
    phone.look("1-not-ours")
    assert "POST" not in sent


def test_digits_that_differ_are_refused_and_end_as_an_alarm(both: tuple[Phone, Clerk]) -> None:
    phone, clerk = both
    phone.enter_code(clerk.issue_code("hanako"))
    digits = phone.digits().replace(" ", "")
    clerk.page.wait_for_selector("input#digits")
    clerk.compare(f"{(int(digits) + 1) % 10**8:08}")
    clerk.page.wait_for_selector(".alert.bad")
    clerk.look("1-differ")
    clerk.press("form[action$='/reject'] button")
    clerk.page.wait_for_selector(".result.bad")
    clerk.look("2-stopped")
    phone.page.wait_for_selector("#told.bad")
    phone.look("3-stopped")


def altered(phone: Phone, change: Callable[[str], str]) -> None:
    """Somebody between bank and page changes the bytes of the transaction."""

    def swap(route: Route) -> None:
        answer = route.fetch()
        body = re.sub(
            r"(transaction&#34;:&#34;)([\w-]+)", lambda m: m[1] + change(m[2]), answer.text()
        )
        route.fulfill(response=answer, body=body)

    phone.page.route("**/transactions/*", swap)
    phone.page.reload()


def test_bytes_that_say_nothing_cannot_be_approved(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    enrol(phone, clerk, "hanako")
    phone.log_in()
    phone.ask_transfer("1000")
    altered(phone, lambda data: f"AAAA{data}")
    phone.page.wait_for_selector("#told.bad")
    phone.look("1-altered")
    assert phone.page.is_disabled("#ok")


def test_an_approval_of_a_text_that_was_swapped_is_refused(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    enrol(phone, clerk, "hanako")
    phone.log_in()
    phone.ask_transfer("91000")
    name = phone.page.url.rpartition("/")[2]

    def smaller(data: str) -> str:
        return to_base64url(from_base64url(data).replace(b"91,000", b"11,000"))

    altered(phone, smaller)
    phone.page.wait_for_selector("#digest:not(:empty)")
    assert "11,000" in phone.page.inner_text("#text")
    phone.press("#ok")
    phone.page.wait_for_selector("#told.bad")
    found = phone.bank.state.warifu.get(f"/v1/transactions/{name}")
    assert (found["state"], found["tries"]) == ("asked", 0)
