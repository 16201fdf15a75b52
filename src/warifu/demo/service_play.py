"""What the acts share: the running service, its callers, the phones, and what was kept."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.base.rule import Text
from warifu.demo import phones
from warifu.demo.backend import IN_ORDER, Answer, Transaction, octets
from warifu.service.conduct.governing.governance import standard_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.demo.phones import Evidence
    from warifu.demo.server import Server
    from warifu.demo.world import World

LEARN_SECONDS = 20
LOOK_SECONDS = 0.05
APPROVERS = ("suzuki", "tanaka")

STRICTER = """
[[rules]]
id = "every-transfer-confirmed"
operations = ["transfer"]
holds = "user.confirmed"
otherwise = { step_up = ["transaction-confirmation"] }
customer.ja = "表示された振込先と金額をご確認のうえ、承認してください。"
customer.en = "Please check payee and amount as shown, and confirm them."
analyst.ja = "すべての振込に取引認証を求めています。"
analyst.en = "Every transfer needs transaction confirmation now."

[[rules]]
id = "smaller-amount"
operations = ["transfer"]
holds = "operation.amount <= 50000"
otherwise = { limit = 50_000 }
customer.ja = "1回5万円以下の金額でお申し込みください。"
customer.en = "Please stay within 50,000 yen for each transfer."
analyst.ja = "1回当たりの上限を5万円に引き下げています。"
analyst.en = "The most that one transfer may move is 50,000 yen now."
"""


class Reason(Struct, frozen=True, kw_only=True):
    """One thing that stands in the way."""

    code: str
    customer: Text
    analyst: Text | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What came of an act."""

    outcome: str
    """Of a decision or evidence in its own word; ``problem`` where the request was refused."""
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Text, ...] = ()
    answer: dict[str, Any] = {}

    @property
    def codes(self) -> frozenset[str]:
        """Of all reasons."""
        return frozenset(reason.code for reason in self.reasons)


class Play:
    """All that acts work with; each act leaves it changed for the next."""

    def __init__(self, world: World, server: Server) -> None:
        """Hand out the phones."""
        self.world = world
        self.server = server
        self.backend = server.callers["backend"]
        self.android = phones.android_phone(world)
        self.leaked = phones.android_phone(world)
        self.iphone = phones.IPhone(world)
        self.passkey = phones.Passkey(world)
        self.sent: dict[str, Any] = {}
        """The last request for a decision, as it was sent."""
        self.digest = ""
        """Of the rule set that is on its way."""
        self.learn(phones.serial_of(self.leaked))

    def decide(
        self,
        asked: Transaction,
        evidence: Callable[[bytes], Evidence],
        *,
        instead: Transaction | None = None,
        confirmed: bool = False,
    ) -> Answer:
        """A challenge, the phone's answer to it, a decision.

        Args:
            asked: What the challenge is issued for.
            evidence: What the phone makes of the challenge.
            instead: What is asked of the decision, where it is not the same.
            confirmed: Whether the customer has confirmed the transaction as shown.
        """
        bank = IN_ORDER | {"user": IN_ORDER["user"] | {"confirmed": confirmed}}
        self.sent = {**self._answered(asked, evidence), **(instead or asked).asked(), "bank": bank}
        return self.backend.call("POST", "/v1/decisions", self.sent)

    def register(self, asked: Transaction, evidence: Callable[[bytes], Evidence]) -> Answer:
        """Evidence of a new key, without a decision."""
        return self.backend.call("POST", "/v1/evidence", self._answered(asked, evidence))

    def observe(self, source: bytes) -> Answer:
        """Propose a rule set and let it run beside the active one."""
        drafted = self.propose(source)
        return drafted if drafted.code else self.move("observe")

    def propose(self, source: bytes) -> Answer:
        """Propose a rule set."""
        drafted = self.server.callers["sato"].call("POST", "/v1/rule-sets", toml=source)
        self.digest = drafted.document.get("digest", "")
        return drafted

    def move(self, action: str) -> Answer:
        """Move the rule set that is on its way."""
        path = f"/v1/rule-sets/{self.digest}/moves"
        return self.server.callers["sato"].call("POST", path, {"action": action})

    def approve(self, action: str) -> tuple[Answer, ...]:
        """Both approvers say yes to a move."""
        governance = self.server.callers["sato"].call("GET", "/v1/governance").document
        command = {"type": "move", "digest": self.digest, "action": action}
        yes = {"revision": governance["revision"], "command": command}
        return tuple(
            self.server.callers[name].call("POST", "/v1/approvals", yes) for name in APPROVERS
        )

    def stage(self) -> str:
        """Where the rule set that is on its way stands."""
        governance = self.server.callers["sato"].call("GET", "/v1/governance").document
        stages: dict[str, str] = {each["digest"]: each["stage"] for each in governance["versions"]}
        return stages[self.digest]

    def learn(self, *revoked: int) -> None:
        """Publish a revocation list, and wait until the running service believes it.

        Raises:
            TimeoutError: It did not.
        """
        self.server.learn(revoked)
        until = monotonic() + LEARN_SECONDS
        while self._listed() != len(revoked):
            if monotonic() > until:
                raise TimeoutError("the service has not learned the new list")
            sleep(LOOK_SECONDS)

    def _listed(self) -> int:
        believed = self.backend.call("GET", "/v1/trust").document["believed"]
        entries: int = next(
            each["entries"] for each in believed if each["kind"] == "android-revocation"
        )
        return entries

    def _answered(
        self, asked: Transaction, evidence: Callable[[bytes], Evidence]
    ) -> dict[str, Any]:
        issued = self.backend.call("POST", "/v1/challenges", asked.asked()).document
        made = evidence(phones.the_bytes(issued["challenge"]))
        return {**asked.asked(), "challenge": issued["id"], "evidence": octets(made)}


