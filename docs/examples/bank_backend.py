"""A bank's backend: the app asks for a transfer, its phone answers a challenge, warifu decides."""

import json
import os
from time import sleep
from urllib.request import Request, urlopen
from wsgiref.simple_server import make_server

WARIFU, KEY, PORT = (os.environ[name] for name in ("WARIFU_URL", "WARIFU_KEY", "PORT"))
SESSIONS = {"s3cret": {"app": "wallet", "user": "hanako", "device": "hanako-android"}}
PAID, PENDING, MOVED = {"0009-123-7654321"}, {}, {}  # in a real bank: tables


def ask(path, body):
    """One request. Each attempt has the same idempotency key, so it is carried out once."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    headers["Idempotency-Key"] = os.urandom(16).hex()
    request = Request(WARIFU + path, json.dumps(body).encode(), headers)
    for pause in (0.5, 1, 2, None):
        try:
            return json.load(urlopen(request, timeout=10))
        except OSError as error:  # a status; or no answer, and then it may have been carried out
            if pause is None or getattr(error, "code", 503) not in {429, 500, 502, 503, 504}:
                raise
            sleep(float(getattr(error, "headers", {}).get("Retry-After", pause)))


def begin(session, amount, payee):
    """The app wants a transfer: a challenge for exactly this one, and nothing moves yet."""
    todo = {"kind": "transfer", "amount": amount, "currency": "JPY", "payee_known": payee in PAID}
    asked = {**SESSIONS[session], "operation": todo, "context": {"payee": payee}}
    issued = ask("/v1/challenges", asked)
    PENDING[session] = {**asked, "challenge": issued["id"]}  # never taken from the app again
    return {"challenge": issued["challenge"]}


def finish(session, evidence):
    """The phone has answered: decide, act, and say what the customer can do."""
    bank = {"user": {"verified": True, "confirmed": False}, "binding": {"bound": True}}
    bank["account"] = {"limit_left": 500_000, "recovering": False}
    asked = {**PENDING.pop(session), "evidence": evidence, "bank": bank}
    decision = ask("/v1/decisions", asked)
    if decision["outcome"] == "serve":
        MOVED[decision["id"]] = asked["operation"]  # once for each decision
    says = [each["customer"]["ja"] for each in decision["reasons"] if not each["passed_over"]]
    return {**{name: decision[name] for name in ("outcome", "methods", "limit")}, "says": says}


def backend(env, start):
    sent = json.loads(env["wsgi.input"].read(int(env["CONTENT_LENGTH"])))
    try:
        answer = (begin if env["PATH_INFO"] == "/begin" else finish)(env["HTTP_SESSION"], **sent)
    except (OSError, KeyError, TypeError) as error:  # nothing was decided, so nothing is served
        print(repr(error), error.read() if hasattr(error, "read") else "", flush=True)
        answer = {"outcome": "try-again", "says": ["最初からもう一度お試しください。"]}
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


make_server("127.0.0.1", int(PORT), backend).serve_forever()
