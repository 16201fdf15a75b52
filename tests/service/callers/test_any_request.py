"""Whatever a request carries: a caller comes out, or one error of the tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.service.callers.calling import PROXY, REQUEST, sending
from tests.service.house import START
from warifu.base.errors import Denied
from warifu.service.callers.api_key import read_authorization
from warifu.service.callers.certificate import read_client_certificate
from warifu.service.callers.request import origin_of
from warifu.service.callers.signature import read_signature
from warifu.service.settings import ProxySettings

TRUSTED = ProxySettings(trusted=(PROXY,))
LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
CREATED = int(START.timestamp())
PIECES = st.lists(
    st.sampled_from(
        [
            *('sig1=("@method" "@target-uri")', f";created={CREATED}", ';tag="warifu"'),
            *(';nonce="0123456789abcdef"', ';alg="ed25519"', "sig1=:AAAA:", "sig1", "sig1=?1"),
            ';keyid="kaede-bank/01a2003e-ffff-7c49-961d-674e50fec041"',
            *("(", ")", '"', ";", "=", ",", " ", ":", "a=1", "(())", "*", "\x00", "é", "9" * 20),
        ]
    ),
    max_size=12,
).map("".join)
VALUES = st.one_of(LATIN, PIECES)
FIELDS = st.sampled_from(
    [
        *("authorization", "client-cert", "warifu-caller", "signature", "signature-input"),
        *("content-digest", "host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"),
    ]
)
HEADERS = st.lists(st.tuples(FIELDS, VALUES), max_size=8)


@given(HEADERS, st.sampled_from([PROXY, "192.0.2.1", "", "::1%eth0", None]), LATIN, LATIN)
def test_any_fields_are_read_or_refused(
    headers: list[tuple[str, str]], peer: str | None, path: str, query: str
) -> None:
    view = sending(REQUEST, *headers, peer=peer, path=path, query=query)
    origin = origin_of(view, TRUSTED)
    for read in (
        lambda: read_authorization(view.values("authorization")),
        lambda: read_client_certificate(view),
        lambda: read_signature(view, origin, START),
    ):
        try:
            read()
        except Denied as error:
            assert error.code.startswith("callers/")  # noqa: PT017 - success is allowed, too
