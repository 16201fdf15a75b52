"""The integrator's guide says what is so: both backends serve, and each evidence is as accepted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import msgspec
import pytest

from warifu.demo import phones, service_acts
from warifu.demo.backend import Transaction, octets
from warifu.demo.server import free_port, running
from warifu.demo.service_play import Play, demo_rules
from warifu.demo.world import World
from warifu.handset import android_key, play_integrity, webauthn
from warifu.handset.authority import spki
from warifu.service.conduct.confirming.asked import TransactionRequest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
ENGLISH, JAPANESE = ROOT / "docs" / "integrators.md", ROOT / "docs" / "ja" / "integrators.md"
GUIDES = pytest.mark.parametrize("guide", [ENGLISH, JAPANESE], ids=["en", "ja"])
KNOWN_PAYEE = "0009-123-7654321"
MOST_LINES = 60
START_SECONDS = 20
TRY_AGAIN = {"outcome": "try-again", "says": ["最初からもう一度お試しください。"]}

Evidence = Callable[..., phones.Evidence]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """The real server with an app, and the shipped rules for its test world in force."""
    world = World()
    with running(world) as server:
        made = Play(world, server)
        service_acts.open_for_business(made)
        made.observe(demo_rules())
        service_acts.put_in_force(made)
        yield made


@pytest.fixture
def phone(play: Play) -> Evidence:
    return partial(phones.android_evidence, play.android)


def environment(play: Play, **more: str) -> dict[str, str]:
    key = play.backend.key
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return {**kept, "WARIFU_URL": play.server.address.url, "WARIFU_KEY": key, **more}


@pytest.mark.parametrize("name", ["bank_backend.py", "bank_backend.sh"])
def test_a_backend_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text("utf-8").splitlines()) <= MOST_LINES


class Backend:
    """The example in Python, and the bank's app before it."""

    def __init__(self, play: Play, *, url: str | None = None) -> None:
        self.port = free_port()
        changed = {"PORT": str(self.port)} | ({"WARIFU_URL": url} if url else {})
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLES / "bank_backend.py"],
            env=environment(play, **changed),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.app = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Session": "s3cret"},
            timeout=START_SECONDS,
            trust_env=False,
        )
        until = monotonic() + START_SECONDS
        while monotonic() < until:
            try:
                self.app.post("/begin", json={})
                return
            except httpx2.TransportError:
                sleep(0.05)
        raise TimeoutError

    def begin(self, amount: int, payee: str = KNOWN_PAYEE) -> dict[str, Any]:
        answer: dict[str, Any] = self.app.post(
            "/begin", json={"amount": amount, "payee": payee}
        ).json()
        return answer

    def finish(self, evidence: phones.Evidence, **more: Any) -> dict[str, Any]:
        body = {"evidence": octets(evidence), **more}
        answer: dict[str, Any] = self.app.post("/finish", json=body).json()
        return answer

    def transfer(self, phone: Evidence, amount: int, payee: str = KNOWN_PAYEE) -> dict[str, Any]:
        begun = self.begin(amount, payee)
        return self.finish(phone(phones.the_bytes(begun["challenge"])))

    def close(self) -> str:
        self.app.close()
        self.process.terminate()
        said, _ = self.process.communicate(timeout=START_SECONDS)
        return said.decode()


@pytest.fixture
def backend(play: Play) -> Iterator[Backend]:
    started = Backend(play)
    yield started
    started.close()


def test_the_backend_transfers_for_an_honest_phone(backend: Backend, phone: Evidence) -> None:
    assert backend.transfer(phone, 10_000) == {
        "outcome": "serve",
        "methods": [],
        "limit": None,
        "says": [],
    }


def test_the_backend_says_what_the_customer_must_do(backend: Backend, phone: Evidence) -> None:
    stepped = backend.transfer(phone, 10_000, payee="a new payee")
    assert stepped["outcome"] == "step-up"
    assert stepped["methods"] == ["transaction-confirmation"]
    assert stepped["says"] == ["はじめての振込先です。表示された内容を確認して、承認してください。"]
    limited = backend.transfer(phone, 150_000)
    assert limited["outcome"] == "limit"
    assert limited["limit"] == {"amount": 100_000, "currency": "JPY"}
    assert limited["says"] == ["10万円以下にするか、高額振込の手続でお申し込みください。"]


def test_the_backend_refuses_an_unlocked_phone(backend: Backend, phone: Evidence) -> None:
    refused = backend.transfer(partial(phone, unlocked=True), 10_000)
    assert refused["outcome"] == "refuse"
    assert len(refused["says"]) == 1


def test_the_app_cannot_answer_twice_nor_change_the_amount(
    backend: Backend, phone: Evidence
) -> None:
    begun = backend.begin(10_000)
    evidence = phone(phones.the_bytes(begun["challenge"]))
    assert backend.finish(evidence, operation={"amount": 1})["outcome"] == "try-again"
    begun = backend.begin(10_000)
    evidence = phone(phones.the_bytes(begun["challenge"]))
    assert backend.finish(evidence)["outcome"] == "serve"
    assert backend.finish(evidence) == TRY_AGAIN
    backend.begin(90_000)
    assert backend.finish(evidence)["outcome"] == "refuse", "evidence for another challenge"


