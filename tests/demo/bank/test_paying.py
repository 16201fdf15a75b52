"""Approving by Secure Payment Confirmation.

Chromium on Linux has no service that shows the payment. Here a stand-in takes the place of that one
window: it signs what the page asks to be shown, with the passkey of the virtual authenticator, by
the test's own writer of such assertions. Page, bank and service are the real ones.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.demo.bank.people import Clerk, Phone, enrol
from warifu.base.codec.text import from_base64url, to_base64url
from warifu.handset.confirmation import payment_authentication
from warifu.handset.webauthn import CredentialKey

BROWSER = """
window.PaymentRequest = class {
  constructor([method], details) { Object.assign(this, { method, details }); }
  async canMakePayment() { return true; }
  async show() {
    const url = (bytes) => btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const { challenge, credentialIds, ...data } = this.method.data;
    const asked = { data, total: this.details.total.amount, challenge: url(challenge),
                    credential: url(credentialIds[0]) };
    const signed = await window.payInBrowser(asked);
    const bytes = (text) => Uint8Array.from(
      atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const members = Object.entries(signed).map(([name, value]) => [name, bytes(value).buffer]);
    const response = Object.fromEntries(members);
    return { details: { response }, complete: async () => {} };
  }
};
"""


def stand_in(phone: Phone, seen: list[dict[str, Any]]) -> None:
    """Show and sign payments in the browser's place."""

    def pay(_: object, asked: dict[str, Any]) -> dict[str, str]:
        seen.append(asked)
        data = asked["data"]
        payment = {
            "rpId": data["rpId"],
            "topOrigin": phone.bank.origin,
            "payeeName": data["payeeName"],
            "total": asked["total"],
            "instrument": {
                "displayName": data["instrument"]["displayName"],
                "icon": data["instrument"]["icon"],
            },
        }
        held = phone.credentials()[asked["credential"]]
        made = payment_authentication(
            payment,
            rp_id=data["rpId"],
            origin=phone.bank.origin,
            challenge=from_base64url(asked["challenge"]),
            credential_id=from_base64url(asked["credential"]),
            key=CredentialKey(-7, load_der_private_key(b64decode(held["privateKey"]), None)),
            counter=held["signCount"] + 1,
        )
        signed = made.authenticator_data(), made.client_data_hash()
        return {
            "clientDataJSON": to_base64url(made.client_data_json()),
            "authenticatorData": to_base64url(signed[0]),
            "signature": to_base64url(made.key.sign(b"".join(signed))),
        }

    phone.page.context.expose_binding("payInBrowser", pay)
    phone.page.context.add_init_script(BROWSER)


def payer(phone: Phone, clerk: Clerk) -> None:
    """Somebody with a passkey to log in and refuse, and one for payments."""
    enrol(phone, clerk, "hanako")
    clerk.go("/desk")
    clerk.press("form:has(input[value=secure-payment]) button")
    phone.enrol_with(clerk, clerk.page.inner_text("#code").strip())
    phone.log_in()


def test_a_browser_that_shows_payments_is_asked_to(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    seen: list[dict[str, Any]] = []
    stand_in(phone, seen)
    payer(phone, clerk)
    phone.ask_transfer("45000")
    phone.approve()
    phone.look("1-paid")
    name = phone.page.url.rpartition("/")[2]
    answer = phone.bank.state.warifu.get(f"/v1/transactions/{name}")["answer"]
    assert (answer["kind"], answer["display"]) == ("secure-payment", "browser")
    assert seen[0]["total"] == {"currency": "JPY", "value": "45000"}
    assert seen[0]["data"]["payeeName"] == "ニシムラ タロウ"


def test_a_payment_that_was_shown_with_another_payee_is_refused(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("ja")
    stand_in(phone, [])
    phone.page.context.add_init_script(
        "{ const { show } = PaymentRequest.prototype; PaymentRequest.prototype.show = function () {"
        " this.method.data.payeeName = 'マボロシ ジロウ'; return show.call(this); }; }"
    )
    payer(phone, clerk)
    phone.ask_transfer("45000")
    phone.press("#ok")
    phone.page.wait_for_selector("#told.bad")


def test_who_pays_in_the_browser_still_refuses_with_the_passkey(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("en")
    stand_in(phone, [])
    payer(phone, clerk)
    phone.ask_transfer("45000")
    phone.refuse(2)
    name = phone.page.url.rpartition("/")[2]
    answer = phone.bank.state.warifu.get(f"/v1/transactions/{name}")["answer"]
    assert (answer["kind"], answer["verdict"]) == ("webauthn", "ng")


def test_a_browser_without_payments_approves_with_the_passkey(
    people: Callable[[str], tuple[Phone, Clerk]],
) -> None:
    phone, clerk = people("en")
    payer(phone, clerk)
    phone.ask_transfer("45000")
    phone.approve()
    name = phone.page.url.rpartition("/")[2]
    answer = phone.bank.state.warifu.get(f"/v1/transactions/{name}")["answer"]
    assert (answer["kind"], answer["display"]) == ("webauthn", "application")
