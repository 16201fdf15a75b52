"""Words for what the tables name but do not spell out, in Japanese and English."""

from __future__ import annotations

from warifu.base.rule import Text
from warifu.risk.threat.defences import Cost
from warifu.risk.threat.forms import Authenticator, Environment, ServerPath, UserPath
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import Kind
from warifu.risk.threat.question import Basis

SHORT: dict[Goal, Text] = {
    Goal.PIN: Text(ja="PIN", en="PIN"),
    Goal.TRANSACTION: Text(ja="取引", en="transaction"),
    Goal.ONCE: Text(ja="一回", en="once"),
    Goal.TERMINAL: Text(ja="端末", en="terminal"),
    Goal.ENROLMENT: Text(ja="登録", en="enrolment"),
    Goal.RECEIPT: Text(ja="控え", en="receipt"),
}
"""Goals where there is room for one word."""

KINDS: dict[Kind, Text] = {
    Kind.MALWARE: Text(ja="マルウェア", en="Malware"),
    Kind.FRAUD: Text(ja="詐欺と窃取", en="Fraud"),
    Kind.THEFT: Text(ja="端末の盗難・観測", en="Theft and observation"),
    Kind.INSIDER: Text(ja="内部者と供給元", en="Insiders and suppliers"),
    Kind.TEE_BUG: Text(ja="TEEの不備", en="Faults of TEEs"),
}
"""Sorts of attackers."""

BASES: dict[Basis, Text] = {
    Basis.CLOSURE: Text(ja="閉包（手順の表）", en="closure of the moves"),
    Basis.SESSIONS: Text(ja="二つの取引の順序", en="orders of two sessions"),
    Basis.REFEREE: Text(ja="検証器（ProVerif）", en="referee (ProVerif)"),
}
"""What a verdict rests on."""

COSTS: dict[Cost, Text] = {
    Cost.SETTING: Text(ja="設定", en="setting"),
    Cost.PROTOCOL: Text(ja="アプリとサーバの変更", en="app and server"),
    Cost.OPERATION: Text(ja="運用", en="operation"),
    Cost.PARTNER: Text(ja="他社との契約", en="partner"),
    Cost.HARDWARE: Text(ja="端末の機種", en="hardware"),
}
"""What sort of cost a defence has."""

ENVIRONMENTS: dict[Environment, Text] = {
    Environment.REE: Text(ja="通常OS（REE）", en="REE"),
    Environment.TEE: Text(ja="TEE", en="TEE"),
    Environment.SE: Text(ja="SE", en="SE"),
}
"""Where code runs."""

AUTHENTICATORS: dict[Authenticator, Text] = {
    Authenticator.SE_APPLET: Text(ja="SEアプリ", en="SE applet"),
    Authenticator.TA: Text(ja="TA", en="TA"),
}
"""What authenticates."""

SERVER_PATHS: dict[ServerPath, Text] = {
    ServerPath.ENCRYPTED_THROUGH_REE: Text(
        ja="暗号化して通常OSを経由", en="encrypted, through REE"
    ),
    ServerPath.SE_CHANNEL: Text(
        ja="SEの通信路（通信事業者を経由）", en="the SE's channel, by the operator"
    ),
    ServerPath.THROUGH_TA: Text(
        ja="TAに暗号化して渡し、TAの通信路", en="encrypted to a TA, then its channel"
    ),
    ServerPath.THROUGH_SE: Text(
        ja="SEに暗号化して渡し、SEの通信路", en="encrypted to the SE, then its channel"
    ),
}
"""How the authenticator reaches the server."""

USER_PATHS: dict[UserPath, Text] = {
    UserPath.THROUGH_REE: Text(ja="通常OSを経由", en="through REE"),
    UserPath.TRUSTED_UI: Text(ja="Trusted UI", en="Trusted UI"),
    UserPath.LINK_THEN_TRUSTED_UI: Text(
        ja="SEから通常OSを経てTAへ、その後Trusted UI", en="SE to TA through REE, then Trusted UI"
    ),
}
"""How the authenticator reaches the user."""