def test_evidence_in_no_known_form_serves_nothing_and_is_logged(backend: Backend) -> None:
    backend.begin(10_000)
    assert backend.finish({"media_type": "application/unheard-of", "data": b"?"}) == TRY_AGAIN
    assert "evidence/known-media-type" in backend.close()


def test_the_backend_serves_nobody_where_the_service_is_down(play: Play) -> None:
    alone = Backend(play, url=f"http://127.0.0.1:{free_port()}")
    try:
        assert alone.begin(10_000) == TRY_AGAIN
    finally:
        alone.close()


def test_a_request_whose_answer_was_lost_is_carried_out_once(play: Play, phone: Evidence) -> None:
    """The line breaks after the service has answered; the backend asks again by itself."""
    with losing_answers(play, "/v1/decisions") as (url, keys):
        backend = Backend(play, url=url)
        try:
            assert backend.transfer(phone, 10_000)["outcome"] == "serve"
        finally:
            backend.close()
    assert len(keys) == 2
    assert len(set(keys)) == 1


def curl(play: Play, folder: Path, phone: Evidence, *line: str, **changed: str) -> tuple[int, str]:
    """The example in curl; the phone is a command that asks this process."""
    with answering(lambda path: json.dumps(octets(phone(phones.the_bytes(path[1:]))))) as url:
        command = folder / "phone"
        command.write_text(f'#!/bin/sh\nexec curl -s "{url}/$1"\n')
        command.chmod(0o700)
        done = subprocess.run(
            ["sh", EXAMPLES / "bank_backend.sh", *line],
            env={**environment(play, PHONE=str(command)), **changed},
            capture_output=True,
            timeout=60,
            check=False,
        )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_the_same_in_curl(play: Play, phone: Evidence, tmp_path: Path) -> None:
    status, said = curl(play, tmp_path, phone, "10000", KNOWN_PAYEE)
    assert status == 0, said
    assert re.search(r"transferred 10000 to 0009-123-7654321 \(decision [0-9a-f-]{36}\)", said)
    status, said = curl(play, tmp_path, phone, "10000", "a new payee")
    assert status == 1, said
    assert "はじめての振込先です。" in said
    assert "needs transaction-confirmation" in said
    status, said = curl(play, tmp_path, phone, "150000", KNOWN_PAYEE)
    assert (status, said.splitlines()[1:]) == (1, ["at most 100000 JPY"])
    status, said = curl(play, tmp_path, partial(phone, unlocked=True), "10000", KNOWN_PAYEE)
    assert (status, len(said.splitlines())) == (1, 1)


def test_curl_decides_nothing_on_a_problem(play: Play, phone: Evidence, tmp_path: Path) -> None:
    status, said = curl(play, tmp_path, phone, "10000", KNOWN_PAYEE, WARIFU_KEY="nobody's")
    assert status == 2
    assert "401 callers/unauthenticated" in said
    status, said = curl(play, tmp_path, phone, "-1", KNOWN_PAYEE)
    assert status == 2
    assert "400 request/well-formed" in said


@contextmanager
def answering(answer: Callable[[str], str]) -> Iterator[str]:
    """A server of this process that answers GET by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        yield url


@contextmanager
def losing_answers(play: Play, path: str) -> Iterator[tuple[str, list[str]]]:
    """A line to the service on which the first answer for a path is lost; the keys it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = ("Authorization", "Content-Type", "Idempotency-Key")
            headers = {name: self.headers[name] for name in names}
            url = f"{play.server.address.url}{self.path}"
            answer = httpx2.post(url, content=body, headers=headers, trust_env=False)
            if self.path == path:
                seen.append(headers["Idempotency-Key"])
                if len(seen) == 1:
                    return
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        yield url, seen


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def play_integrity_token(challenge: bytes, *, signed_with: Any) -> phones.Evidence:
    verdict = play_integrity.honest_verdict()
    verdict["requestDetails"]["requestHash"] = webauthn.base64url(challenge)
    stamp = str(int(datetime.now(UTC).timestamp() * 1000))
    verdict["requestDetails"]["timestampMillis"] = stamp
    device = play_integrity.PlayIntegrityDevice(
        verdict=verdict, decryption_key=bytes(32), signing_key=signed_with
    )
    return {"media_type": "application/vnd.warifu.play-integrity", "data": device.token()}


