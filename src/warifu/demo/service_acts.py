"""What is done in each act of the service: by a phone, by an attacker, by the bank's people."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.base.rule import Text
from warifu.demo import phones
from warifu.demo.backend import APP, Transaction
from warifu.demo.service_play import Told, demo_rules, stricter_rules, told
from warifu.handset import android_key, app_attest, webauthn

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.demo.backend import Answer
    from warifu.demo.service_play import Play

HANAKO = Transaction(user="hanako", device="hanako-android")
LARGER = Transaction(user="hanako", device="hanako-android", amount=80_000)
INFLATED = Transaction(user="hanako", device="hanako-android", amount=90_000)
MALLORY = Transaction(user="mallory", device="mallory-android")
UNLOCKED = Transaction(user="kenji", device="kenji-android")
TARO = Transaction(user="taro", device="taro-iphone")
TARO_LOGIN = Transaction(user="taro", device="taro-iphone", kind="login", amount=None)
YUKI_LOGIN = Transaction(user="yuki", device="yuki-passkey", kind="login", amount=None)


def open_for_business(play: Play) -> Told:
    """The bank registers its app."""
    registered = play.server.callers["sato"].call(
        "POST",
        "/v1/apps",
        {
            "id": APP,
            "name": "Kaede Bank",
            "realm": "test",
            "android": {"package": android_key.PACKAGE, "signers": [android_key.SIGNER.hex()]},
            "apple": {"app_id": app_attest.APP},
            "webauthn": {"rp_id": webauthn.RP_ID, "origins": [webauthn.ORIGIN]},
        },
    )
    return _done(registered, "registered")


def transfer(play: Play, asked: Transaction = HANAKO, *, confirmed: bool = False) -> Told:
    """The honest Android phone transfers money."""
    return told(play.decide(asked, _android(play), confirmed=confirmed))


def one_person_alone(play: Play) -> Told:
    """The author of a rule set tries to put it in force alone."""
    play.observe(demo_rules())
    return told(play.move("activate"))


def put_in_force(play: Play) -> Told:
    """Two others approve, and the rule set decides from then on."""
    play.approve("activate")
    return _done(play.move("activate"), play.stage())


def replay(play: Play) -> Told:
    """The request that was just served is sent once more."""
    return told(play.backend.call("POST", "/v1/decisions", play.sent))


def change_the_amount(play: Play) -> Told:
    """The challenge was for one amount; the decision is asked for another."""
    return told(play.decide(HANAKO, _android(play), instead=INFLATED))


def unlocked(play: Play) -> Told:
    """A phone with an unlocked bootloader."""
    evidence = partial(phones.android_evidence, phones.android_phone(play.world), unlocked=True)
    return told(play.decide(UNLOCKED, evidence))


def leaked_key(play: Play) -> Told:
    """A phone whose attestation key was on the list from the beginning."""
    return told(play.decide(MALLORY, partial(phones.android_evidence, play.leaked)))


def register_iphone(play: Play) -> Told:
    """App Attest: the key is attested once."""
    return told(play.register(TARO_LOGIN, play.iphone.registration))


def iphone_transfer(play: Play) -> Told:
    """App Attest: a transfer signed with the key."""
    return told(play.decide(TARO, partial(play.iphone.assertion, amount=TARO.amount)))


def altered_request(play: Play) -> Told:
    """App Attest: what was signed is not what arrives."""

    def evidence(challenge: bytes) -> phones.Evidence:
        signed = play.iphone.assertion(challenge, amount=TARO.amount)
        return {**signed, "client_data": signed["client_data"].replace(b"10000", b"90000")}

    return told(play.decide(TARO, evidence))


def register_passkey(play: Play) -> Told:
    """WebAuthn: the credential is registered."""
    return told(play.register(YUKI_LOGIN, play.passkey.registration))


def passkey_login(play: Play, origin: str = webauthn.ORIGIN) -> Told:
    """WebAuthn: a sign-in on a site."""
    return told(play.decide(YUKI_LOGIN, partial(play.passkey.assertion, origin=origin)))


def try_stricter(play: Play) -> Told:
    """A stricter rule set, tried on all decisions so far before it decides anything."""
    drafted = play.propose(stricter_rules())
    if drafted.code:
        return told(drafted)
    path = f"/v1/rule-sets/{play.digest}/dry-runs"
    tried = play.server.callers["sato"].call("POST", path, {})
    if tried.code:
        return told(tried)
    seen, totals = tried.document["seen"], tried.document["totals"]
    note = Text(
        ja=f"これまでの判定{seen}件を判定し直しました：変わらない{totals['same']}件、条件が厳しくなる"
        f"{totals['worse']}件、受けられなくなる{totals['loses']}件。",
        en=f"{seen} decisions decided again: {totals['same']} the same, {totals['worse']} worse,"
        f" {totals['loses']} would lose service.",
    )
    as_foreseen = totals["worse"] > 0 and totals["loses"] == 0
    return _done(tried, "tried" if as_foreseen else "surprise", note)


def shadow(play: Play) -> Told:
    """It runs beside the active one, and is only recorded."""
    moved = play.move("observe")
    if moved.code or play.stage() != "shadow":
        return told(moved)
    made = transfer(play, LARGER)
    path = f"/v1/rule-sets/{play.digest}/shadow"
    report = play.server.callers["sato"].call("GET", path)
    if report.code:
        return told(report)
    seen, worse = report.document["seen"], report.document["totals"]["worse"]
    note = Text(
        ja=f"並行判定の集計（GET /v1/rule-sets/…/shadow）：{seen}件中{worse}件で条件が"
        "厳しくなります。",
        en=f"What it said (GET /v1/rule-sets/…/shadow): {worse} of {seen} would be worse off.",
    )
    outcome = made.outcome if seen == worse == 1 else "surprise"
    return replace(made, outcome=outcome, notes=(*made.notes, note))


def confirmed_transfer(play: Play) -> Told:
    """The customer has confirmed what was shown, so the bank asks again."""
    return transfer(play, confirmed=True)


def revoke(play: Play) -> Told:
    """The maker revokes the phone's key; the service learns it and judges again."""
    known = tuple(map(phones.serial_of, (play.leaked, play.android)))
    play.learn(*known)
    again = {"operation": "transfer", "format": "android-key", "device": HANAKO.device}
    answer = play.backend.call("POST", "/v1/reappraisals", again)
    if answer.code:
        return told(answer)
    judged, fell = answer.document["judged"], answer.document["fell"]
    note = Text(
        ja=f"保管していた証拠{judged}件を評価し直し、{fell}件の評価が下がりました。",
        en=f"{judged} pieces of stored evidence judged again: {fell} are trusted less.",
    )
    return _done(answer, "fell" if fell == judged > 0 else "surprise", note)


