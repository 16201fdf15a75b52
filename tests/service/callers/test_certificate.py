"""Client certificates that a proxy passes on: smuggled, mistaken, expired and honest ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.x509 import load_der_x509_certificate

from tests.service.callers.calling import (
    OTHER_TENANT,
    PROXY,
    REQUEST,
    TENANT,
    Bench,
    denied,
    key_of,
    sending,
)
from tests.service.house import START
from tests.support import misuse
from warifu.base.codec.text import to_base64
from warifu.handset.authority import Authority, name, new_key, spki
from warifu.service.callers import rules
from warifu.service.callers.authenticate import RequestView
from warifu.service.callers.request import Origin, origin_of
from warifu.service.conduct.registrations import registering
from warifu.service.conduct.registrations.registering import certificate_credential
from warifu.service.settings import ProxySettings


def new_certificate(common_name: str = "backend") -> bytes:
    """A client certificate in DER, valid from a day before the tests' start for thirty days."""
    authority = Authority.root("bank clients")
    draft = authority.draft(name(common_name), spki(new_key("p256")))
    draft.not_before = START - timedelta(days=1)
    draft.not_after = START + timedelta(days=30)
    return authority.issue(draft)


def through_proxy(
    certificate: bytes, caller: str, *, peer: str | None = PROXY, **changes: object
) -> RequestView:
    return sending(
        REQUEST,
        ("Client-Cert", f":{to_base64(certificate)}:"),
        ("Warifu-Caller", caller),
        peer=peer,
        **changes,
    )


class Client:
    """A registered client certificate."""

    def __init__(self, bench: Bench) -> None:
        self.der = new_certificate()
        self.made = bench.register(credential=certificate_credential(self.der))
        self.name = f"{TENANT}/{self.made.caller.id}"


@pytest.fixture
def client(bench: Bench) -> Client:
    return Client(bench)


@pytest.mark.parametrize("peer", [PROXY, "fd00::1", "::ffff:10.1.2.3"])
def test_a_registered_certificate_through_the_proxy_is_let_in(
    bench: Bench, client: Client, peer: str
) -> None:
    caller = bench.call(through_proxy(client.der, client.name, peer=peer))
    assert caller.id == client.made.caller.id


@pytest.mark.parametrize("peer", ["192.0.2.7", "11.0.0.1", "2001:db8::1", None, "", "unix"])
def test_a_certificate_that_no_trusted_proxy_wrote_is_refused(
    bench: Bench, client: Client, peer: str | None
) -> None:
    with denied(rules.TRUSTED_PROXY):
        bench.call(through_proxy(client.der, client.name, peer=peer))


@pytest.mark.parametrize("field", ["Client-Cert", "client-cert", "Client-Cert-Chain"])
def test_a_smuggled_field_is_refused_even_beside_a_good_key(bench: Bench, field: str) -> None:
    key = ("Authorization", f"Bearer {key_of(bench.register('other'))}")
    with denied(rules.TRUSTED_PROXY):
        bench.call(sending(REQUEST, key, (field, ":AAAA:")))


def test_a_forwarded_address_makes_no_one_a_proxy(bench: Bench, client: Client) -> None:
    view = through_proxy(client.der, client.name, peer="192.0.2.7")
    with denied(rules.TRUSTED_PROXY):
        bench.call(sending(view, ("X-Forwarded-For", PROXY), ("Forwarded", f"for={PROXY}")))


def test_another_certificate_of_the_same_authority_is_refused(bench: Bench, client: Client) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(new_certificate(), client.name))


def test_the_certificate_of_another_caller_is_refused(bench: Bench, client: Client) -> None:
    other = bench.register("other", credential=certificate_credential(new_certificate()))
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, f"{TENANT}/{other.caller.id}"))


def test_a_certificate_under_another_tenant_is_refused(bench: Bench, client: Client) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, f"{OTHER_TENANT}/{client.made.caller.id}"))


def test_an_expired_certificate_is_refused(bench: Bench, client: Client) -> None:
    bench.clock.forward(days=30, seconds=1)
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, client.name))


def test_a_certificate_of_tomorrow_is_refused(bench: Bench, client: Client) -> None:
    bench.clock.forward(days=-2)
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, client.name))


def test_a_revoked_certificate_is_refused_at_the_next_request(bench: Bench, client: Client) -> None:
    registering.revoke_caller(bench.operator, tenant=TENANT, caller=client.made.caller.id)
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, client.name))


