"""A bank's backend: it binds phones, asks who is there, has transfers confirmed, keeps receipts."""

import json
import os
from time import sleep
from urllib.request import Request, urlopen
from wsgiref.simple_server import make_server

NAMES = ("WARIFU_URL", "WARIFU_KEY", "PORT", "CLERK")
WARIFU, KEY, PORT, CLERK = (os.environ[name] for name in NAMES)
PHONES, QUESTIONS, SESSIONS, ASKED, BOOKED = {}, {}, {}, {}, {}  # in a real bank: tables
KNOWN = {"account": {"limit_left": 500_000, "recovering": False}, "powers": []}
RECEIPT = "application/vnd.warifu.receipt+cbor"


def ask(path, body=None, accept="application/json"):
    """One request: POST where there is a body. Each attempt has the same idempotency key."""
    headers = {"Authorization": f"Bearer {KEY}", "Accept": accept}
    headers |= {"Content-Type": "application/json", "Idempotency-Key": os.urandom(16).hex()}
    request = Request(WARIFU + path, None if body is None else json.dumps(body).encode(), headers)
    for pause in (0.5, 1, 2, None):
        try:
            answer = urlopen(request, timeout=10).read()
            return answer if accept == RECEIPT else json.loads(answer)
        except OSError as error:  # a status; or no answer, and then it may have been carried out
            if pause is None or getattr(error, "code", 503) not in {429, 500, 502, 503, 504}:
                raise
            sleep(float(getattr(error, "headers", {}).get("Retry-After", pause)))


# 1. Enrolment. Our digits never go to the phone: the customer reads out what the phone shows.
def activate(user, device):
    """A clerk, who knows who stands there, issues a code; the phone scans it from the screen."""
    begun = ask("/v1/activations", {"app": "wallet", "user": user, "device": device})
    PHONES[begun["id"]] = {"user": user, "device": device}
    return begun


def compare(activation, digits):
    """The clerk types what the customer reads out: the comparison that counts."""
    told = ask(f"/v1/activations/{activation}/confirm", {"side": "bank", "fingerprint": digits})
    return {"state": told["activation"]["state"]}


def commit(activation, commitment):
    told = ask(f"/v1/activations/{activation}/commitment", {"commitment": commitment})
    return {"nonce": told["nonce"]}


def prove(activation, nonce, kind, evidence):
    proof = {"nonce": nonce, "kind": kind, "evidence": evidence}
    told = ask(f"/v1/activations/{activation}/proof", proof)
    return {"state": told["state"], "says": [each["ja"] for each in told["reasons"]]}  # no digits


def agree(activation, digits, proof):
    said = {"side": "device", "fingerprint": digits, "proof": proof}
    return {"state": ask(f"/v1/activations/{activation}/confirm", said)["activation"]["state"]}


# 2. Who is there? A phone is known by the id of the activation that bound it.
def question(phone):
    about = {"app": "wallet", "operation": {"kind": "login"}, **PHONES[phone]}
    told = ask("/v1/verifications/challenges", about)
    QUESTIONS[phone] = {**about, "challenge": told["id"]}  # never taken from the app again
    return told


def login(phone, method, data):
    ask("/v1/verifications", {**QUESTIONS.pop(phone), "method": method, "data": data})
    session = os.urandom(16).hex()
    SESSIONS[session] = {"name": os.urandom(8).hex(), "who": PHONES[phone]}
    return {"session": session}


# 3. A transfer is asked, shown on the phone, answered; it comes to one outcome.
def transfer(session, amount, payee):
    who, name = SESSIONS[session]["who"], SESSIONS[session]["name"]
    asked = {"app": "wallet", **who, "kind": "transfer", "language": "ja", "bank": KNOWN}
    asked |= {"amount": {"minor": amount, "currency": "JPY"}, "payee": payee}
    asked |= {"payee_known": False, "created_by": {"device": who["device"], "session": name}}
    told = ask("/v1/transactions", asked)
    ASKED[told["id"]] = who
    return {each: told[each] for each in ("id", "transaction", "flags")}


def answer(session, transaction, proof):
    who = own(session, transaction)
    told = ask(f"/v1/transactions/{transaction}/answer", {"device": who["device"], "proof": proof})
    if told["case"]:  # "this was not me": end the session in which it was typed in
        for key in [key for key in SESSIONS if SESSIONS[key]["name"] == told["end_session"]]:
            del SESSIONS[key]
    says = [each["customer"]["ja"] for each in told["reasons"]]
    return {"says": says, **{each: told[each] for each in ("state", "methods", "code", "case")}}


def own(session, transaction):
    if ASKED[transaction] != SESSIONS[session]["who"]:
        raise KeyError(transaction)
    return ASKED[transaction]


# 4. Core banking, a job that may die anywhere: it books each id once, under one reference.
def carry_out():
    for due in ask("/v1/hand-offs")["items"]:
        ask(f"/v1/hand-offs/{due['id']}/take", {})
        reference = BOOKED.setdefault(due["id"], os.urandom(8).hex())  # of core banking
        ask(f"/v1/hand-offs/{due['id']}/acknowledge", {"reference": reference})
    return BOOKED


# 5. The receipt is the customer's: a file that anybody can check without asking us.
def receipt(session, transaction):
    own(session, transaction)
    return ask(f"/v1/transactions/{transaction}/receipt", accept=RECEIPT)


def backend(env, start):
    sent = json.loads(env["wsgi.input"].read(int(env["CONTENT_LENGTH"])))
    served = [commit, prove, agree, question, login, transfer, answer, receipt]
    if env.get("HTTP_CLERK") == CLERK:
        served += [activate, compare, carry_out]
    try:
        told = {f"/{each.__name__}": each for each in served}[env["PATH_INFO"]](**sent)
    except (OSError, KeyError, TypeError) as error:  # nothing was decided, so nothing is served
        print(repr(error), error.read() if hasattr(error, "read") else "", flush=True)
        told = {"state": "try-again", "says": ["最初からもう一度お試しください。"]}
    start("200 OK", [("Content-Type", "application/octet-stream")])
    return [told if isinstance(told, bytes) else json.dumps(told).encode()]


make_server("127.0.0.1", int(PORT), backend).serve_forever()
