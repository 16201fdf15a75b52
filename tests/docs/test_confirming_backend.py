"""The guide's second backend before the real service: from a code at the counter to a receipt."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode, b64encode, urlsafe_b64decode
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cli.runner import run
from tests.service.confirming.counter import behind_display
from tests.service.verifying.customers import each_use_by_biometrics
from warifu.base.codec.cbor import encode_deterministic
from warifu.demo import service_acts
from warifu.demo.server import STAFF, TENANT, Setup, free_port, running
from warifu.demo.service_play import Play, demo_rules
from warifu.demo.world import World
from warifu.handset.activation import Activation
from warifu.handset.authority import PrivateKey, new_key, spki
from warifu.handset.confirmation import CHANGED_MIND, NOT_ME
from warifu.handset.reference_checks import Pinned
from warifu.handset.reference_client import ReferenceClient
from warifu.handset.user_authentication import BIOMETRIC, STATEMENT_TYPE, SignedDraft, statement

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "confirming_backend.py"
SCOPES = ("enrol", "authenticate", "confirm", "read", "ledger")
SETUP = Setup(staff={**STAFF, "backend": SCOPES}, signs=True)
CLERK = "the clerk's own"
VERIFIER = f"warifu/{TENANT}"
NUMBERS = count(1)
START_SECONDS, RECEIPT_SECONDS = 20, 20
MOST_LINES = 140
PAYEE = {
    "name": "タナカ タロウ",
    "name_check": "matches",
    "bank": "0009",
    "branch": "123",
    "account": "7654321",
}
TRY_AGAIN = {"state": "try-again", "says": ["最初からもう一度お試しください。"]}


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """The real server with signing keys, an app, and the shipped rules for its test world."""
    world = World()
    with running(world, SETUP) as server:
        made = Play(world, server)
        service_acts.open_for_business(made)
        made.observe(demo_rules())
        service_acts.put_in_force(made)
        yield made


class Backend:
    """The example as a process of its own, and whoever speaks to it."""

    def __init__(self, play: Play) -> None:
        port = free_port()
        kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        given = {"WARIFU_URL": play.server.address.url, "WARIFU_KEY": play.backend.key}
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLE],
            env={**kept, **given, "PORT": str(port), "CLERK": CLERK},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.line = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=START_SECONDS, trust_env=False
        )
        until = monotonic() + START_SECONDS
        while True:
            try:
                self.line.post("/nothing", json={})
                return
            except httpx2.TransportError:
                assert monotonic() < until
                sleep(0.05)

    def app(self, path: str, **sent: Any) -> Any:
        return self.line.post(path, json=sent).json()

    def desk(self, path: str, **sent: Any) -> Any:
        return self.line.post(path, json=sent, headers={"Clerk": CLERK}).json()

    def file(self, path: str, **sent: Any) -> bytes:
        return self.line.post(path, json=sent).content

    def close(self) -> None:
        self.line.close()
        self.process.terminate()
        self.process.wait(START_SECONDS)


@pytest.fixture
def backend(play: Play) -> Iterator[Backend]:
    started = Backend(play)
    yield started
    started.close()


class Phone:
    """Somebody's Android phone: one key that unlocks by finger, one behind its trusted display."""

    def __init__(self, play: Play, backend: Backend) -> None:
        self.play, self.backend = play, backend
        self.lock, self.display = new_key(), new_key()
        self.user = f"customer-{next(NUMBERS)}"
        self.device = f"{self.user}-phone"
        self.phone = self.session = ""

    def scan(self, code: str) -> Activation:
        pinned = (pinned_key(self.play),)
        app = Activation(pinned=pinned, verifier=VERIFIER)
        app.scan(code, now=datetime.now(UTC))
        return app

    def ready(self, key: PrivateKey, kind: str, change: Any) -> tuple[str, str]:
        """As far as the clerk's comparison; the activation, and what the phone shows."""
        begun = self.backend.desk("/activate", user=self.user, device=self.device)
        app, name = self.scan(begun["code"]), begun["id"]
        commitment = text(app.commitment(spki(key)))
        nonce = self.backend.app("/commit", activation=name, commitment=commitment)["nonce"]
        made = self.play.android.attest(challenge=app.challenge, made_at=datetime.now(UTC), key=key)
        change(made)
        evidence = {
            "media_type": "application/pem-certificate-chain",
            "data": text(made.pem()),
        }
        told = self.backend.app(
            "/prove", activation=name, nonce=text(app.nonce), kind=kind, evidence=evidence
        )
        assert told == {"state": "proved", "says": []}
        digits = app.digits(spki(key), b64decode(nonce))
        # A key behind the display signs nothing but what it showed.
        word = None if kind == "protected-confirmation" else text(app.confirmed_by(key, digits))
        told = self.backend.app("/agree", activation=name, digits=digits, proof=word)
        assert told == {"state": "device-confirmed"}
        return name, digits

    def enrol(self) -> Phone:
        for key, kind, change in (
            (self.lock, "device-key", each_use_by_biometrics),
            (self.display, "protected-confirmation", behind_display),
        ):
            name, digits = self.ready(key, kind, change)
            told = self.backend.desk("/compare", activation=name, digits=digits)
            assert told == {"state": "confirmed"}
            self.phone = name
        return self

    def log_in(self) -> Phone:
        asked = self.backend.app("/question", phone=self.phone)
        context = encode_deterministic(
            [
                *("warifu-context-v1", asked["verifier"], asked["channel"], asked["purpose"]),
                *(
                    self.user,
                    self.device,
                    b64decode(asked["operation"]),
                    b64decode(asked["challenge"]),
                ),
            ]
        )
        said = SignedDraft(
            type=STATEMENT_TYPE, payload=statement(context, BIOMETRIC, int(time())), key=self.lock
        )
        told = self.backend.app(
            "/login", phone=self.phone, method="statement", data=text(said.encode())
        )
        self.session = told["session"]
        return self

    def transfer(self, amount: int = 10_000) -> Any:
        return self.backend.app("/transfer", session=self.session, amount=amount, payee=PAYEE)

    def answer(self, told: Any, reason: int | None = None) -> Any:
        """Approve what was shown, or refuse for a reason."""
        client = ReferenceClient(
            pinned=Pinned(verifier=VERIFIER, code_keys=(), hpke_keys={}),
            user=self.user,
            device=self.device,
            kind="protected-confirmation",
            key=self.display,
            refusal_key=self.lock,
        )
        screen: list[str] = []
        data = told["transaction"]
        asked = client.ask(
            urlsafe_b64decode(data + "=" * (-len(data) % 4)), int(time()), screen.append
        )
        assert "タナカ タロウ" in "".join(screen)
        approved = reason is None
        proof = client.approve(asked) if reason is None else client.refuse(asked, reason)
        return self.backend.app(
            "/answer",
            session=self.session,
            transaction=told["id"],
            proof={
                "kind": "protected-confirmation" if approved else "device-key",
                "data": text(proof),
            },
        )


