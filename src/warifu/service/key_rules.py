"""What is demanded of the places where our keys are kept."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

KEY_FILE = Rule(
    code="keys/file",
    clause="warifu key file",
    requires=Text(
        ja="鍵ファイルには、読み書きできる通常のファイルを指定してください。",
        en="A key file is a regular file that can be read and written.",
    ),
)
KEY_FILE_NEW = Rule(
    code="keys/file-new",
    clause="warifu key file",
    requires=Text(
        ja="新しい鍵ファイルには、まだ存在しないファイル名を指定してください。",
        en="A new key file is made where there is none yet.",
    ),
    stops="writing one set of keys over another",
)
PRIVATE = Rule(
    code="keys/file-private",
    clause="NIST SP 800-57 Part 1 Rev. 5 §6.2.2.3",
    requires=Text(
        ja="鍵やパスフレーズのファイルは、所有者だけが読み書きでき、ほかのOSユーザーが"
        "差し替えられない場所になければなりません。",
        en="Files of keys and passphrases are their owner's alone, in a folder where nobody else "
        "can replace them.",
    ),
    stops="other users of the machine reading or replacing keys",
)
TOKEN_SUPPORT = Rule(
    code="keys/token-support",
    clause="PKCS #11 v3.1",
    requires=Text(
        ja="PKCS#11トークンを使うには、warifu[pkcs11]をインストールしてください。",
        en="Using a PKCS #11 token takes the extra warifu[pkcs11].",
    ),
)
TOKEN_CONFIGURATION = Rule(
    code="keys/token-configuration",
    clause="warifu token configuration",
    requires=Text(
        ja="トークンの設定には、module、label、pin_fileを指定してください。",
        en="A token configuration states module, label and pin_file.",
    ),
)
TOKEN = Rule(
    code="keys/token",
    clause="PKCS #11 v3.1 §5",
    requires=Text(
        ja="PKCS#11トークンは、利用可能で、要求された処理に応答しなければなりません。",
        en="The PKCS #11 token is there and does what it is asked.",
    ),
)
TOKEN_KEY = Rule(
    code="keys/token-key",
    clause="PKCS #11 v3.1 §4.9",
    requires=Text(
        ja="トークンの秘密鍵は、取り出すことができず、登録された公開鍵に対応していなければなりません。",
        en="A private key in a token cannot be extracted, and belongs to the public key on record.",
    ),
    stops="a key that was copied elsewhere, or put in the place of ours",
)
TOKEN_ALGORITHM = Rule(
    code="keys/token-algorithm",
    clause="PKCS #11 v3.1 §6.3",
    requires=Text(
        ja="トークンの鍵のアルゴリズムは、ES256でなければなりません。",
        en="Keys in a token are for ES256.",
    ),
)
PASSPHRASE_FILE = Rule(
    code="keys/passphrase-file",
    clause="warifu serve --passphrase-file",
    requires=Text(
        ja="署名鍵を使うサービスには、パスフレーズのファイルを指定してください。",
        en="A service that signs is told the file with the passphrase of its keys.",
    ),
)
CONFIGURED = Rule(
    code="keys/configured",
    clause="warifu serve --keys",
    requires=Text(
        ja="署名付きの評価結果を発行するには、サービスに署名鍵が設定されている必要があります。",
        en="Signed results take a service that was started with signing keys.",
    ),
)
PEPPERS = Rule(
    code="keys/peppers",
    clause="docs/operators.md, PINs",
    requires=Text(
        ja="ペッパーのファイルの各行には、名前と、base64で表した16バイト以上の乱数を記載してください。",
        en="Each line of the file of peppers is a name and 16 random octets or more in base64.",
    ),
)
