"""What a receipt is held to by whoever checks it. Written from the formats, not from the writer."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

FORM = Rule(
    code="receipt-check/form",
    clause="docs/formats/receipt.md §1",
    requires=Text(
        ja="控えは、定められた形式の決定的CBORのファイルでなければなりません。",
        en="A receipt is one file of deterministic CBOR of the documented form.",
    ),
    stops="bytes that nothing covers, and two readers that see two receipts",
)
PARTS = Rule(
    code="receipt-check/parts",
    clause="docs/formats/receipt.md §2",
    requires=Text(
        ja="控えの各部分は、サーバーが署名したハッシュ値と一致しなければなりません。",
        en="Each part is the one whose hash the server signed.",
    ),
    stops="a transaction, proof or evidence put in another's place",
)
KEY_FILE = Rule(
    code="receipt-check/key-file",
    clause="RFC 7517 §5; C2SP signed-note, Verifier keys",
    requires=Text(
        ja="鍵のファイルは、用途付きのJWKセット、または検証鍵を1行に1本記した文書でなければなりません。",
        en="Keys come as a JWK set that states purposes, or as verifier keys, one on a line.",
    ),
    stops="a key that is read as another",
)
SERVER_KEY = Rule(
    code="receipt-check/server-key",
    clause="docs/formats/receipt.md §5",
    requires=Text(
        ja="控えの署名鍵は、あらかじめ登録されているか、台帳で公開されていなければなりません。",
        en="The key that signed the receipt is known beforehand, or published in the log.",
    ),
    stops="receipts that anybody signs",
)
PURPOSE = Rule(
    code="receipt-check/purpose",
    clause="NIST SP 800-57 Part 1 Rev. 5 §5.2",
    requires=Text(
        ja="控えの署名鍵は、控えの署名を用途とする鍵でなければなりません。",
        en="The key that signed the receipt is one for receipts.",
    ),
    stops="another document of the server passing for a receipt",
)
SERVER_SIGNATURE = Rule(
    code="receipt-check/server-signature",
    clause="RFC 9052 §4.4; docs/formats/receipt.md §1",
    requires=Text(
        ja="サーバーの署名は、控えの各部分のハッシュ値に対して検証できなければなりません。",
        en="The server's signature over the hashes of the parts verifies.",
    ),
    stops="a forged or altered receipt",
)
TIME = Rule(
    code="receipt-check/time",
    clause="docs/formats/receipt.md §5",
    requires=Text(
        ja="控えの時刻は、結果の時刻以後で、検証の時点より後であってはなりません。",
        en="A receipt is issued after its outcome and not after the time it is checked for.",
    ),
    stops="receipts dated in advance",
)
TRANSACTION = Rule(
    code="receipt-check/transaction",
    clause="docs/formats/transaction.md",
    requires=Text(
        ja="取引データは結果が示す取引のもので、表示文は項目から再現できなければなりません。",
        en="The transaction is the outcome's, and its text is what its fields render to.",
    ),
    stops="a text that was shown in place of what was done",
)
ANSWER = Rule(
    code="receipt-check/answer",
    clause="docs/formats/confirmation.md §2",
    requires=Text(
        ja="利用者の回答は、この取引に対する、結果と同じ内容の回答でなければなりません。",
        en="The person's answer is to this transaction and says what the outcome says.",
    ),
    stops="an NG shown as an OK, or an answer to something else",
)
PROOF = Rule(
    code="receipt-check/proof",
    clause="docs/formats/confirmation.md §3",
    requires=Text(
        ja="回答は、紐付けられた鍵で、その種類の方式どおりに署名されていなければなりません。",
        en="The bound key signed the answer in the way of its kind.",
    ),
    stops="a forged answer, or a weaker kind of proof shown as a stronger one",
)
EVIDENCE = Rule(
    code="receipt-check/evidence",
    clause="docs/formats/receipt.md §3",
    requires=Text(
        ja="端末の証拠は、作成時点の信頼情報に照らして規則を満たさなければなりません。",
        en="The evidence meets every rule of its format for the time when it was made.",
    ),
    stops="evidence that never was accepted",
)
EVIDENCE_KEY = Rule(
    code="receipt-check/evidence-key",
    clause="docs/formats/receipt.md §3",
    requires=Text(
        ja="端末の証拠が示す鍵は、回答に署名した鍵と一致しなければなりません。",
        en="The evidence is about the key that signed the answer.",
    ),
    stops="evidence of a good device beside a key of another",
)
LEAF = Rule(
    code="receipt-check/leaf",
    clause="docs/formats/ledger.md §1",
    requires=Text(
        ja="台帳の記録は、控えの種別に応じた正しい形式でなければなりません。",
        en="Leaves are of the documented form and of the kinds that a receipt rests on.",
    ),
    stops="a leaf of some other event",
)
OPENING = Rule(
    code="receipt-check/opening",
    clause="docs/formats/ledger.md §2",
    requires=Text(
        ja="控えの内容とソルトは、台帳の記録のコミットメントと一致しなければなりません。",
        en="What the receipt shows opens the commitments of its leaves.",
    ),
    stops="a user, key, outcome or transaction other than the recorded one",
)
BINDING = Rule(
    code="receipt-check/binding",
    clause="docs/formats/receipt.md §3",
    requires=Text(
        ja="取引の利用者と端末は、鍵が紐付けられた利用者と端末でなければなりません。",
        en="Person and device of the transaction are those that the key was bound to before.",
    ),
    stops="one person's key answering for another",
)
ENDORSEMENT = Rule(
    code="receipt-check/endorsement",
    clause="docs/formats/endorsement.md §2, §3",
    requires=Text(
        ja="回答した鍵は、登録された鍵の署名により、取引の前に認められたものでなければなりません。",
        en="The key that answered was endorsed by the bound key before the transaction, for this.",
    ),
    stops="a key that answers without the bound one's word, or with a word for something else",
)
WARRANT = Rule(
    code="receipt-check/warrant",
    clause="docs/formats/endorsement.md §4",
    requires=Text(
        ja="部品の保証書は、この鍵と端末に対する、取引の時点で有効なものでなければなりません。",
        en="The warrant is for this key on this device, in its time, by a provider known before.",
    ),
    stops="a key of any app passing for one behind a trusted display",
)
INCLUSION = Rule(
    code="receipt-check/inclusion",
    clause="RFC 9162 §2.1.3.2",
    requires=Text(
        ja="記録は、チェックポイントが示す台帳に、示された位置で含まれていなければなりません。",
        en="The leaf is in the log under the checkpoint, at the place that is stated.",
    ),
    stops="a rewritten leaf, a proof of another leaf, a pending receipt said to be included",
)
CHECKPOINT = Rule(
    code="receipt-check/checkpoint",
    clause="C2SP tlog-checkpoint, Note text; C2SP signed-note, Format",
    requires=Text(
        ja="チェックポイントは、正しい形式の署名付きノートでなければなりません。",
        en="The checkpoint is a signed note of the exact form.",
    ),
    stops="one head read as two",
)
LOG = Rule(
    code="receipt-check/log",
    clause="C2SP tlog-checkpoint, Note text",
    requires=Text(
        ja="チェックポイントは、控えが示す台帳のものでなければなりません。",
        en="The checkpoint is of the log that the receipt names.",
    ),
    stops="a leaf shown to be in some other log",
)
LOG_KEY = Rule(
    code="receipt-check/log-key",
    clause="C2SP signed-note, Signatures",
    requires=Text(
        ja="チェックポイントには、指定された台帳の鍵による署名が必要です。",
        en="A key of the log that is known beforehand signed the checkpoint.",
    ),
    stops="a log that anybody sets up",
)
LOG_SIGNATURE = Rule(
    code="receipt-check/log-signature",
    clause="C2SP signed-note, Signatures; C2SP tlog-cosignature",
    requires=Text(
        ja="台帳と証人の署名は、登録済みの鍵で検証できなければなりません。",
        en="Signatures of known logs and witnesses verify.",
    ),
    stops="a head altered after it was signed",
)
WITNESSES = Rule(
    code="receipt-check/witnesses",
    clause="C2SP tlog-cosignature",
    requires=Text(
        ja="チェックポイントには、指定された数の証人による連署が必要です。",
        en="As many witnesses as were asked for have cosigned the checkpoint.",
    ),
    stops="a log that shows different histories to different people",
)
CONSISTENCY = Rule(
    code="receipt-check/consistency",
    clause="RFC 9162 §2.1.4.2",
    requires=Text(
        ja="新しいチェックポイントは、前のものを変えずに追記した台帳のものでなければなりません。",
        en="The later checkpoint extends the earlier one and changes nothing in it.",
    ),
    stops="history rewritten, shortened or forked",
)

RULES = (
    FORM,
    PARTS,
    KEY_FILE,
    SERVER_KEY,
    PURPOSE,
    SERVER_SIGNATURE,
    TIME,
    TRANSACTION,
    ANSWER,
    PROOF,
    EVIDENCE,
    EVIDENCE_KEY,
    LEAF,
    OPENING,
    BINDING,
    ENDORSEMENT,
    WARRANT,
    INCLUSION,
    CHECKPOINT,
    LOG,
    LOG_KEY,
    LOG_SIGNATURE,
    WITNESSES,
    CONSISTENCY,
)
