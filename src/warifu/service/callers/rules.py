"""What is demanded of whoever calls, and the HTTP status where it is not met."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

UNAUTHENTICATED = Rule(
    code="callers/unauthenticated",
    clause="RFC 9110 §11.4",
    requires=Text(
        ja="呼び出し元は、有効な認証情報を提示する必要があります。",
        en="The caller presents a credential that is known, valid today and not revoked.",
    ),
    stops="calls by strangers, and by callers whose access has ended",
)
ONE_CREDENTIAL = Rule(
    code="callers/one-credential",
    clause="RFC 9110 §11.6.2",
    requires=Text(
        ja="1件のリクエストで提示できる認証情報は、1種類、1件だけです。",
        en="A request carries exactly one credential, of one kind.",
    ),
    stops="two components of one system seeing two callers in one request",
)
TRUSTED_PROXY = Rule(
    code="callers/trusted-proxy",
    clause="RFC 9440 §3",
    requires=Text(
        ja="クライアント証明書のヘッダーを付けられるのは、設定で指定されたプロキシだけです。",
        en="Only a proxy named in the settings may say which certificate a client showed.",
    ),
    stops="a stranger claiming a certificate by writing a header",
)
CERTIFICATE = Rule(
    code="callers/certificate",
    clause="RFC 9440 §2.2",
    requires=Text(
        ja="クライアント証明書は、呼び出し元の名前とともに、正しい形式で渡される必要があります。",
        en="The client's certificate arrives as one well-formed field, with the caller's name.",
    ),
    stops="two readings of one certificate field",
)
SIGNATURE_FORM = Rule(
    code="callers/signature-form",
    clause="RFC 9421 §2.3, §4",
    requires=Text(
        ja="リクエストの署名は、定められた形式と項目で一件だけ付ける必要があります。",
        en="The request carries one signature tagged for us, with the parameters we ask for.",
    ),
    stops="confusion about what was signed, by whom and how",
)
SIGNATURE_COVERS = Rule(
    code="callers/signature-covers",
    clause="RFC 9421 §7.2.1",
    requires=Text(
        ja="署名の対象には、リクエストの意味を決めるすべての項目が含まれる必要があります。",
        en="The signature covers all that decides what the request means.",
    ),
    stops="altering what the signature left out",
)
SIGNATURE_TIME = Rule(
    code="callers/signature-time",
    clause="RFC 9421 §7.2.2",
    requires=Text(
        ja="署名の作成日時は、現在時刻から前後1分以内でなければなりません。",
        en="The signature was made within a minute of now and has not expired.",
    ),
    stops="holding a signed request back until it suits",
)
SIGNATURE_ONCE = Rule(
    code="callers/signature-once",
    clause="RFC 9421 §7.2.2",
    requires=Text(
        ja="署名付きのリクエストは、一度しか使用できません。",
        en="A signed request is good for one use.",
    ),
    stops="sending a recorded request again",
)
CONTENT_DIGEST = Rule(
    code="callers/content-digest",
    clause="RFC 9530 §2",
    requires=Text(
        ja="署名付きのリクエストの本文は、Content-DigestのSHA-256と一致する必要があります。",
        en="The body of a signed request matches its Content-Digest by SHA-256.",
    ),
    stops="another body under a genuine signature",
)
SCOPE = Rule(
    code="callers/scope",
    clause="RFC 6750 §3.1",
    requires=Text(
        ja="呼び出し元には、この操作に必要な権限が与えられている必要があります。",
        en="The caller was given the scope that this operation needs.",
    ),
    stops="a credential for one task used for another",
)
TENANT_NEW = Rule(
    code="callers/tenant-new",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="利用機関の識別名は、まだ使用されていないものでなければなりません。",
        en="A new tenant's identifier is not in use.",
    ),
)
TENANT_KNOWN = Rule(
    code="callers/tenant-known",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="指定された利用機関は、登録されている必要があります。",
        en="The named tenant exists.",
    ),
)
TENANT_NAME = Rule(
    code="callers/tenant-name",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="利用機関の識別名は、英小文字・数字・ハイフンで1文字以上40文字以内としてください。",
        en="A tenant's identifier is 1 to 40 of a-z, 0-9 and hyphen.",
    ),
)
CALLER_NEW = Rule(
    code="callers/name-new",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="呼び出し元の名前は、同じ利用機関の中でまだ使用されていないものでなければなりません。",
        en="A new caller's name is not in use within its tenant; a further key comes by rotation.",
    ),
    stops="one person approving twice under one name's two credentials",
)
CALLER_KNOWN = Rule(
    code="callers/known",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="指定された呼び出し元は、登録済みで、停止されていない必要があります。",
        en="The named caller exists and has not been revoked.",
    ),
)
CREDENTIAL_FILE = Rule(
    code="callers/credential-file",
    clause="docs/decisions/0015-callers.md",
    requires=Text(
        ja="ファイルには、対応する方式の証明書または公開鍵が一件だけ含まれる必要があります。",
        en="The file holds one certificate, or one public key of a supported kind.",
    ),
)
RULES = (
    UNAUTHENTICATED,
    ONE_CREDENTIAL,
    TRUSTED_PROXY,
    CERTIFICATE,
    SIGNATURE_FORM,
    SIGNATURE_COVERS,
    SIGNATURE_TIME,
    SIGNATURE_ONCE,
    CONTENT_DIGEST,
    SCOPE,
    TENANT_NEW,
    TENANT_KNOWN,
    TENANT_NAME,
    CALLER_NEW,
    CALLER_KNOWN,
    CREDENTIAL_FILE,
)
STATUS: dict[str, int] = {
    UNAUTHENTICATED.code: 401,
    ONE_CREDENTIAL.code: 401,
    TRUSTED_PROXY.code: 403,
    CERTIFICATE.code: 401,
    SIGNATURE_FORM.code: 401,
    SIGNATURE_COVERS.code: 401,
    SIGNATURE_TIME.code: 401,
    SIGNATURE_ONCE.code: 401,
    CONTENT_DIGEST.code: 401,
    SCOPE.code: 403,
}
