"""The words of the page, in Japanese and English. Each is written, not translated."""

from __future__ import annotations

from warifu.base.rule import Text
from warifu.risk.threat.question import Basis

_PAGE: tuple[tuple[str, str, str], ...] = (
    ("title", "脅威モデルの報告書", "Threat report"),
    (
        "lead",
        (
            "スマートフォンで利用者と取引を確かめる五つの実行形態と、SIMのみの形態が、"
            "どの攻撃者から何を守れるかを示します。"
        ),
        (
            "Five ways of building authentication into a phone, and the SIM-only one: what "
            "each keeps, "
            "and against whom."
        ),
    ),
    ("made_at", "作成日時", "Made at"),
    ("model", "モデルの識別値", "Model digest"),
    ("contents", "目次", "Contents"),
    ("skip", "本文へ", "Skip to the content"),
    ("holds", "守られる", "holds"),
    ("falls", "破られる", "falls"),
    ("form", "実行形態", "Form"),
    ("attacker", "攻撃者", "Attacker"),
    ("goal", "目標", "Goal"),
    ("forms", "実行形態", "Forms"),
    ("goals", "目標", "Goals"),
    ("defences", "防御策", "Defences"),
    ("cost", "費用", "Cost"),
    ("clause", "典拠", "Source"),
    ("name", "名前", "Name"),
    ("meaning", "意味", "Meaning"),
    ("powers", "能力", "Powers"),
    ("none", "なし", "none"),
    ("all_forms", "すべての形態", "every form"),
    ("and", "、", ", "),
    ("rests_on", "根拠", "Rests on"),
    (
        "legend_text",
        (
            "色だけでなく、記号・語・模様でも区別しています。斜線の入った×は破られる目標、"
            "○は守られる目標です。"
        ),
        (
            "Told apart by sign, word and pattern, not by colour alone: × on hatching falls, "
            "○ on plain "
            "ground holds."
        ),
    ),
    ("scroll", "表は横にスクロールできます。", "The table can be moved sideways."),
    ("verdicts", "判定", "verdicts"),
    ("colon", "：", ": "),
    ("period", "。", "."),
    ("proved", "（すべて証明を検査済み）", "each with its proof checked"),
)
_SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("glance_title", "結論の一覧", "At a glance"),
    (
        "glance_lead",
        (
            "論文の対策をすべて講じた端末が、凶悪型のマルウェアに侵入された場合の判定です。"
            "欄を選ぶと、その判定の理由に移ります。"
        ),
        (
            "All of the paper's defences, and a phone taken over by vicious malware. A cell "
            "leads to the "
            "reason of its verdict."
        ),
    ),
    (
        "glance_caption",
        "凶悪型に対する判定（論文の対策、サーバ判定型）",
        "Verdicts against vicious malware (the paper's defences, judged by the server)",
    ),
    (
        "finding_transaction",
        "取引の真正性が守られる形態：{}",
        "The transaction stays as approved in: {}",
    ),
    (
        "finding_without",
        "Trusted UIがなければ、取引の真正性が守られる形態：{}",
        "Without Trusted UI, it stays as approved in: {}",
    ),
    (
        "finding_pin",
        "PINが秘匿される形態：{}",
        "The PIN stays secret in: {}",
    ),
    (
        "finding_typing",
        "利用者がTrusted UIだけにPINを入力すれば、PINが秘匿される形態：{}",
        "If the PIN is typed only into Trusted UI, it stays secret in: {}",
    ),
    ("map_title", "ヒートマップ", "Heat maps"),
    (
        "map_lead",
        (
            "防御策の組ごとに、攻撃者（行）と実行形態（列）の判定を示します。"
            "欄の中に六つの目標が並びます。"
            "認証データの照合は、サーバ判定型です。"
        ),
        (
            "A table for each set of defences: attackers down, forms across, and in each "
            "cell the six "
            "goals. The server judges the authentication data."
        ),
    ),
    ("map_held", "守られる判定 {}／{}", "{} of {} verdicts hold"),
    ("cell_falls", "破られる目標：", "Falls: "),
    ("cell_holds", "守られる目標：", "Holds: "),
    (
        "terminal_title",
        "端末判定型にした場合の違い",
        "What changes if the terminal judges",
    ),
    (
        "terminal_none",
        "端末判定型にしても、この表の判定は変わりません。",
        "Nothing in this table changes if the terminal judges.",
    ),
    ("no_tee", "TEEなし", "no TEE"),
    ("now_fall", "新たに破られる目標", "Fall now"),
    ("now_hold", "新たに守られる目標", "Hold now"),
    ("stories_title", "凶悪型の攻撃の筋書き", "Stories of the vicious malware"),
    (
        "stories_lead",
        "論文の対策の下で、実行形態と目標ごとに、攻撃の筋書き、または守られる理由を示します。",
        (
            "Under the paper's defences, for each form and goal: the attack as a story, or "
            "why there is "
            "none."
        ),
    ),
    ("move", "1手順", "1 move"),
    ("moves", "{}手順", "{} moves"),
    ("gained", "この時点で：", "From here on: "),
    ("breaks", "破られる目標：", "breaks the goal: "),
    ("would", "防がれる手順", "Moves that are stopped"),
    ("stopped_by", "これを防ぐもの：", "Stopped by: "),
    ("decides", "決め手", "decides"),
    ("drawing", "シーケンス図", "Sequence diagram"),
    ("attacks_title", "最小の攻撃", "Minimal attacks"),
    (
        "attacks_broken",
        (
            "次のいずれか一組の能力があれば、この目標は破られます。どの組も、"
            "一つでも欠ければ足りません。"
        ),
        (
            "Any one of these sets of powers breaks the goal; each is too little without any "
            "one of its "
            "own."
        ),
    ),
    ("attacks_none", "どの能力を集めても破られません。", "No set of powers breaks it."),
    ("mends_title", "最小の防御策の組", "Minimal sets of defences"),
    (
        "mends_added",
        "論文の対策に次のいずれか一組を加えると、守られます。",
        "With any one of these added to the paper's defences, it holds:",
    ),
    (
        "mends_never",
        "この実行形態では、どの防御策を加えても、この攻撃者からは守られません。",
        "In this form nothing that can be added keeps this goal from this attacker.",
    ),
    (
        "mends_from_nothing",
        "何もないところから守るには、次のいずれか一組で足ります。",
        "Starting from nothing, any one of these is enough:",
    ),
    (
        "mends_nothing_needed",
        "この実行形態では、防御策がなくても守られます。",
        "In this form it holds without any defence.",
    ),
    ("and_more", "ほかに{}組", "and {} more"),
    ("others_title", "ほかの攻撃者の筋書き", "Stories of the other attackers"),
    (
        "others_lead",
        (
            "論文の対策の下でなお成り立つ攻撃です。手順の同じものはまとめて、"
            "対象となる攻撃者と実行形態を添えます。"
        ),
        (
            "Every attack that the paper's defences leave, told once wherever its moves are "
            "the same, with the attackers and forms that it is for."
        ),
    ),
    (
        "others_none",
        "論文の対策の下で、何も破れない攻撃者：",
        "Break nothing under these defences: ",
    ),
    ("typing_title", "Trusted UIだけに入力するという前提", "Typing only into Trusted UI"),
    (
        "typing_lead",
        (
            "利用者がTrusted UI以外にPINを入力しないことは、技術ではなく人の習慣に頼る防御策です。"
            "次の結論は、これがあれば守られ、なければ破られます。"
        ),
        (
            "That people type the PIN only into Trusted UI is a habit and no technique. "
            "These conclusions "
            "hang on it: with it the goals hold, without it they fall."
        ),
    ),
    (
        "typing_none",
        "この防御策の組では、この前提によって変わる結論はありません。",
        "With these defences no conclusion hangs on it.",
    ),
    ("typing_held", "この前提で守られる目標", "Hold only with it"),
    ("typing_worse", "この前提で破られる目標", "Fall because of it"),
    ("foundations_title", "判定の根拠", "What the verdicts rest on"),
    ("orders_title", "二つの取引の順序の探索", "Search through the orders of two sessions"),
    (
        "orders_lead",
        (
            "手順の表には順序がないため、二つの取引のあらゆる順序を別に探索しています。"
            "署名の対象から一つを外すと、次の攻撃が見つかります。"
        ),
        (
            "The table of moves has no order; so all orders of two sessions are searched as "
            "well. Leave "
            "one thing out of what is signed, and this is found:"
        ),
    ),
    ("without", "外したもの：", "Without: "),
    ("without_nothing", "何も外さない場合", "Nothing left out"),
    (
        "not_found",
        "二つの取引のどの順序でも、攻撃は見つかりません。",
        "No order of two sessions is an attack.",
    ),
    ("referee_title", "検証器が判定した640欄", "The 640 cells of the referee"),
    (
        "referee_lead",
        (
            "ProVerifが取引の回数を限らずに判定した640欄について、このモデルが出す判定の内訳です。"
            "公表されている419欄とは、試験で一つずつ照合しています。"
        ),
        (
            "640 cells were judged by ProVerif for any number of sessions. This is how our "
            "model judges "
            "them; the 419 published ones are compared one by one in the tests."
        ),
    ),
    ("safe_both", "PINも取引も守られる", "PIN and transaction hold"),
    ("lost_pin", "PINだけが破られる", "only the PIN falls"),
    ("lost_transaction", "取引だけが破られる", "only the transaction falls"),
    ("lost_both", "PINも取引も破られる", "both fall"),
    ("certificates_title", "この報告書の判定", "The verdicts of this page"),
    (
        "certificates_lead",
        "すべての判定に証明が付き、閉包とは独立した検査器が一つずつ確かめています。",
        (
            "Each verdict has its proof, and a checker apart from the closure has checked each "
            "of them."
        ),
    ),
    ("attack_proofs", "攻撃の証明", "proofs of attacks"),
    ("safe_proofs", "安全の証明", "proofs of safety"),
    ("refereed_too", "うち検証器も判定", "also refereed"),
    ("profile", "防御策の組", "Set of defences"),
    ("outside_title", "モデルの外にあるもの", "What lies outside the model"),
    (
        "outside_lead",
        "次のものについて、この報告書は何も述べません。守られるとも、破られるとも言えません。",
        "Of these the report says nothing: neither that they are safe nor that they are not.",
    ),
    ("terms_title", "用語", "Terms"),
    ("environments", "環境", "Environments"),
    ("se_at", "SEの接続先", "SE hangs at"),
    ("authenticates", "認証を行うもの", "Authenticates"),
    ("to_server", "サーバまで", "To the server"),
    ("to_user", "利用者まで", "To the user"),
    (
        "cost_lead",
        "費用は、答えを並べる順序を決めるための目安であり、金額ではありません。",
        "Costs put answers in order; they are no money.",
    ),
    (
        "tail",
        "warifu が脅威モデルから作成しました。通信もスクリプトも使いません。",
        "Made by warifu from its threat model. This page uses no network and no script.",
    ),
)
WORDS: dict[str, Text] = {name: Text(ja=ja, en=en) for name, ja, en in (*_PAGE, *_SECTIONS)}
"""Every word of the templates by its name."""

BASES_MEAN: dict[Basis, Text] = {
    Basis.CLOSURE: Text(
        ja="手順を繰り返し当てはめ、得られるものをすべて求めます。順序や鮮度は考えません。"
        "「守られる」は、手順の表の範囲で言えることです。",
        en="Moves are applied until nothing new is gained, without order or freshness. What holds, "
        "holds within the table of moves.",
    ),
    Basis.SESSIONS: Text(
        ja="二つまでの取引のメッセージを、攻撃者が差し替え、再送し、入れ替える順序を探索します。",
        en="All orders in which an attacker swaps, repeats and mixes the messages of at most two "
        "sessions are searched.",
    ),
    Basis.REFEREE: Text(
        ja="外部の検証器が、取引の回数を限らずに同じ問いを判定した欄です。",
        en="An outside prover judged the very same question, for any number of sessions.",
    ),
}
"""What each basis of a verdict says, and what it does not."""
