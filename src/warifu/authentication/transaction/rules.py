"""What a transaction, its template, its answer's time and its limits must hold to."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

_FORMAT = "docs/formats/transaction.md"

FORM = Rule(
    code="transaction/form",
    clause=f"{_FORMAT} §2; RFC 8949 §4.2.1",
    requires=Text(
        ja="取引データは、定められた形式の決定的CBORでなければなりません。",
        en="A transaction is deterministic CBOR of the documented form, and nothing else.",
    ),
    stops="bytes that two readers take for two transactions",
)
VERSION = Rule(
    code="transaction/version",
    clause=f"{_FORMAT} §2",
    requires=Text(
        ja="取引データの形式と表示文の版は、検証側が対応しているものでなければなりません。",
        en="Format and rendering are of versions that the verifier knows.",
    ),
    stops="a text that nobody can make again and so nobody can compare",
)
TEXT = Rule(
    code="transaction/text",
    clause=f"{_FORMAT} §4; PSD2 RTS art. 5 (1)(a), (2)",
    requires=Text(
        ja="表示文は、取引の各項目から作成した文と完全に一致しなければなりません。",
        en="The text is exactly what its version makes of the fields.",
    ),
    stops="a person who reads one transaction and signs another",
)
FIELDS = Rule(
    code="transaction/fields",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="取引には、その種類に必要な項目がすべて含まれ、不要な項目が含まれていてはなりません。",
        en="A transaction has all the fields of its kind and no others.",
    ),
    stops="a payment hidden in a document, or a transfer to nobody",
)
IDENTIFIER = Rule(
    code="transaction/identifier",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="識別子は、印字可能なASCII文字または16バイトの値で、長さの上限以内でなければなりません。",
        en="Identifiers are printable ASCII within their length, or 16 bytes.",
    ),
    stops="two names that look the same, and ids that can be guessed",
)
LENGTH = Rule(
    code="transaction/length",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="文字の項目は、空でなく、文字数とバイト数の上限以内でなければなりません。",
        en="Every text has at least one character and stays within its limits.",
    ),
    stops="a payee so long that it pushes the rest off the screen",
)
CHARACTERS = Rule(
    code="transaction/characters",
    clause=f"{_FORMAT} §5",
    requires=Text(
        ja="文字の項目に使用できるのは、定められた範囲の文字に限ります（制御文字、書字方向の制御文字、"
        "幅のない文字、外字などは使用できません）。",
        en="Texts have characters of the repertoire only: no control, bidirectional, zero-width, "
        "combining, private or unassigned ones.",
    ),
    stops="text that is drawn in another order, or not drawn at all",
)
NORMALISED = Rule(
    code="transaction/normalised",
    clause=f"{_FORMAT} §5; UAX #15 NFKC",
    requires=Text(
        ja="文字の項目は、正規化（NFKC）されていなければなりません。",
        en="Texts are in the normal form NFKC.",
    ),
    stops="two byte strings that look like one name",
)
SPACES = Rule(
    code="transaction/spaces",
    clause=f"{_FORMAT} §5",
    requires=Text(
        ja="文字の項目の先頭と末尾に空白を置くこと、および空白を連続させることはできません。",
        en="Texts neither begin nor end with a space, and have no two in a row.",
    ),
    stops="padding that moves words to where a label is expected",
)
SCRIPTS = Rule(
    code="transaction/scripts",
    clause=f"{_FORMAT} §5; UTS #39 §5",
    requires=Text(
        ja="一つの語の中で、ラテン文字、ギリシャ文字、キリル文字を混在させることはできません。",
        en="No word mixes Latin, Greek and Cyrillic letters.",
    ),
    stops="a word that looks like another because one letter is foreign",
)
PAYEE_SCRIPT = Rule(
    code="transaction/payee-script",
    clause=f"{_FORMAT} §5; Zengin character set, UTS #39 §5",
    requires=Text(
        ja="受取人および金融機関の名称に使用できるのは、かな、漢字、ラテン文字、数字と所定の記号に限ります。",
        en="Names of payees and banks are written in kana, kanji and Latin letters.",
    ),
    stops="a look-alike payee written in Cyrillic or Greek letters",
)
ACCOUNT = Rule(
    code="transaction/account",
    clause=f"{_FORMAT} §3; ISO 9362, ISO 13616",
    requires=Text(
        ja="金融機関コード、支店コード、口座番号は、定められた形式でなければなりません。",
        en="Bank, branch and account have the form of their numbering, with valid check digits.",
    ),
    stops="an account number that two banks read in two ways",
)
AMOUNT = Rule(
    code="transaction/amount",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="金額は、最小通貨単位による1以上、上限以下の整数でなければなりません。",
        en="An amount is a whole number of minor units, from 1 to 2^53 - 1.",
    ),
    stops="fractions, negative amounts and numbers that lose digits on their way",
)
CURRENCY = Rule(
    code="transaction/currency",
    clause=f"{_FORMAT} §3; ISO 4217",
    requires=Text(
        ja="通貨は、ISO 4217の表にある通貨コードでなければなりません。",
        en="The currency is in the table of ISO 4217.",
    ),
    stops="an amount whose decimal point nobody knows",
)
TIMES = Rule(
    code="transaction/times",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="受付日時と回答期限は協定世界時の秒単位で、期限までの長さは定められた範囲内でなければなりません。",
        en="Times are whole seconds of UTC, and the time to answer is within its range.",
    ),
    stops="a question that stays open for an attacker to come back to",
)
DOCUMENT = Rule(
    code="transaction/document",
    clause=f"{_FORMAT} §3",
    requires=Text(
        ja="署名する文書には、文書と全ページの画像のSHA-256（32バイト）が必要です。",
        en="A document has its SHA-256 and that of each page, at least one.",
    ),
    stops="a signature under pages that were never shown",
)
TEMPLATE = Rule(
    code="transaction/template",
    clause=f"{_FORMAT} §6",
    requires=Text(
        ja="取引テンプレートは、定められた項目と範囲で記述されていなければなりません。",
        en="A template has the documented settings within their ranges.",
    ),
    stops="a slip of the keyboard that makes approval easier",
)
METHOD = Rule(
    code="transaction/method",
    clause=f"{_FORMAT} §6",
    requires=Text(
        ja="承認は、その取引で認められた方法で行われなければなりません。",
        en="An approval is made by a method that the template accepts.",
    ),
    stops="downgrade to a weaker kind of proof",
)
DISPLAY = Rule(
    code="transaction/display",
    clause=f"{_FORMAT} §6",
    requires=Text(
        ja="取引内容は、その金額に求められる信頼性のある環境で表示されていなければなりません。",
        en="The text was shown by an environment as trusted as the template asks for the amount.",
    ),
    stops="an overlay, or malware that changes what is displayed",
)
USER_VERIFIED = Rule(
    code="transaction/user-verified",
    clause=f"{_FORMAT} §6",
    requires=Text(
        ja="承認には、暗証番号または生体認証による利用者の検証が必要です。",
        en="An approval needs PIN or biometrics, where the template says so.",
    ),
    stops="an approval by whoever holds the unlocked phone",
)
STATE = Rule(
    code="transaction/state",
    clause=f"{_FORMAT} §7",
    requires=Text(
        ja="この操作は、取引の現在の状態では受け付けられません。",
        en="The transaction's state admits what happened.",
    ),
    stops="two outcomes of one transaction",
)
LATE = Rule(
    code="transaction/late",
    clause=f"{_FORMAT} §7",
    requires=Text(
        ja="回答は、回答期限までに届かなければなりません。",
        en="An answer arrives before the transaction expires.",
    ),
    stops="an approval kept back until it suits the attacker",
)
DECIDED = Rule(
    code="transaction/decided",
    clause=f"{_FORMAT} §7",
    requires=Text(
        ja="一つの取引に対する回答は、一度だけ受け付けます。",
        en="A transaction is answered once.",
    ),
    stops="an OK that follows an NG, or the reverse",
)
PROXIMITY = Rule(
    code="transaction/proximity",
    clause=f"{_FORMAT} §8",
    requires=Text(
        ja="画面に表示中の二次元コードまたはリンクに含まれる6桁の番号が必要です。",
        en="Whoever claims the operation shows the code that is on the screen now.",
    ),
    stops="a code that was photographed and sent to a victim far away",
)
LIMIT_CURRENCY = Rule(
    code="transaction/limit-currency",
    clause=f"{_FORMAT} §9",
    requires=Text(
        ja="取引の通貨は、限度額が定められている通貨でなければなりません。",
        en="There are limits in the currency of the transaction.",
    ),
    stops="a transfer that no limit counts",
)
LIMIT = Rule(
    code="transaction/limit",
    clause=f"{_FORMAT} §9",
    requires=Text(
        ja="金額は、適用される限度額以内でなければなりません。",
        en="The amount is within the limits that apply.",
    ),
    stops="an account emptied at once",
)
COOLING_OFF = Rule(
    code="transaction/cooling-off",
    clause=f"{_FORMAT} §9",
    requires=Text(
        ja="新しく登録した端末では、一定期間、この操作を行うことができません。",
        en="A device newly bound waits before it may widen what can be done.",
    ),
    stops="an attacker who enrols a device and raises the limit at once",
)

RULES = (
    FORM,
    VERSION,
    FIELDS,
    IDENTIFIER,
    LENGTH,
    CHARACTERS,
    NORMALISED,
    SPACES,
    SCRIPTS,
    PAYEE_SCRIPT,
    ACCOUNT,
    AMOUNT,
    CURRENCY,
    TIMES,
    DOCUMENT,
    TEXT,
    TEMPLATE,
    METHOD,
    DISPLAY,
    USER_VERIFIED,
    STATE,
    LATE,
    DECIDED,
    PROXIMITY,
    LIMIT_CURRENCY,
    LIMIT,
    COOLING_OFF,
)
