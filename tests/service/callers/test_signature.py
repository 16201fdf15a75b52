"""HTTP message signatures, attacked; made by an implementation that is not ours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha512

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.service.callers.calling import (
    OTHER_TENANT,
    REQUEST,
    SCOPES,
    TENANT,
    Bench,
    denied,
    sending,
)
from tests.service.callers.signing import COVERED, Signer, digest_field
from tests.support import misuse
from warifu.base.codec.text import to_base64
from warifu.base.errors import Denied
from warifu.service.callers import rules, signature
from warifu.service.callers.authenticate import RequestView
from warifu.service.conduct.registrations import registering

READING = msgspec.structs.replace(REQUEST, method="GET", path="/v1/devices", body=b"")


def settle(bench: Bench, algorithm: str = "ed25519", *, tenant: str = TENANT) -> Signer:
    """A signer whose key is registered."""
    signer = Signer(algorithm)
    made = bench.register(f"{tenant} {algorithm}", tenant=tenant, credential=signer.credential)
    signer.key_id = f"{tenant}/{made.caller.id}"
    return signer


def changed(view: RequestView, field: str, old: str, new: str) -> RequestView:
    """The request with one header field rewritten; that something changed is asserted."""
    headers = tuple(
        (name, value.replace(old, new) if name.lower() == field else value)
        for name, value in view.headers
    )
    assert headers != view.headers
    return msgspec.structs.replace(view, headers=headers)


def without(view: RequestView, field: str) -> RequestView:
    kept = tuple(each for each in view.headers if each[0].lower() != field)
    return msgspec.structs.replace(view, headers=kept)


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512"])
def test_a_signed_request_is_let_in(bench: Bench, algorithm: str) -> None:
    signer = settle(bench, algorithm)
    for names_algorithm in (True, False):
        caller = bench.call(signer.sign(bench.clock(), include_alg=names_algorithm))
        assert f"{caller.tenant}/{caller.id}" == signer.key_id
        assert caller.scopes == SCOPES


def test_path_and_query_serve_as_well_as_the_whole_target(bench: Bench) -> None:
    signer = settle(bench)
    view = msgspec.structs.replace(READING, query="limit=5&after=x%20y")
    for covered in (
        ("@method", "@path", "@query"),
        ("@method", "@target-uri"),
        ("@method", "@target-uri", "@authority", "@scheme", "@request-target", "host"),
    ):
        bench.call(signer.sign(bench.clock(), view, covered=covered))


def test_a_request_without_query_covers_its_absence(bench: Bench) -> None:
    signer = settle(bench)
    bench.call(signer.sign(bench.clock(), READING, covered=("@method", "@path", "@query")))


def test_the_usual_port_and_the_case_of_the_host_do_not_matter(bench: Bench) -> None:
    signer = settle(bench)
    view = msgspec.structs.replace(READING, headers=(("Host", "Warifu.EXAMPLE:443"),))
    covered = ("@method", "@target-uri", "@authority")
    with denied(rules.UNAUTHENTICATED):
        # What the peer normalises in a target is not the host: it signs the URL as given.
        bench.call(signer.sign(bench.clock(), view, covered=covered, authority="other.example"))
    bench.call(signer.sign(bench.clock(), view, covered=covered))


def test_another_body_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.CONTENT_DIGEST):
        bench.call(msgspec.structs.replace(signed, body=signed.body + b" "))


def test_another_body_with_its_own_digest_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    forged = sending(without(signed, "content-digest"), digest_field(b"{}"), body=b"{}")
    with denied(rules.UNAUTHENTICATED):
        bench.call(forged)


def test_a_second_digest_beside_the_signed_one_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.CONTENT_DIGEST):
        bench.call(sending(signed, digest_field(b"{}"), body=b"{}"))


def test_a_body_without_digest_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock(), READING, covered=("@method", "@target-uri"))
    with denied(rules.CONTENT_DIGEST):
        bench.call(msgspec.structs.replace(signed, body=b"{}"))


def test_a_digest_of_another_kind_alone_is_refused(bench: Bench) -> None:
    digest = to_base64(sha512(REQUEST.body).digest())
    view = sending(REQUEST, ("Content-Digest", f"sha-512=:{digest}:"))
    signed = settle(bench).sign(bench.clock(), view)
    with denied(rules.CONTENT_DIGEST):
        bench.call(signed)


def test_a_digest_that_is_sent_but_not_covered_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock(), covered=("@method", "@target-uri"))
    with denied(rules.SIGNATURE_COVERS):
        bench.call(signed)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("path", "/v1/challenges"),
        ("query", "limit=1"),
        ("method", "PUT"),
        ("scheme", "http"),
    ],
)
def test_another_target_is_refused(bench: Bench, part: str, value: str) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.UNAUTHENTICATED):
        bench.call(msgspec.structs.replace(signed, **{part: value}))


def test_a_request_for_another_host_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock(), authority="staging.example")
    with denied(rules.UNAUTHENTICATED):
        bench.call(signed)


def test_two_hosts_are_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.UNAUTHENTICATED):
        bench.call(sending(signed, ("Host", "other.example")))


def test_a_replay_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    bench.call(signed)
    with denied(rules.SIGNATURE_ONCE):
        bench.call(signed)


def test_of_many_simultaneous_replays_one_is_let_in(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())

    def attempt(_: int) -> str:
        try:
            return bench.call(signed).name
        except Denied as error:
            return error.code

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, range(32)))
    assert outcomes.count(rules.SIGNATURE_ONCE.code) == 31


def test_a_replay_is_refused_even_where_our_clock_was_set_back(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    bench.call(signed)
    bench.clock.forward(minutes=30)
    with denied(rules.SIGNATURE_TIME):
        bench.call(signed)
    bench.clock.forward(minutes=-30)
    with denied(rules.SIGNATURE_ONCE):
        bench.call(signed)


def test_a_nonce_is_not_used_up_by_someone_without_the_key(bench: Bench) -> None:
    signer = settle(bench)
    signed = signer.sign(bench.clock())
    forger = Signer(key_id=signer.key_id)
    nonce = signed.values("signature-input")[0].partition('nonce="')[2].partition('"')[0]
    with denied(rules.UNAUTHENTICATED):
        bench.call(forger.sign(bench.clock(), nonce=nonce))
    bench.call(signed)


def test_two_callers_may_use_the_same_nonce(bench: Bench) -> None:
    nonce = "n" * 16
    for signer in (settle(bench), settle(bench, tenant=OTHER_TENANT)):
        bench.call(signer.sign(bench.clock(), nonce=nonce))


@pytest.mark.parametrize("seconds", [-61, 61, -86_400, 86_400, 10**10])
def test_a_signature_of_another_time_is_refused(bench: Bench, seconds: int) -> None:
    signed = settle(bench).sign(bench.clock() + timedelta(seconds=seconds))
    with denied(rules.SIGNATURE_TIME):
        bench.call(signed)


@pytest.mark.parametrize("seconds", [-60, 60])
def test_clocks_may_differ_by_a_minute(bench: Bench, seconds: int) -> None:
    bench.call(settle(bench).sign(bench.clock() + timedelta(seconds=seconds)))


def test_an_expired_signature_is_refused(bench: Bench) -> None:
    now = bench.clock()
    signed = settle(bench).sign(now - timedelta(seconds=20), expires=now - timedelta(seconds=1))
    with denied(rules.SIGNATURE_TIME):
        bench.call(signed)


def test_another_key_is_refused(bench: Bench) -> None:
    signer = settle(bench)
    with denied(rules.UNAUTHENTICATED):
        bench.call(Signer(key_id=signer.key_id).sign(bench.clock()))


def test_the_key_of_another_tenant_is_refused(bench: Bench) -> None:
    signer, stranger = settle(bench), settle(bench, tenant=OTHER_TENANT)
    stranger.key_id = signer.key_id
    with denied(rules.UNAUTHENTICATED):
        bench.call(stranger.sign(bench.clock()))
    stranger.key_id = f"{TENANT}/{stranger.key_id.partition('/')[2]}"
    with denied(rules.UNAUTHENTICATED):
        bench.call(stranger.sign(bench.clock()))


def test_a_revoked_signer_is_refused_and_uses_no_nonce(bench: Bench) -> None:
    signer = settle(bench)
    registering.revoke_caller(bench.operator, tenant=TENANT, caller=signer.key_id.partition("/")[2])
    with denied(rules.UNAUTHENTICATED):
        bench.call(signer.sign(bench.clock()))
    with bench.database.read() as transaction:
        assert transaction.rows("SELECT nonce FROM signature_nonces") == []


def test_a_signature_is_refused_where_an_api_key_was_registered(bench: Bench) -> None:
    made = bench.register()
    signer = Signer(key_id=f"{TENANT}/{made.caller.id}")
    with denied(rules.UNAUTHENTICATED):
        bench.call(signer.sign(bench.clock()))


def test_an_algorithm_that_is_not_the_registered_keys_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.UNAUTHENTICATED):
        bench.call(changed(signed, "signature-input", "ed25519", "hmac-sha256"))


def test_an_algorithm_that_the_signer_names_does_not_decide(bench: Bench) -> None:
    registered = settle(bench, "rsa-pss-sha512")
    other = Signer("ed25519", key_id=registered.key_id)
    with denied(rules.UNAUTHENTICATED):
        bench.call(other.sign(bench.clock()))
    with denied(rules.UNAUTHENTICATED):
        bench.call(other.sign(bench.clock(), include_alg=False))


def test_an_ecdsa_signature_as_der_is_refused(bench: Bench) -> None:
    signed = settle(bench, "ecdsa-p256-sha256").sign(bench.clock())
    short = changed(signed, "signature", "sig1=:", "sig1=:AAAA")
    with denied(rules.UNAUTHENTICATED):
        bench.call(short)


@pytest.mark.parametrize(
    "covered",
    [
        ("@target-uri", "content-digest"),
        ("@method", "content-digest"),
        ("@method", "@path", "content-digest"),
        ("@method", "@query", "content-digest"),
        ("@method", "@authority", "content-digest"),
    ],
)
def test_a_signature_that_leaves_out_what_matters_is_refused(
    bench: Bench, covered: tuple[str, ...]
) -> None:
    signed = settle(bench).sign(bench.clock(), covered=covered)
    with denied(rules.SIGNATURE_COVERS):
        bench.call(signed)


@pytest.mark.parametrize("field", ["Idempotency-Key", "If-Match"])
def test_a_field_that_changes_the_meaning_must_be_covered(bench: Bench, field: str) -> None:
    signer = settle(bench)
    with denied(rules.SIGNATURE_COVERS):
        bench.call(sending(signer.sign(bench.clock()), (field, '"x"')))
    view = sending(REQUEST, (field, '"x"'))
    bench.call(signer.sign(bench.clock(), view, covered=(*COVERED, field.lower())))


def test_a_covered_field_that_was_taken_away_is_refused(bench: Bench) -> None:
    view = sending(REQUEST, ("If-Match", '"x"'))
    signed = settle(bench).sign(bench.clock(), view, covered=(*COVERED, "if-match"))
    with denied(rules.SIGNATURE_COVERS):
        bench.call(without(signed, "if-match"))


def test_a_field_that_was_added_to_a_covered_one_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock(), covered=(*COVERED, "content-type"))
    with denied(rules.UNAUTHENTICATED):
        bench.call(sending(signed, ("Content-Type", "text/plain")))


def test_a_duplicated_label_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    for field in ("Signature-Input", "Signature"):
        again = (field, signed.values(field.lower())[0])
        with denied(rules.SIGNATURE_FORM):
            bench.call(sending(signed, again))


def test_a_duplicated_parameter_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.SIGNATURE_FORM):
        bench.call(changed(signed, "signature-input", ";tag=", ';nonce="aaaaaaaaaaaaaaaa";tag='))


def test_two_signatures_for_us_are_refused(bench: Bench) -> None:
    signer = settle(bench)
    first = signer.sign(bench.clock())
    second = signer.sign(bench.clock(), label="sig2")
    extra = [(name, second.values(name)[0]) for name in ("signature-input", "signature")]
    with denied(rules.SIGNATURE_FORM):
        bench.call(sending(first, *extra))


def test_a_signature_of_someone_on_the_way_is_passed_over(bench: Bench) -> None:
    first = settle(bench).sign(bench.clock())
    second = Signer(key_id="gateway").sign(bench.clock(), tag="gateway", label="g")
    extra = [(name, second.values(name)[0]) for name in ("signature-input", "signature")]
    bench.call(sending(first, *extra))


def test_a_signature_without_our_tag_is_refused(bench: Bench) -> None:
    signer = settle(bench)
    for tag in (None, "other"):
        with denied(rules.SIGNATURE_FORM):
            bench.call(signer.sign(bench.clock(), tag=tag))


@pytest.mark.parametrize("nonce", [None, "short", "n" * 129])
def test_a_signature_without_a_usable_nonce_is_refused(bench: Bench, nonce: str | None) -> None:
    signed = settle(bench).sign(bench.clock(), nonce=nonce)
    with denied(rules.SIGNATURE_FORM):
        bench.call(signed)


@pytest.mark.parametrize("key_id", ["", "kaede-bank", "kaede-bank/", "a/b/c", "../x"])
def test_a_key_id_that_names_no_caller_is_refused(bench: Bench, key_id: str) -> None:
    with denied(rules.SIGNATURE_FORM):
        bench.call(Signer(key_id=key_id).sign(bench.clock()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (";created=", ";created=1;created2="),
        (';tag="warifu"', ';tag="warifu";extra=1'),
        (';tag="warifu"', ";tag=warifu"),
        ('"@method"', '"@method";req'),
        ('"@method"', '"@method" "@method"'),
        ('"@method"', "@method"),
        ('"@method"', '"@Method"'),
        ('"@method"', " ".join(f'"x{n}"' for n in range(40))),
        ('("@method"', '"@method"'),
        ("sig1=(", "sig2=("),
        ("sig1=(", "é=("),
        (";alg=", ";alg=1;b="),
    ],
    ids=range(12),
)
def test_a_signature_input_in_another_form_is_refused(bench: Bench, old: str, new: str) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.SIGNATURE_FORM):
        bench.call(changed(signed, "signature-input", old, new))


@pytest.mark.parametrize("name", ["@status", "@query-param", "@unknown", "@signature-params"])
def test_a_derived_component_that_a_request_has_not_is_refused(bench: Bench, name: str) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.SIGNATURE_COVERS):
        bench.call(changed(signed, "signature-input", '"@method"', f'"@method" "{name}"'))


@pytest.mark.parametrize("value", ["a\x00b", "naïve", "a\x7fb"])
def test_a_covered_value_that_has_two_readings_is_refused(bench: Bench, value: str) -> None:
    signed = settle(bench).sign(bench.clock(), covered=(*COVERED, "content-type"))
    with denied(rules.SIGNATURE_FORM):
        bench.call(changed(signed, "content-type", "application/json", value))


def test_a_signature_field_of_any_length_is_refused_cheaply(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.SIGNATURE_FORM):
        bench.call(changed(signed, "signature-input", '"@method"', '"@method"' + " " * 9000))
    with denied(rules.SIGNATURE_FORM):
        bench.call(changed(signed, "signature", "sig1=", "a=1, b=1, c=1, d=1, e=1, sig1="))


def test_a_signature_without_its_input_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    for field in ("signature-input", "signature"):
        with denied(rules.SIGNATURE_FORM):
            bench.call(without(signed, field))


def test_a_key_beside_a_signature_is_refused(bench: Bench) -> None:
    signed = settle(bench).sign(bench.clock())
    with denied(rules.ONE_CREDENTIAL):
        bench.call(sending(signed, ("Authorization", "Bearer x")))


@pytest.mark.parametrize("junk", [b"", b"junk", bytes(64)])
def test_a_file_that_holds_no_key_is_refused(junk: bytes) -> None:
    with misuse(rules.CREDENTIAL_FILE):
        registering.public_key_credential(junk)


def test_a_key_that_no_algorithm_of_ours_takes_is_refused() -> None:
    for key in (
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose
    ):
        with misuse(rules.CREDENTIAL_FILE):
            registering.public_key_credential(Signer("rsa-pss-sha512", key=key).spki)


def test_the_window_and_the_memory_of_nonces_fit_together() -> None:
    assert timedelta(seconds=2 * signature.MAX_AGE_SECONDS) < signature.NONCE_MARGIN