@pytest.fixture
def phone(play: Play, backend: Backend) -> Phone:
    """Bound and logged in."""
    return Phone(play, backend).enrol().log_in()


def text(octets: bytes) -> str:
    return b64encode(octets).decode()


def pinned_key(play: Play) -> bytes:
    """The key for codes, which is compiled into the app."""
    keys = play.backend.call("GET", "/v1/keys").document["keys"]
    found = next(each for each in keys if each["purpose"] == "activation")
    x, y = (int.from_bytes(urlsafe_b64decode(found[name] + "=")) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_the_backend_is_short() -> None:
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= MOST_LINES


def test_from_a_code_to_money_that_moves_once(phone: Phone, backend: Backend) -> None:
    asked = phone.transfer()
    assert phone.answer(asked) == {
        "state": "approved",
        "methods": [],
        "code": None,
        "case": None,
        "says": [],
    }
    booked = backend.desk("/carry_out")
    assert asked["id"] in booked
    assert backend.desk("/carry_out") == booked, "nothing is due any more"


def test_the_receipt_is_checked_without_asking_anybody(
    phone: Phone, play: Play, backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = phone.transfer()
    phone.answer(asked)
    file, log = tmp_path / "receipt.cbor", tmp_path / "log.keys"
    log.write_text("\n".join(play.backend.call("GET", "/v1/ledger/checkpoint").document["keys"]))
    trust = ("--trust", play.server.places.trust, "--realm", "test")
    line = ("receipt", "verify", file, "--log-key", log, *trust, "--strict")
    until = monotonic() + RECEIPT_SECONDS
    while True:
        file.write_bytes(backend.file("/receipt", session=phone.session, transaction=asked["id"]))
        checked = run(capsys, *line)
        if checked.status != 3 or monotonic() > until:
            break
        sleep(0.2)  # pending: the log is extended once a second
    assert checked.status == 0, checked
    altered = bytearray(file.read_bytes())
    altered[len(altered) // 2] ^= 1
    file.write_bytes(altered)
    assert run(capsys, *line).status == 1


def test_a_refusal_moves_nothing(phone: Phone, backend: Backend) -> None:
    asked = phone.transfer()
    assert phone.answer(asked, CHANGED_MIND)["state"] == "refused"
    assert asked["id"] not in backend.desk("/carry_out")


def test_digits_that_differ_bind_nothing(play: Play, backend: Backend) -> None:
    phone = Phone(play, backend)
    name, digits = phone.ready(phone.lock, "device-key", each_use_by_biometrics)
    other = f"{(int(digits) + 1) % 10**8:08}"
    assert backend.desk("/compare", activation=name, digits=other) == TRY_AGAIN
    bindings = play.backend.call("GET", f"/v1/bindings?user={phone.user}")
    assert bindings.document["items"] == []
    assert backend.desk("/compare", activation=name, digits=digits) == {"state": "confirmed"}


def test_only_a_clerk_issues_codes_and_compares(backend: Backend) -> None:
    assert backend.app("/activate", user="mallory", device="mallorys-phone") == TRY_AGAIN
    assert backend.app("/carry_out") == TRY_AGAIN


def test_nobody_answers_or_reads_what_others_were_asked(phone: Phone, backend: Backend) -> None:
    asked = phone.transfer()
    sent = {"session": "a stranger's", "transaction": asked["id"]}
    assert backend.app("/answer", **sent, proof={}) == TRY_AGAIN
    assert backend.app("/receipt", **sent) == TRY_AGAIN


def test_not_me_holds_the_money_and_ends_the_session(phone: Phone, play: Play) -> None:
    approved = phone.transfer()
    assert phone.answer(approved)["state"] == "approved"
    asked = phone.transfer()
    told = phone.answer(asked, NOT_ME)
    assert told["state"] == "refused"
    assert told["case"]
    assert phone.transfer() == TRY_AGAIN, "the session is ended"
    later = phone.log_in().transfer()
    assert phone.answer(later) == TRY_AGAIN, "confirming/held"
    assert approved["id"] not in phone.backend.desk("/carry_out"), "nor what was approved before"
    closed = play.backend.call("POST", f"/v1/cases/{told['case']}/close", {"note": "called her"})
    assert closed.code is None
    assert approved["id"] in phone.backend.desk("/carry_out")