@pytest.fixture(scope="module")
def accepted(play: Play) -> dict[str, phones.Evidence]:
    """By media type: evidence of each format as the running service has just accepted it."""
    signer = play_integrity.PlayIntegrityDevice().signing_key
    shown: dict[str, phones.Evidence] = {}

    def kept(make: Evidence, challenge: bytes) -> phones.Evidence:
        made = make(challenge)
        shown[made["media_type"]] = {**made, "challenge": challenge}
        return made

    login = Transaction(user="ren", device="ren-phone", kind="login", amount=None)
    for make in (
        partial(phones.android_evidence, play.android),
        play.iphone.registration,
        play.iphone.assertion,
        play.passkey.registration,
        play.passkey.assertion,
    ):
        named = Transaction(
            user="ren",
            device=f"ren-{type(getattr(make, '__self__', play)).__name__}",
            kind="login",
            amount=None,
        )
        answer = play.register(named, partial(kept, make))
        assert answer.document["verdict"] == "accepted", answer.document
    registered = play.server.callers["sato"].call(
        "POST",
        "/v1/apps",
        {
            "id": "wallet-play",
            "name": "The same with Play Integrity",
            "realm": "test",
            "android": {
                "package": android_key.PACKAGE,
                "signers": [play_integrity.SIGNER.hex()],
            },
            "play_integrity": {
                "decryption_key": b64encode(bytes(32)).decode(),
                "verification_key": b64encode(spki(signer)).decode(),
            },
        },
    )
    assert registered.status == 201, registered.document
    asked = {**login.asked(), "app": "wallet-play"}
    issued = play.backend.call("POST", "/v1/challenges", asked).document
    token = partial(play_integrity_token, signed_with=signer)
    made = kept(token, phones.the_bytes(issued["challenge"]))
    body = {**asked, "challenge": issued["id"], "evidence": octets(made)}
    answer = play.backend.call("POST", "/v1/evidence", body)
    assert answer.document["verdict"] == "accepted", answer.document
    return shown


@GUIDES
def test_the_evidence_of_the_guide_has_the_form_that_is_accepted(
    guide: Path, accepted: dict[str, phones.Evidence]
) -> None:
    shown = [json.loads(block) for block in blocks(guide, "json") if "media_type" in block]
    forms = {each["media_type"]: set(each) for each in shown}
    assert forms == {media_type: set(made) - {"challenge"} for media_type, made in accepted.items()}


def test_what_the_guide_says_of_client_data_is_so(accepted: dict[str, phones.Evidence]) -> None:
    assertion = accepted["application/vnd.warifu.app-attest-assertion+cbor"]
    signed = json.loads(assertion["client_data"])
    assert signed["challenge"] == webauthn.base64url(assertion["challenge"])
    passkey = accepted["application/vnd.warifu.webauthn+json"]
    assert json.loads(passkey["data"])["response"].keys() == {
        "clientDataJSON",
        "authenticatorData",
        "signature",
    }


@GUIDES
def test_the_requests_and_answers_of_the_guide_are_those_of_the_interface(
    guide: Path, play: Play, phone: Evidence
) -> None:
    shown = [json.loads(block) for block in blocks(guide, "json") if "media_type" not in block]
    registration, challenge, issued, decision, problem, transaction = shown
    assert msgspec.convert(transaction, TransactionRequest).user == challenge["user"]
    name = f"wallet-{guide.parent.name}"
    registered = play.server.callers["sato"].call(
        "POST", "/v1/apps", {**registration, "id": name, "realm": "test"}
    )
    assert registered.status == 201, registered.document
    answer = play.backend.call("POST", "/v1/challenges", challenge)
    assert answer.document.keys() == issued.keys()
    asked = {
        **challenge,
        "challenge": answer.document["id"],
        "evidence": octets(phone(phones.the_bytes(answer.document["challenge"]))),
        "bank": {
            "user": {"verified": True, "confirmed": False},
            "binding": {"bound": True},
            "account": {"limit_left": 500_000, "recovering": False},
        },
    }
    made = play.backend.call("POST", "/v1/decisions", asked).document
    assert made.keys() == decision.keys()
    assert made["outcome"] == decision["outcome"]
    assert made["reasons"] == decision["reasons"]
    again = play.backend.call("POST", "/v1/decisions", asked).document
    assert again == problem


@GUIDES
def test_every_code_and_link_of_the_guide_exists(guide: Path) -> None:
    text = guide.read_text("utf-8")
    known = (ROOT / "docs" / "errors.md").read_text("utf-8")
    codes = set(
        re.findall(r"`((?:challenge|evidence|request|callers|limits|appraisal)/[a-z-]+)`", text)
    )
    assert len(codes) > 5
    assert {code for code in codes if f"`{code}`" not in known} == set()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (guide.parent / target).exists(), target


def test_both_guides_show_the_same() -> None:
    for language in ("json", "sh", "kotlin", "swift", "javascript"):
        english, japanese = (
            [re.sub(r" +(//|#).*", "", block) for block in blocks(guide, language)]
            for guide in (ENGLISH, JAPANESE)
        )
        assert english == japanese
    sections = [guide.read_text("utf-8").count("\n## ") for guide in (ENGLISH, JAPANESE)]
    assert sections[0] == sections[1]


def blocks(guide: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