def test_a_certificate_does_not_replace_an_api_key(bench: Bench, client: Client) -> None:
    made = bench.register("by key")
    with denied(rules.UNAUTHENTICATED):
        bench.call(through_proxy(client.der, f"{TENANT}/{made.caller.id}"))


@pytest.mark.parametrize(
    "field",
    [
        "",
        "AAAA",
        ":AAAA:",
        ":AAAA",
        ":A*AA:",
        "?1",
        ":AAAA:;a=1",
        ":AAAA:, :AAAA:",
        '"text"',
        ":" + "A" * 90_000 + ":",
        ":é:",
    ],
    ids=range(11),
)
def test_a_malformed_certificate_field_is_refused(bench: Bench, client: Client, field: str) -> None:
    view = sending(REQUEST, ("Client-Cert", field), ("Warifu-Caller", client.name), peer=PROXY)
    with denied(rules.CERTIFICATE):
        bench.call(view)


def test_two_certificates_are_refused(bench: Bench, client: Client) -> None:
    view = through_proxy(client.der, client.name)
    with denied(rules.CERTIFICATE):
        bench.call(sending(view, ("Client-Cert", f":{to_base64(new_certificate())}:")))


@pytest.mark.parametrize("caller", ["", "kaede-bank", "a/b", "kaede-bank/../x", "/"])
def test_a_certificate_for_nobody_is_refused(bench: Bench, client: Client, caller: str) -> None:
    with denied(rules.CERTIFICATE):
        bench.call(through_proxy(client.der, caller))


def test_a_certificate_for_two_names_is_refused(bench: Bench, client: Client) -> None:
    view = through_proxy(client.der, client.name)
    with denied(rules.CERTIFICATE):
        bench.call(sending(view, ("Warifu-Caller", client.name)))


def test_a_callers_name_alone_is_no_credential(bench: Bench, client: Client) -> None:
    with denied(rules.UNAUTHENTICATED):
        bench.call(sending(REQUEST, ("Warifu-Caller", client.name), peer=PROXY))


def test_a_certificate_and_a_signature_are_two_credentials(bench: Bench, client: Client) -> None:
    view = through_proxy(client.der, client.name)
    with denied(rules.ONE_CREDENTIAL):
        bench.call(sending(view, ("Signature", "a=:AAAA:")))


def test_a_registration_ends_with_its_certificate(bench: Bench, client: Client) -> None:
    not_after = load_der_x509_certificate(client.der).not_valid_after_utc
    assert client.made.caller.expires_at == not_after
    assert client.made.key is None


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_holds_no_certificate_is_refused(data: bytes) -> None:
    with misuse(rules.CREDENTIAL_FILE):
        certificate_credential(data)


def test_a_file_with_two_certificates_is_refused() -> None:
    block = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
    data = b"".join(block % to_base64(new_certificate()).encode() for _ in range(2))
    with misuse(rules.CREDENTIAL_FILE):
        certificate_credential(data)


def test_an_api_key_does_not_silently_follow_a_certificate(bench: Bench, client: Client) -> None:
    with misuse(rules.CREDENTIAL_FILE):
        registering.rotate_caller(
            bench.operator, tenant=TENANT, caller=client.made.caller.id, overlap=timedelta(0)
        )


TRUSTED = ProxySettings(trusted=("10.0.0.0/8",))


def seen(*headers: tuple[str, str], peer: str = PROXY) -> Origin:
    return origin_of(sending(REQUEST, *headers, peer=peer, scheme="http"), TRUSTED)


def test_the_last_address_that_is_no_proxy_is_where_a_request_comes_from() -> None:
    chain = "203.0.113.9, 198.51.100.1, 10.9.9.9"
    assert seen(("X-Forwarded-For", chain)).address == "198.51.100.1"
    assert seen(("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2")).address == "2.2.2.2"


def test_forwarding_fields_of_a_stranger_count_for_nothing() -> None:
    origin = seen(
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "other.example"),
        peer="192.0.2.7",
    )
    expected = Origin(
        address="192.0.2.7", scheme="http", authority="warifu.example", by_proxy=False
    )
    assert origin == expected


def test_what_the_client_asked_the_proxy_for_is_what_it_signed() -> None:
    origin = seen(("X-Forwarded-Proto", "HTTPS"), ("X-Forwarded-Host", "Pay.Example:443"))
    assert (origin.scheme, origin.authority) == ("https", "pay.example")


@pytest.mark.parametrize("chain", ["", "unknown", "10.0.0.1", "203.0.113.9, _hidden"])
def test_a_place_that_the_proxy_does_not_tell_is_unknown(chain: str) -> None:
    assert seen(("X-Forwarded-For", chain)).address is None
