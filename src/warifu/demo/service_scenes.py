"""The acts of the service as a table: who comes, what is asked, what must be decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from warifu.base.rule import Text
from warifu.demo import service_acts as acts
from warifu.demo.service_play import Play, Told

APPRAISED_AGAINST = frozenset({"device-trusted", "app-trusted", "key-trusted"})
"""What fails where evidence is refused altogether."""
LOGIN_REFUSED = frozenset(
    {"device-not-contraindicated", "device-without-warning", "app-trusted", "key-trusted"}
)
PHISHING = "https://login.bank.example.evil.test"


class Who(StrEnum):
    """Who acts."""

    HONEST = "honest"
    HOSTILE = "hostile"
    STAFF = "staff"


@dataclass(frozen=True, kw_only=True)
class ServiceAct:
    """One act, and how it must end."""

    title: Text
    who: Who
    asked: Text
    play: Callable[[Play], Told]
    outcome: str
    codes: frozenset[str] = frozenset()

    def ended_well(self, told: Told) -> bool:
        """Whether it ended as meant: this outcome, for exactly these reasons."""
        return (told.outcome, told.codes) == (self.outcome, self.codes)


_TRANSFER = Text(
    ja="振込 10,000円（POST /v1/decisions）", en="transfer 10,000 yen (POST /v1/decisions)"
)
_LARGER = Text(
    ja="振込 80,000円（POST /v1/decisions）", en="transfer 80,000 yen (POST /v1/decisions)"
)
_LOGIN = Text(ja="ログイン（POST /v1/decisions）", en="log in (POST /v1/decisions)")
_REGISTER = Text(ja="端末の鍵の登録（POST /v1/evidence）", en="register a key (POST /v1/evidence)")

ACTS: tuple[ServiceAct, ...] = (
    ServiceAct(
        title=Text(
            ja="かえで銀行が、アプリをサービスに登録します",
            en="Kaede Bank registers its app with the service",
        ),
        who=Who.STAFF,
        asked=Text(ja="アプリの登録（POST /v1/apps）", en="register an app (POST /v1/apps)"),
        play=acts.open_for_business,
        outcome="registered",
    ),
    ServiceAct(
        title=Text(
            ja="出荷時の規則集は、試験用の信頼情報で検証した端末には何も提供しません",
            en="The shipped rule set serves nobody whose evidence rests on test trust",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.transfer,
        outcome="refuse",
        codes=frozenset({"production-trust"}),
    ),
    ServiceAct(
        title=Text(
            ja="佐藤さんがデモ用の規則集を作り、1人だけで稼働させようとします",
            en="Sato writes a rule set for the demo, and tries to activate it alone",
        ),
        who=Who.STAFF,
        asked=Text(
            ja="規則集の稼働（POST /v1/rule-sets/…/moves）",
            en="activate a rule set (POST /v1/rule-sets/…/moves)",
        ),
        play=acts.one_person_alone,
        outcome="problem",
        codes=frozenset({"decision/four-eyes"}),
    ),
    ServiceAct(
        title=Text(
            ja="鈴木さんと田中さんが承認し、規則集が稼働します",
            en="Suzuki and Tanaka approve, and the rule set decides from now on",
        ),
        who=Who.STAFF,
        asked=Text(
            ja="2名の承認と稼働（POST /v1/approvals）", en="two approvals (POST /v1/approvals)"
        ),
        play=acts.put_in_force,
        outcome="active",
    ),
    ServiceAct(
        title=Text(
            ja="花子さんのAndroid端末で、いつもの振込先に送金します",
            en="Hanako's Android phone transfers to a payee it has paid before",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.transfer,
        outcome="serve",
    ),
    ServiceAct(
        title=Text(
            ja="いま成功した依頼を、攻撃者がそのまま再送します",
            en="An attacker sends the very request that was just served once more",
        ),
        who=Who.HOSTILE,
        asked=_TRANSFER,
        play=acts.replay,
        outcome="problem",
        codes=frozenset({"challenge/unused"}),
    ),
    ServiceAct(
        title=Text(
            ja="1万円のために発行されたチャレンジで、9万円の判定を求めます",
            en="The challenge was issued for 10,000 yen; the decision is asked for 90,000",
        ),
        who=Who.HOSTILE,
        asked=Text(
            ja="振込 90,000円（POST /v1/decisions）", en="transfer 90,000 yen (POST /v1/decisions)"
        ),
        play=acts.change_the_amount,
        outcome="problem",
        codes=frozenset({"challenge/context"}),
    ),
    ServiceAct(
        title=Text(
            ja="ブートローダーのロックを解除した端末から送金します",
            en="A phone with an unlocked bootloader transfers money",
        ),
        who=Who.HOSTILE,
        asked=_TRANSFER,
        play=acts.unlocked,
        outcome="refuse",
        codes=frozenset({"device-trusted"}),
    ),
    ServiceAct(
        title=Text(
            ja="流出し、失効リストに載っている鍵で構成証明した端末から送金します",
            en="A phone attests with a leaked key that is on the revocation list",
        ),
        who=Who.HOSTILE,
        asked=_TRANSFER,
        play=acts.leaked_key,
        outcome="refuse",
        codes=APPRAISED_AGAINST,
    ),
    ServiceAct(
        title=Text(
            ja="太郎さんのiPhoneが、App Attestの鍵を登録します",
            en="Taro's iPhone registers its App Attest key",
        ),
        who=Who.HONEST,
        asked=_REGISTER,
        play=acts.register_iphone,
        outcome="accepted",
    ),
    ServiceAct(
        title=Text(
            ja="太郎さんのiPhoneが、登録した鍵で振込の依頼に署名します",
            en="Taro's iPhone signs a transfer with the key it registered",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.iphone_transfer,
        outcome="serve",
    ),
    ServiceAct(
        title=Text(
            ja="iPhoneが署名した依頼の金額を、通信の途中で書き換えます",
            en="The amount in the request that the iPhone signed is changed on its way",
        ),
        who=Who.HOSTILE,
        asked=_TRANSFER,
        play=acts.altered_request,
        outcome="refuse",
        codes=APPRAISED_AGAINST,
    ),
    ServiceAct(
        title=Text(ja="由紀さんが、パスキーを登録します", en="Yuki registers a passkey (WebAuthn)"),
        who=Who.HONEST,
        asked=_REGISTER,
        play=acts.register_passkey,
        outcome="accepted",
    ),
    ServiceAct(
        title=Text(ja="由紀さんが、パスキーでログインします", en="Yuki signs in with the passkey"),
        who=Who.HONEST,
        asked=_LOGIN,
        play=acts.passkey_login,
        outcome="serve",
    ),
    ServiceAct(
        title=Text(
            ja="偽サイトが、由紀さんのパスキーの署名を中継します",
            en="A phishing site relays a signature of Yuki's passkey",
        ),
        who=Who.HOSTILE,
        asked=_LOGIN,
        play=lambda play: acts.passkey_login(play, PHISHING),
        outcome="refuse",
        codes=LOGIN_REFUSED,
    ),
    ServiceAct(
        title=Text(
            ja="方針の変更（1）：より厳しい規則集を起案し、過去の判定で事前に試算します",
            en="Policy changes (1): a stricter rule set is drafted and tried on what was decided",
        ),
        who=Who.STAFF,
        asked=Text(
            ja="事前試算（POST /v1/rule-sets/…/dry-runs）",
            en="dry run (POST /v1/rule-sets/…/dry-runs)",
        ),
        play=acts.try_stricter,
        outcome="tried",
    ),
    ServiceAct(
        title=Text(
            ja="方針の変更（2）：並行判定の間は記録されるだけで、花子さんには影響しません",
            en="Policy changes (2): in shadow it is only recorded, and Hanako notices nothing",
        ),
        who=Who.HONEST,
        asked=_LARGER,
        play=acts.shadow,
        outcome="serve",
    ),
    ServiceAct(
        title=Text(
            ja="方針の変更（3）：2名の承認を経て、厳しい規則集が稼働します",
            en="Policy changes (3): two people approve, and the stricter rule set decides",
        ),
        who=Who.STAFF,
        asked=Text(
            ja="2名の承認と稼働（POST /v1/approvals）", en="two approvals (POST /v1/approvals)"
        ),
        play=acts.put_in_force,
        outcome="active",
    ),
    ServiceAct(
        title=Text(
            ja="同じ端末の同じ振込に、追加の確認が必要になりました",
            en="The same phone must now step up for the same transfer",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.transfer,
        outcome="step-up",
        codes=frozenset({"every-transfer-confirmed"}),
    ),
    ServiceAct(
        title=Text(
            ja="花子さんが表示内容を承認したので、銀行がもう一度判定を求めます",
            en="Hanako has confirmed what she was shown, and the bank asks again",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.confirmed_transfer,
        outcome="serve",
    ),
    ServiceAct(
        title=Text(
            ja="先ほどは提供された8万円の振込が、5万円までに制限されます",
            en="80,000 yen were served a moment ago, and are limited to 50,000 now",
        ),
        who=Who.HONEST,
        asked=_LARGER,
        play=lambda play: acts.transfer(play, acts.LARGER, confirmed=True),
        outcome="limit",
        codes=frozenset({"smaller-amount"}),
    ),
    ServiceAct(
        title=Text(
            ja="信頼情報の変更（1）：花子さんの端末の鍵が失効リストに載り、保管中の証拠を評価し直します",
            en="Trust changes (1): the key of Hanako's phone is revoked; evidence is judged again",
        ),
        who=Who.STAFF,
        asked=Text(
            ja="失効リストの取得（warifu trust add）と再評価（POST /v1/reappraisals）",
            en="learn the list (warifu trust add), appraise again (POST /v1/reappraisals)",
        ),
        play=acts.revoke,
        outcome="fell",
    ),
    ServiceAct(
        title=Text(
            ja="信頼情報の変更（2）：次の判定から、花子さんの端末は拒否されます",
            en="Trust changes (2): the next decision refuses Hanako's phone",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.confirmed_transfer,
        outcome="refuse",
        codes=APPRAISED_AGAINST,
    ),
    ServiceAct(
        title=Text(
            ja="信頼情報の変更（3）：失効した証明書を使用していた端末を照会します",
            en="Trust changes (3): which devices had the revoked certificate?",
        ),
        who=Who.STAFF,
        asked=Text(ja="照会（GET /v1/serials/…）", en="look up (GET /v1/serials/…)"),
        play=acts.whose_key,
        outcome="found",
    ),
    ServiceAct(
        title=Text(
            ja="緊急停止：担当者1名の操作で、全利用者の振込を直ちに停止します",
            en="The kill switch: one person stops transfers for everybody, at once",
        ),
        who=Who.HONEST,
        asked=_TRANSFER,
        play=acts.pull_the_switch,
        outcome="refuse",
        codes=frozenset({"decision/stopped"}),
    ),
)
