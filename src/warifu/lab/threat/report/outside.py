"""What lies outside the model: nothing here is said to be safe, or to be broken."""

from __future__ import annotations

from msgspec import Struct

from warifu.base.rule import Text


class Outside(Struct, frozen=True, kw_only=True):
    """One thing that no verdict speaks of."""

    code: str
    name: Text
    why: Text
    """Why it is not in the model, and where it is met instead."""


_TABLE: tuple[tuple[str, str, str, str, str], ...] = (
    (
        *("knowing-approval", "利用者が納得して承認する詐欺", "Scams that the user approves"),
        (
            "利用者が内容を読み、だまされて承認した取引は、このモデルでは正しい取引です。"
            "確認文の書き方、待機時間、事後の相談対応で備えます。"
        ),
        (
            "A user who reads the text and is deceived about its purpose has approved. "
            "Wording, waiting "
            "periods and the handling of cases are what helps."
        ),
    ),
    (
        *("coercion", "脅迫", "Coercion"),
        "脅されて入力されたPINや承認は、本人の意思によるものと区別できません。",
        "A PIN typed or an OK pressed under threat looks like any other.",
    ),
    (
        *("careless-reading", "表示を読まない利用者", "Users who do not read"),
        "信頼できる画面に表示された内容は、利用者が読むものとしています。",
        "What a trustworthy screen shows is taken to be read.",
    ),
    (
        *("availability", "可用性", "Availability"),
        (
            "通信の遮断や端末の停止を妨げるものは、モデルにありません。"
            "承認が届かなければ取引は行われない、とだけ言えます。"
        ),
        (
            "Nothing here keeps an attacker from cutting traffic or stopping a phone. Without an "
            "approval nothing is accepted; that is all."
        ),
    ),
    (
        *("guessing", "PINの推測・のぞき見、生体認証の偽造"),
        "Guessed or overlooked PINs, forged biometrics",
        "試行回数の制限や生体認証の精度は、製品ごとに確かめるものです。",
        "Limits of attempts and the quality of a biometric sensor are tested product by product.",
    ),
    (
        *("cryptography", "暗号の解読", "Broken cryptography"),
        (
            "署名と暗号は破られないものとし、鍵は漏れない限り使えないものとしています。"
            "相手の鍵は、事前に正しく入手されているものとします。"
        ),
        (
            "Signatures and ciphers do what they promise, and keys of the peers were "
            "obtained rightly "
            "beforehand."
        ),
    ),
    (
        *("baseband", "通信用プロセッサ", "The baseband and other processors"),
        (
            "端末内の通信用プロセッサなど、"
            "論文の三つの環境（REE・TEE・SE）以外の計算機は扱いません。"
            "そこから得られる能力が公表されたときは、勧告として加えます。"
        ),
        (
            "Processors beside REE, TEE and SE are no part of the paper. A published "
            "weakness of one is "
            "added as an advisory, by the powers that it gives."
        ),
    ),
    (
        *("physical", "端末への物理的な攻撃", "Physical attacks on the phone"),
        (
            "TEEに物理的な耐性がないことは、能力「TEEのメモリを書き換える」としてのみ表します。"
            "手間や道具は区別しません。"
        ),
        (
            "That a TEE resists no probe is said only by the power to alter its memory; tools and "
            "effort are not told apart."
        ),
    ),
    (
        *("own-server", "サーバ自体の侵害と供給網", "The server itself and its supply chain"),
        (
            "金融機関等の内部者は攻撃者に含みますが、サーバのOS、依存する部品、"
            "鍵の保管装置の侵害は扱いません。"
        ),
        (
            "Insiders of the provider are attackers here; a broken operating system, dependency or "
            "key store of the server is not."
        ),
    ),
    (
        *("makers", "製造者の不正", "Makers who cheat"),
        "出荷時の鍵の流出は扱いますが、端末・SE・TEEの製造者が意図して仕込んだものは扱いません。",
        "A leaked factory key is an attacker here; a maker who builds a back door is not.",
    ),
    (
        *("order", "三つ以上の取引にまたがる順序", "Orders of more than two sessions"),
        (
            "手順の表には順序も鮮度もありません。順序は二つの取引まで探索し、"
            "それを超える範囲は、検証器が判定した欄についてのみ言えます。"
        ),
        (
            "The table of moves knows neither order nor freshness. Orders of two sessions "
            "are searched; "
            "beyond them only the cells of the referee speak."
        ),
    ),
    (
        *("several-attackers", "複数の攻撃者が動くタイミング", "Timing among several attackers"),
        "能力を合わせた攻撃者として問うことはできますが、誰がいつ動くかは問えません。",
        (
            "Powers of several attackers can be put together in one question; who acts when "
            "cannot be "
            "asked."
        ),
    ),
    (
        *("probability", "確率・費用・手間", "Probability, money and effort"),
        (
            "判定は「できる」か「できない」だけです。どの程度起こりやすいかは述べません。"
            "防御策の費用は、答えを並べる順序を決めるための目安です。"
        ),
        (
            "A verdict says can or cannot, and not how likely. Costs of defences are there to put "
            "answers in order."
        ),
    ),
    (
        *("privacy", "プライバシー", "Privacy"),
        "取引や端末の情報を誰が知り得るかは、PINを除いて目標に含めていません。",
        "Who may learn what about people is no goal here, but for the authentication data.",
    ),
)

OUTSIDE: tuple[Outside, ...] = tuple(
    Outside(code=code, name=Text(ja=name_ja, en=name_en), why=Text(ja=why_ja, en=why_en))
    for code, name_ja, name_en, why_ja, why_en in _TABLE
)
"""All of it, what people ask about first coming first."""