def whose_key(play: Play) -> Told:
    """Which devices had the revoked key."""
    serial = f"{phones.serial_of(play.android):x}"
    answer = play.backend.call("GET", f"/v1/serials/{serial}")
    if answer.code:
        return told(answer)
    bearers = sorted({each["device"] for each in answer.document["items"][0]["bearers"]})
    named = ", ".join(bearers)
    note = Text(
        ja=f"シリアル番号{serial}の証明書を使用した端末：{named}",
        en=f"certificate {serial} was shown by: {named}",
    )
    return _done(answer, "found" if bearers == [HANAKO.device] else "surprise", note)


def pull_the_switch(play: Play) -> Told:
    """Transfers stop for everybody, by one person, at once."""
    thrown = play.server.callers["sato"].call("POST", "/v1/stops/transfer")
    if thrown.code:
        return told(thrown)
    signed = partial(play.iphone.assertion, amount=TARO.amount)
    return told(play.decide(TARO, signed, confirmed=True))


def _android(play: Play) -> Callable[[bytes], phones.Evidence]:
    return partial(phones.android_evidence, play.android)


def _done(answer: Answer, outcome: str, *notes: Text) -> Told:
    """What people did, where it was not refused."""
    if answer.code:
        return replace(told(answer), notes=notes)
    return Told(outcome=outcome, notes=notes, answer=answer.document)
