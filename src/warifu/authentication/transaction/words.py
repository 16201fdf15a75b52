"""The words of version 1 of the rendering. A word that changes makes a new version."""

from __future__ import annotations

from msgspec import Struct

from warifu.authentication.transaction.value import AccountType, Kind, Language, NameCheck


class Words(Struct, frozen=True, kw_only=True):
    """All words in one language."""

    headings: dict[Kind, str]
    question: str
    amounts: dict[Kind, str]
    """Label of the amount."""
    payees: dict[Kind, str]
    """Label of the payee's name."""
    name_check: str
    name_checks: dict[NameCheck, str]
    bank: str
    branch: str
    account: str
    account_types: dict[AccountType, str]
    purpose: str
    title: str
    pages: str
    page_count: str
    fingerprint: str
    asked: str
    expires: str
    time: str
    """Format of `at`. The zone is told by the labels."""
    zone_minutes: int
    """East of UTC."""
    verifier: str
    user: str
    device: str
    operation: str
    yen: str


_JA = Words(
    headings={
        Kind.TRANSFER: "【お振込みの確認】",
        Kind.LINK_ACCOUNT: "【口座連携の確認】",
        Kind.RAISE_LIMIT: "【限度額引き上げの確認】",
        Kind.REGISTER_PAYEE: "【お振込先登録の確認】",
        Kind.SIGN_DOCUMENT: "【電子署名の確認】",
    },
    question="次の内容をご確認のうえ、承認または拒否を選択してください。お心当たりのない場合は、承認しないでください。",
    amounts={
        Kind.TRANSFER: "お振込金額",
        Kind.LINK_ACCOUNT: "連携後のご利用上限額",
        Kind.RAISE_LIMIT: "変更後の限度額",
    },
    payees={
        Kind.TRANSFER: "お受取人",
        Kind.LINK_ACCOUNT: "連携先",
        Kind.REGISTER_PAYEE: "登録するお受取人",
    },
    name_check="口座名義の確認結果",
    name_checks={
        NameCheck.MATCHES: "口座名義と一致しました。",
        NameCheck.CLOSE: "口座名義と一部異なります。お受取人をもう一度お確かめください。",
        NameCheck.DIFFERS: "口座名義と一致せず、詐欺のおそれがあります。"
        "承認する前に必ずお確かめください。",
        NameCheck.NOT_POSSIBLE: "口座名義を確認できませんでした。お受取人をお確かめください。",
        NameCheck.NOT_MADE: "口座名義の確認は行っていません。お受取人をお確かめください。",
    },
    bank="金融機関",
    branch="支店",
    account="口座番号",
    account_types={
        AccountType.ORDINARY: "普通 ",
        AccountType.CURRENT: "当座 ",
        AccountType.SAVINGS: "貯蓄 ",
    },
    purpose="ご依頼の内容",
    title="文書名",
    pages="ページ数",
    page_count="全{count}ページ",
    fingerprint="文書の識別値（SHA-256）",
    asked="受付日時（日本時間）",
    expires="回答期限（日本時間）",
    time="{at.year}年{at.month}月{at.day}日 {at.hour:02}:{at.minute:02}:{at.second:02}",
    zone_minutes=9 * 60,
    verifier="確認の依頼元",
    user="お客さま識別番号",
    device="端末識別番号",
    operation="受付番号",
    yen="{amount}円",
)
_EN = Words(
    headings={
        Kind.TRANSFER: "[CONFIRM TRANSFER]",
        Kind.LINK_ACCOUNT: "[CONFIRM LINKED SERVICE]",
        Kind.RAISE_LIMIT: "[CONFIRM HIGHER LIMIT]",
        Kind.REGISTER_PAYEE: "[CONFIRM NEW PAYEE]",
        Kind.SIGN_DOCUMENT: "[CONFIRM SIGNATURE]",
    },
    question="Please check the details, then approve or refuse. "
    "If you did not ask for this, do not approve it.",
    amounts={
        Kind.TRANSFER: "Amount",
        Kind.LINK_ACCOUNT: "Limit of the linked service",
        Kind.RAISE_LIMIT: "New limit",
    },
    payees={
        Kind.TRANSFER: "Payee",
        Kind.LINK_ACCOUNT: "Service to link",
        Kind.REGISTER_PAYEE: "Payee to register",
    },
    name_check="Check of the payee's name",
    name_checks={
        NameCheck.MATCHES: "It matches the account holder.",
        NameCheck.CLOSE: "It is close to the account holder's name, but not the same. "
        "Please check the payee again.",
        NameCheck.DIFFERS: "WARNING: it does not match the account holder. "
        "This may be fraud. Check before you approve.",
        NameCheck.NOT_POSSIBLE: "The name could not be checked. Please make sure of the payee.",
        NameCheck.NOT_MADE: "The name was not checked. Please make sure of the payee.",
    },
    bank="Bank",
    branch="Branch",
    account="Account",
    account_types={
        AccountType.ORDINARY: "Ordinary ",
        AccountType.CURRENT: "Current ",
        AccountType.SAVINGS: "Savings ",
    },
    purpose="Purpose",
    title="Document",
    pages="Pages",
    page_count="{count}",
    fingerprint="Document's SHA-256",
    asked="Asked at (UTC)",
    expires="Answer before (UTC)",
    time="{at:%Y-%m-%d %H:%M:%S}",
    zone_minutes=0,
    verifier="Asked by",
    user="Customer",
    device="Device",
    operation="Reference",
    yen="JPY {amount}",
)
WORDS = {Language.JA: _JA, Language.EN: _EN}
