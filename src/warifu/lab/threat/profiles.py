"""Sets of defences that have a name, to compare forms and attackers by."""

from __future__ import annotations

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.referee import AXES, TAKEN_FOR_GRANTED


class Profile(Struct, frozen=True, kw_only=True):
    """What a bank might build in, taken together."""

    name: str
    """Stable, for options and documents: ``paper``."""
    title: Text
    means: Text
    """What is in it, as a sentence."""
    defences: frozenset[Defence]


# What the paper argues with, and what it takes for granted: attacks by tokens or by messages out
# of order are no subject of its tables, and would hide the differences between the forms.
_PAPER = frozenset(AXES.values()) | TAKEN_FOR_GRANTED

PROFILES: dict[str, Profile] = {
    each.name: each
    for each in (
        Profile(
            name="none",
            title=Text(ja="防御策なし", en="no defences"),
            means=Text(ja="何も講じていません。", en="Nothing is built in."),
            defences=frozenset(),
        ),
        Profile(
            name="paper-without-trusted-ui",
            title=Text(ja="論文の対策（Trusted UIなし）", en="the paper's, without Trusted UI"),
            means=Text(
                ja="論文の対策から、Trusted UIだけを除いたものです。",
                en="All of the paper's but Trusted UI.",
            ),
            defences=_PAPER - {Defence.TRUSTED_UI},
        ),
        Profile(
            name="paper",
            title=Text(ja="論文の対策", en="the paper's defences"),
            means=Text(
                ja="対策方針1〜3、Trusted UI、SEとTAの間の暗号化、サーバとの通信の保護と、"
                "論文が前提とするもの（取引文・回答・一回限りの値への署名、トークンの制限、"
                "端末とアプリの構成証明）です。"
                "内部者に備えるもの（導入時のトークン、製品の評価・認証）は含みません。",
                en="Policies 1 to 3, Trusted UI, an encrypted link, a protected channel, and what "
                "the paper takes for granted: text, answer and nonce signed, tokens restricted, "
                "attestation required. What helps against insiders (tokens for installation, "
                "certified products) is not in it.",
            ),
            defences=_PAPER,
        ),
        Profile(
            name="all",
            title=Text(ja="すべての防御策", en="all defences"),
            means=Text(
                ja="このモデルが知るすべての防御策です。"
                "PINをTrusted UI以外に入力しないことを含みます。",
                en="Every defence of this model, also that the PIN is typed only into Trusted UI.",
            ),
            defences=frozenset(Defence),
        ),
    )
}
"""Every profile by its name, from nothing to everything."""
