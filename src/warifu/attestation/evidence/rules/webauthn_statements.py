"""Rules of the attestation statement formats packed, fido-u2f, apple, none and compound."""

from __future__ import annotations

from warifu.base.rule import Rule, Text

STATEMENT_FORM = Rule(
    code="webauthn/statement-form",
    clause="WebAuthn L3 §7.1 step 22; §8",
    requires=Text(
        ja="構成証明ステートメントは、その形式の構文に従っていなければなりません。",
        en="The attestation statement follows the syntax of its format.",
    ),
    stops="parser differentials",
)
STATEMENT_SIGNATURE = Rule(
    code="webauthn/statement-signature",
    clause="WebAuthn L3 §7.1 step 22; §8.2, §8.6",
    requires=Text(
        ja="構成証明の署名は、この認証器データとクライアントデータに対するものでなければなりません。",
        en="The statement's signature is over this authenticator data and this client data.",
    ),
    stops="moving a statement to another key or another ceremony",
)
PACKED_CERTIFICATE = Rule(
    code="webauthn-packed/certificate",
    clause="WebAuthn L3 §8.2.1",
    requires=Text(
        ja="packed形式の証明書は、認証器の構成証明に用いる証明書の要件を満たさなければなりません。",
        en="The certificate is version 3, no authority's, and names country, maker and unit.",
    ),
    stops="web server or app certificates posing as an authenticator's",
)
PACKED_MODEL = Rule(
    code="webauthn-packed/model",
    clause="WebAuthn L3 §8.2, §8.2.1",
    requires=Text(
        ja="証明書に機種識別子（AAGUID）がある場合、認証器データのものと一致しなければなりません。",
        en="Where the certificate names an authenticator model, it is the one in the data.",
    ),
    stops="passing one model off as another",
)
SELF_ALGORITHM = Rule(
    code="webauthn-packed/self-algorithm",
    clause="WebAuthn L3 §8.2",
    requires=Text(
        ja="自己構成証明のアルゴリズムは、登録する鍵のアルゴリズムと一致しなければなりません。",
        en="A self attestation uses the algorithm of the credential key itself.",
    ),
    stops="algorithm confusion",
)
U2F_CERTIFICATE = Rule(
    code="webauthn-fido-u2f/certificate",
    clause="WebAuthn L3 §8.6",
    requires=Text(
        ja="fido-u2f形式の証明書は1枚だけで、その鍵はP-256の鍵でなければなりません。",
        en="There is exactly one attestation certificate and its key is on P-256.",
    ),
    stops="chains and keys that U2F authenticators cannot have",
)
U2F_KEY = Rule(
    code="webauthn-fido-u2f/key",
    clause="WebAuthn L3 §8.6",
    requires=Text(
        ja="fido-u2f形式で登録する鍵は、P-256の鍵（ES256）でなければなりません。",
        en="The credential key is on P-256, the only curve of U2F.",
    ),
    stops="signing a key other than the one registered",
)
APPLE_NONCE = Rule(
    code="webauthn-apple/nonce",
    clause="WebAuthn L3 §8.8",
    requires=Text(
        ja="Appleの証明書のナンスは、認証器データとクライアントデータから計算した値と"
        "一致しなければなりません。",
        en="The nonce in Apple's certificate is the digest of this authenticator and client data.",
    ),
    stops="replaying a certificate in another ceremony",
)
APPLE_KEY = Rule(
    code="webauthn-apple/key",
    clause="WebAuthn L3 §8.8",
    requires=Text(
        ja="Appleの証明書の公開鍵は、登録する鍵と一致しなければなりません。",
        en="Apple's certificate is for the credential key.",
    ),
    stops="registering a key that Apple did not attest",
)
COMPOUND_PARTS = Rule(
    code="webauthn-compound/parts",
    clause="WebAuthn L3 §8.9",
    requires=Text(
        ja="compound形式は、compound以外の二つ以上の構成証明ステートメントで構成されて"
        "いなければなりません。",
        en="A compound statement has two or more parts, none of them compound.",
    ),
    stops="nesting that exhausts the verifier, and empty shells",
)

PACKED_RULES: tuple[Rule, ...] = (
    STATEMENT_FORM,
    STATEMENT_SIGNATURE,
    PACKED_CERTIFICATE,
    PACKED_MODEL,
)
PACKED_SELF_RULES: tuple[Rule, ...] = (STATEMENT_FORM, SELF_ALGORITHM, STATEMENT_SIGNATURE)
U2F_RULES: tuple[Rule, ...] = (STATEMENT_FORM, U2F_CERTIFICATE, U2F_KEY, STATEMENT_SIGNATURE)
APPLE_RULES: tuple[Rule, ...] = (STATEMENT_FORM, APPLE_NONCE, APPLE_KEY)
NONE_RULES: tuple[Rule, ...] = (STATEMENT_FORM,)
COMPOUND_RULES: tuple[Rule, ...] = (STATEMENT_FORM, COMPOUND_PARTS)

RULES: tuple[Rule, ...] = (
    PACKED_CERTIFICATE,
    PACKED_MODEL,
    SELF_ALGORITHM,
    U2F_CERTIFICATE,
    U2F_KEY,
    APPLE_NONCE,
    APPLE_KEY,
    COMPOUND_PARTS,
)
