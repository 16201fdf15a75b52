"""A trace: what happens, step by step, in at most two transactions between bank, phone and user."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.moves.move import Actor
from warifu.risk.threat.question import Question


class Content(StrEnum):
    """What a transaction says. The user says OK to the one, whenever it is seen, and NG else."""

    WANTED = "wanted"
    EVIL = "evil"


class Act(StrEnum):
    """What may happen in a step. All from `ASKED_ALTERED` to `SENT_ELSEWHERE` is the attacker's."""

    ASK = "ask"
    SHOW = "show"
    OK = "ok"
    NG = "ng"
    SEND = "send"
    ACCEPT = "accept"
    ASKED_ALTERED = "asked-altered"
    SHOWN_FALSELY = "shown-falsely"
    PRESSED = "pressed"
    SWAPPED = "swapped"
    TURNED = "turned"
    REWORDED = "reworded"
    RENUMBERED = "renumbered"
    SENT_ELSEWHERE = "sent-elsewhere"


class Event(Struct, frozen=True, kw_only=True):
    """One step of a trace."""

    act: Act
    session: int
    """1 or 2: whose dialog or message it is."""
    content: Content
    """What is asked, shown, answered, sent or accepted; after an alteration, the new."""
    into: int
    """The session of the server that it reaches: another one only for `SENT_ELSEWHERE`."""

    @property
    def sender(self) -> Actor:
        """From whom it goes in a sequence diagram."""
        return _ROWS[self.act][0]

    @property
    def receiver(self) -> Actor:
        """To whom it goes."""
        return _ROWS[self.act][1]

    @property
    def by_attacker(self) -> bool:
        """Whether nobody but an attacker does this."""
        return self.act in ATTACKS

    @property
    def says(self) -> Text:
        """What happens, as one sentence."""
        _, _, ja, en = _ROWS[self.act]
        meant, number = CONTENTS[self.content], self.session
        return Text(
            ja=f"取引{number}：" + ja.format(content=meant.ja, session=number, into=self.into),
            en=f"Session {number}: " + en.format(content=meant.en, session=number, into=self.into),
        )


class Trace(Struct, frozen=True, kw_only=True):
    """An attack in time: the goal is broken by the last event."""

    question: Question
    goal: Goal
    events: tuple[Event, ...]


CONTENTS: dict[Content, Text] = {
    Content.WANTED: Text(ja="利用者の取引", en="the user's transaction"),
    Content.EVIL: Text(ja="攻撃者の取引", en="the attacker's transaction"),
}
"""Each content in a few words."""

_ROWS: dict[Act, tuple[Actor, Actor, str, str]] = {
    Act.ASK: (
        *(Actor.SERVER, Actor.APP),
        "サーバが、{content}の承認を求めます。",
        "The server asks whether {content} is approved.",
    ),
    Act.SHOW: (
        *(Actor.APP, Actor.USER),
        "端末が、{content}を画面に表示します。",
        "The terminal shows {content}.",
    ),
    Act.OK: (
        *(Actor.USER, Actor.APP),
        "利用者が、{content}にOKと答えます。",
        "To {content} the user says OK.",
    ),
    Act.NG: (
        *(Actor.USER, Actor.APP),
        "利用者が、{content}にNGと答えます。",
        "To {content} the user says NG.",
    ),
    Act.SEND: (
        *(Actor.APP, Actor.SERVER),
        "端末が、{content}への回答を送ります。",
        "The terminal sends the answer to {content}.",
    ),
    Act.ACCEPT: (
        *(Actor.APP, Actor.SERVER),
        "サーバが、{content}を受け入れます。",
        "The server accepts {content}.",
    ),
    Act.ASKED_ALTERED: (
        *(Actor.MALWARE, Actor.APP),
        "攻撃者が、表示される前の依頼を{content}に書き換えます。",
        "Before anything is shown the attacker turns the request into {content}.",
    ),
    Act.SHOWN_FALSELY: (
        *(Actor.MALWARE, Actor.USER),
        "攻撃者が、端末の扱う取引と異なる{content}を画面に表示します。",
        "The attacker shows {content}, which is not what the terminal has.",
    ),
    Act.PRESSED: (
        *(Actor.MALWARE, Actor.APP),
        "攻撃者が、利用者に代わって{content}にOKと入力します。",
        "The attacker presses OK to {content} in the user's place.",
    ),
    Act.SWAPPED: (
        *(Actor.MALWARE, Actor.APP),
        "承認の後、署名の前に、攻撃者が取引の内容を{content}にすり替えます。",
        "After the answer and before the signature the attacker puts in {content}.",
    ),
    Act.TURNED: (
        *(Actor.MALWARE, Actor.SERVER),
        "攻撃者が、{content}への回答NGをOKに書き換えます。",
        "The attacker turns the NG to {content} into OK.",
    ),
    Act.REWORDED: (
        *(Actor.MALWARE, Actor.SERVER),
        "攻撃者が、署名のない回答の取引を{content}に書き換えます。",
        "Nothing is signed, and the attacker makes it an answer to {content}.",
    ),
    Act.RENUMBERED: (
        *(Actor.MALWARE, Actor.SERVER),
        "攻撃者が、署名のない回答の一回限りの値を、取引{into}のものに書き換えます。",
        "Nothing is signed: the attacker numbers the answer for session {into}.",
    ),
    Act.SENT_ELSEWHERE: (
        *(Actor.MALWARE, Actor.SERVER),
        "攻撃者が、その回答を取引{into}に送り、サーバが{content}を受け入れます。",
        "The attacker sends this answer into session {into}, and {content} is accepted.",
    ),
}

ATTACKS = frozenset(list(Act)[list(Act).index(Act.ASKED_ALTERED) :])
"""What nobody but an attacker does."""

SHOWS = frozenset(
    f"approval/{name}"
    for name in (
        *("screen-altered", "app-altered", "overlaid", "link-altered", "trusted-ui-altered"),
        *("ta-altered", "se-altered", "app-decides"),
    )
)
"""Moves that let the attacker show what is not asked."""
PRESSES = frozenset(
    f"approval/{name}"
    for name in (
        *("touch-injected", "app-altered", "link-altered", "trusted-ui-altered"),
        *("ta-altered", "se-altered", "app-decides", "phone-and-pin"),
    )
)
"""Moves that let the attacker answer."""
