"""Rules of the ledger: the tree, its signed heads, its witnesses, its leaves, its one writer."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

PLACE = Rule(
    code="ledger/place",
    clause="RFC 9162 §2.1",
    requires=Text(
        ja="台帳の位置と件数は、台帳の範囲内の整数でなければなりません。",
        en="Places and sizes are whole numbers within the log.",
    ),
    stops="proofs about leaves that cannot be there",
)
NODES = Rule(
    code="ledger/nodes",
    clause="RFC 9162 §2.1.1",
    requires=Text(
        ja="証明に必要なハッシュ値は、すべて台帳に保存されていなければなりません。",
        en="Every stored hash that a proof or a root is made of is at hand.",
    ),
)
PROOF = Rule(
    code="ledger/proof",
    clause="RFC 9162 §2.1.3.2, §2.1.4.2",
    requires=Text(
        ja="証明は、件数に応じた個数の、32バイトのハッシュ値で構成されていなければなりません。",
        en="A proof has exactly the hashes of 32 bytes that its sizes call for.",
    ),
    stops="proofs padded or cut until they fit",
)
INCLUSION = Rule(
    code="ledger/inclusion",
    clause="RFC 9162 §2.1.3.2",
    requires=Text(
        ja="記録は、示された位置で台帳に含まれていなければなりません。",
        en="The leaf is in the log, at the place that is stated.",
    ),
    stops="a leaf rewritten afterwards, or a proof of another leaf",
)
CONSISTENCY = Rule(
    code="ledger/consistency",
    clause="RFC 9162 §2.1.4.2",
    requires=Text(
        ja="台帳には追記だけが行われ、過去の記録が書き換えられていてはなりません。",
        en="A later head of the log extends the earlier one and changes nothing in it.",
    ),
    stops="history rewritten, shortened or forked",
)
NOTE_FORM = Rule(
    code="ledger/note",
    clause="C2SP signed-note, Format",
    requires=Text(
        ja="署名付きノートは、本文、空行、署名行からなる正しいUTF-8の文書でなければなりません。",
        en="A signed note is text, an empty line and signature lines, in UTF-8 without controls.",
    ),
    stops="two readers that see two texts under one signature",
)
KEY_FORM = Rule(
    code="ledger/verifier-key",
    clause="C2SP signed-note, Verifier keys",
    requires=Text(
        ja="台帳の検証鍵は、名前と鍵IDと公開鍵が互いに一致するEd25519の鍵でなければなりません。",
        en="A verifier key is an Ed25519 key whose name and key ID belong to it.",
    ),
    stops="a key under a name that is not its own",
)
UNKNOWN_SIGNER = Rule(
    code="ledger/known-signer",
    clause="C2SP signed-note, Signatures",
    requires=Text(
        ja="チェックポイントには、あらかじめ登録した台帳の鍵による署名が必要です。",
        en="A checkpoint is signed by a key of the log that is known beforehand.",
    ),
    stops="a log that anybody sets up",
)
NOTE_SIGNATURE = Rule(
    code="ledger/note-signature",
    clause="C2SP signed-note, Signatures",
    requires=Text(
        ja="登録済みの鍵による署名は、本文に対して検証できなければなりません。",
        en="A signature that names a known key verifies under it.",
    ),
    stops="a head altered after it was signed",
)
CHECKPOINT_FORM = Rule(
    code="ledger/checkpoint",
    clause="C2SP tlog-checkpoint, Note text",
    requires=Text(
        ja="チェックポイントは、台帳名、件数、ルートハッシュの各行を正しい形式で備えなければなりません。",
        en="A checkpoint states origin, size and root hash on lines of their exact form.",
    ),
    stops="one head read as two",
)
ORIGIN = Rule(
    code="ledger/origin",
    clause="C2SP tlog-checkpoint, Note text",
    requires=Text(
        ja="チェックポイントは、想定した台帳のものでなければなりません。",
        en="The checkpoint is of the log that is asked about.",
    ),
    stops="a leaf shown to be in some other log",
)
SIGNER_KIND = Rule(
    code="ledger/signer",
    clause="C2SP signed-note, Ed25519 signatures",
    requires=Text(
        ja="チェックポイントの署名には、Ed25519（EdDSA）の鍵を使用しなければなりません。",
        en="Checkpoints are signed with an Ed25519 key.",
    ),
)
WITNESSES = Rule(
    code="ledger/witnesses",
    clause="C2SP tlog-cosignature, Format",
    requires=Text(
        ja="チェックポイントには、定められた数の証人による連署が必要です。",
        en="As many witnesses as the policy asks for have cosigned the checkpoint.",
    ),
    stops="a log that shows different histories to different people",
)
WITNESS_TIME = Rule(
    code="ledger/witness-time",
    clause="C2SP tlog-cosignature, Format",
    requires=Text(
        ja="連署の時刻は、検証の時点より後であってはなりません。",
        en="A cosignature is not dated after the time that is judged for.",
    ),
    stops="cosignatures made in advance",
)
WITNESS_POLICY = Rule(
    code="ledger/witness-policy",
    clause="C2SP tlog-cosignature, Ed25519 signed message",
    requires=Text(
        ja="証人の鍵は互いに異なり、必要な連署の数は証人の数以下でなければなりません。",
        en="Witnesses have keys of their own, and no more are asked for than there are.",
    ),
    stops="one witness counted twice",
)
LEAF_FORM = Rule(
    code="ledger/leaf",
    clause="docs/formats/ledger.md §1",
    requires=Text(
        ja="台帳の記録は、種別ごとに定められた項目だけを持つ決定的CBORでなければなりません。",
        en="A leaf is deterministic CBOR with exactly the members that its kind has.",
    ),
    stops="personal data in the log, and leaves that two readers read differently",
)
COMMITMENT = Rule(
    code="ledger/commitment",
    clause="docs/formats/ledger.md §2",
    requires=Text(
        ja="示された値とソルトは、台帳の記録のコミットメントと一致しなければなりません。",
        en="The value and salt that are shown open the commitment in the leaf.",
    ),
    stops="another user, key or decision put in the place of the recorded one",
)
LEASE_HELD = Rule(
    code="ledger/lease-held",
    clause="docs/formats/ledger.md §4",
    requires=Text(
        ja="台帳への書込権は、ほかの保持者の期限が切れるまで取得できません。",
        en="The lease is taken only when nobody else holds it.",
    ),
    stops="two sequencers at once",
)
LEASE_CURRENT = Rule(
    code="ledger/lease-current",
    clause="docs/formats/ledger.md §4",
    requires=Text(
        ja="台帳への書込みには、期限内の最新の書込権（フェンシングトークン）が必要です。",
        en="Whoever places leaves or signs holds the current fencing token, within its time.",
    ),
    stops="a sequencer that was asleep and signs on",
)
LEASE_MOVE = Rule(
    code="ledger/lease-move",
    clause="docs/formats/ledger.md §4",
    requires=Text(
        ja="書込権の状態は、定められた順にしか変更できません。",
        en="A lease moves from state to state only as the table allows.",
    ),
)
ONE_HEAD = Rule(
    code="ledger/one-head",
    clause="C2SP tlog-checkpoint, Signatures",
    requires=Text(
        ja="一つの件数に対して二つの異なるルートハッシュがあってはならず、台帳を縮めてはなりません。",
        en="There is one head for a size, and no head is smaller than the one before.",
    ),
    stops="a forked or shortened log",
)
COMMITTED = Rule(
    code="ledger/committed",
    clause="docs/formats/ledger.md §4",
    requires=Text(
        ja="チェックポイントへの署名は、その内容の保存が完了してから行わなければなりません。",
        en="A checkpoint is signed only after its head is committed.",
    ),
    stops="a signed head that the store does not know after a crash",
)

RULES = (
    PLACE,
    NODES,
    PROOF,
    INCLUSION,
    CONSISTENCY,
    NOTE_FORM,
    KEY_FORM,
    UNKNOWN_SIGNER,
    NOTE_SIGNATURE,
    CHECKPOINT_FORM,
    ORIGIN,
    SIGNER_KIND,
    WITNESSES,
    WITNESS_TIME,
    WITNESS_POLICY,
    LEAF_FORM,
    COMMITMENT,
    LEASE_HELD,
    LEASE_CURRENT,
    LEASE_MOVE,
    ONE_HEAD,
    COMMITTED,
)