def told(answer: Answer, *notes: Text) -> Told:
    """What an answer says, whichever kind it is."""
    document = answer.document
    if answer.code:
        sentence = Text(**document["sentences"])
        refused = Reason(code=answer.code, customer=sentence)
        return Told(outcome="problem", reasons=(refused,), notes=notes, answer=document)
    if "verdict" in document:
        reasons = tuple(
            Reason(code=each["code"], customer=Text(ja=each["ja"], en=each["en"]))
            for each in document["reasons"]
        )
        return Told(outcome=document["verdict"], reasons=reasons, notes=notes, answer=document)
    reasons = tuple(
        Reason(
            code=each["code"], customer=Text(**each["customer"]), analyst=Text(**each["analyst"])
        )
        for each in document["reasons"]
    )
    return Told(
        outcome=document["outcome"],
        reasons=reasons,
        notes=(*_evidence_notes(document), *_limit_notes(document), *notes),
        answer=document,
    )


def demo_rules() -> bytes:
    """The shipped rule set for evidence of the test world, under another name."""
    shipped = standard_rules()
    ours = shipped.replace(b"evidence.realm == 'production'", b"evidence.realm == 'test'")
    return ours.replace(b'id = "standard"', b'id = "demo"', 1)


def stricter_rules() -> bytes:
    """The same with two more rules."""
    return demo_rules().replace(b'id = "demo"', b'id = "demo-stricter"', 1) + STRICTER.encode()


def _evidence_notes(document: dict[str, Any]) -> tuple[Text, ...]:
    """What the evidence is refused for, and what the appraisal holds against the device."""
    appraisal = document["appraisal"] or {"against": ()}
    return tuple(
        Text(
            ja=f"評価：{each['requirement']}　{each['ja']}",
            en=f"appraisal: {each['requirement']}  {each['en']}",
        )
        for each in appraisal["against"]
    )


def _limit_notes(document: dict[str, Any]) -> tuple[Text, ...]:
    if document["limit"] is None:
        return ()
    amount = document["limit"]["amount"]
    return (Text(ja=f"{amount:,}円までなら提供できます。", en=f"Up to {amount:,} yen is served."),)
