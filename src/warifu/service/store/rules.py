"""What the store demands of its surroundings and of what it is given."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

AVAILABLE = Rule(
    code="store/available",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースに接続でき、制限時間内に応答が得られなければなりません。",
        en="The database can be reached and answers in time.",
    ),
    stops="answers that rest on nothing, or that nothing keeps",
)
STATEMENT = Rule(
    code="store/statement",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースは、本サービスが発行するSQL文をすべて実行できなければなりません。",
        en="The database carries out every statement of this service.",
    ),
    stops="rows that contradict each other",
)
SCHEMA = Rule(
    code="store/schema",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースの構成は、このリリースに対応していなければなりません。"
        "「warifu db upgrade」を実行してください。",
        en="The database has the tables of this release: run `warifu db upgrade`.",
    ),
    stops="a release at work on tables that it does not know",
)
URL = Rule(
    code="store/url",
    clause="docs/operators.md",
    requires=Text(
        ja="データベースは、「sqlite:///ファイル名」または「postgresql://ホスト/名前」の形式で"
        "指定してください。",
        en="The database is named as sqlite:///file.db or postgresql://host/name.",
    ),
)
POSTGRES_EXTRA = Rule(
    code="store/postgres-extra",
    clause="docs/operators.md",
    requires=Text(
        ja="PostgreSQLを使用するには、追加機能warifu[postgres]のインストールが必要です。",
        en="PostgreSQL needs the extra packages of warifu[postgres].",
    ),
)
VALUE = Rule(
    code="store/value",
    clause="PostgreSQL 8.3, 8.1.1; Unicode 3.9 D90",
    requires=Text(
        ja="文字列にNUL文字や不正な文字を含めることはできず、整数は64ビットの範囲内でなければ"
        "なりません。",
        en="Text holds no NUL and no lone surrogate; whole numbers fit 64 bits.",
    ),
    stops="text that one database cuts off where another does not",
)
BACKUP = Rule(
    code="store/backup",
    clause="docs/operators.md",
    requires=Text(
        ja="バックアップのファイルには、欠落や改変があってはなりません。",
        en="The backup is whole and unaltered.",
    ),
    stops="half of a bank's records restored for all of them",
)
EMPTY = Rule(
    code="store/empty",
    clause="docs/operators.md",
    requires=Text(
        ja="復元先には、データのないデータベースを指定してください。既存のデータを消去して復元する"
        "場合は、その指定が必要です。",
        en="A backup is restored into an empty database, or over one that is named to be replaced.",
    ),
    stops="records of two databases mixed, or the wrong ones overwritten",
)
RULES = (AVAILABLE, STATEMENT, SCHEMA, URL, POSTGRES_EXTRA, VALUE, BACKUP, EMPTY)
