"""What the service demands of its own surroundings: addresses, answers, directories, keys."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

SOURCE_ADDRESS = Rule(
    code="refresh/source-address",
    clause="RFC 9110 §4.2.2",
    requires=Text(
        ja="信頼情報の取得先は、httpsのアドレスでなければなりません。",
        en="Trust data is fetched over https.",
    ),
    stops="anyone on the way serving an older list",
)
FETCHED = Rule(
    code="refresh/fetched",
    clause="RFC 9110 §15; RFC 9111 §4.3",
    requires=Text(
        ja="公開元から、制限時間と上限サイズの範囲内で、完全な応答を得る必要があります。",
        en="The publisher answers completely, within the limits of time and size.",
    ),
    stops="half an answer, an endless answer, an error page taken for a list",
)
DIRECTORY = Rule(
    code="trust/directory",
    clause="warifu trust directory",
    requires=Text(
        ja="信頼情報の保存先には、初期化済みで、読み書きできるフォルダーを指定してください。",
        en="The trust directory exists, has been initialised, and can be read and written.",
    ),
)
DIRECTORY_EMPTY = Rule(
    code="trust/directory-empty",
    clause="warifu trust directory",
    requires=Text(
        ja="新しい保存先には、空のフォルダーを指定してください。",
        en="A new trust directory is made where there is nothing yet.",
    ),
    stops="writing one history over another",
)
WORKERS = Rule(
    code="usage/workers",
    clause="this interface",
    requires=Text(
        ja="プロセス数は1以上で指定してください。",
        en="The number of processes is at least one.",
    ),
)
