"""What a WebAuthn tpm statement must fulfil, in the order of checking."""

from __future__ import annotations

from warifu.attestation.evidence.rules.webauthn_statements import (
    STATEMENT_FORM,
    STATEMENT_SIGNATURE,
)
from warifu.base.rule import Leniency, Rule, Text

VERSION = Rule(
    code="webauthn-tpm/version",
    clause="WebAuthn L3 §8.3, ver",
    requires=Text(
        ja="tpm形式の構成証明ステートメントは、TPM 2.0のものでなければなりません。",
        en="The statement is of TPM version 2.0.",
    ),
    stops="structures of TPM 1.2 read as those of 2.0",
)
PUBLIC_AREA = Rule(
    code="webauthn-tpm/public-area",
    clause="TPM 2.0 Library Part 2 §12.2.4, TPMT_PUBLIC",
    requires=Text(
        ja="TPMの公開領域は、RSAまたは楕円曲線の鍵を表す正しい構造でなければなりません。",
        en="The public area is one well-formed TPMT_PUBLIC of an RSA or elliptic curve key.",
    ),
    stops="parser differentials",
)
KEY = Rule(
    code="webauthn-tpm/key",
    clause="WebAuthn L3 §8.3: pubArea matches credentialPublicKey",
    requires=Text(
        ja="TPMの公開領域の鍵は、登録する鍵と一致しなければなりません。",
        en="The public area holds the credential key.",
    ),
    stops="registering a key that the TPM does not hold",
)
ATTEST = Rule(
    code="webauthn-tpm/attest",
    clause="TPM 2.0 Library Part 2 §10.12.12, TPMS_ATTEST; WebAuthn L3 §8.3: magic, type",
    requires=Text(
        ja="TPMの構成証明データは、TPM2_Certifyによる正しいTPMS_ATTEST構造でなければなりません。",
        en="The certificate info is one well-formed TPMS_ATTEST that the TPM made by TPM2_Certify.",
    ),
    stops="data of an outsider that a TPM key signed, and quotes or time stamps read as more",
)
EXTRA_DATA = Rule(
    code="webauthn-tpm/extra-data",
    clause="WebAuthn L3 §8.3: extraData is the hash of attToBeSigned",
    requires=Text(
        ja="TPMの構成証明は、この認証器データとクライアントデータに対するものでなければなりません。",
        en="The TPM's statement is about this authenticator data and this client data.",
    ),
    stops="moving a statement to another ceremony",
)
NAME = Rule(
    code="webauthn-tpm/name",
    clause="WebAuthn L3 §8.3: attested name; TPM 2.0 Library Part 1 §16, Names",
    requires=Text(
        ja="TPMが証明した名前は、この公開領域から計算した名前と一致しなければなりません。",
        en="The name that the TPM certified is the name of this public area.",
    ),
    stops="showing one key and having another certified",
)
CERTIFICATE = Rule(
    code="webauthn-tpm/certificate",
    clause="WebAuthn L3 §8.3.1",
    requires=Text(
        ja="TPMの証明書は、バージョン3で主体者名が空の、構成証明鍵（AIK）専用の証明書で"
        "なければなりません。",
        en="The certificate is version 3, has no subject and serves attestation keys (AIK) only.",
    ),
    stops="any other certificate of the same authority posing as a TPM's",
)
TPM_NAMED = Rule(
    code="webauthn-tpm/tpm-named",
    clause="WebAuthn L3 §8.3.1; TPMv2-EK-Profile §3.2.9",
    requires=Text(
        ja="TPMの証明書には、TPMの製造者、型番、バージョンが記載されていなければなりません。",
        en="The certificate names the TPM's manufacturer, model and version.",
    ),
    stops="certificates of keys that are in no TPM",
)
MODEL = Rule(
    code="webauthn-tpm/model",
    clause="WebAuthn L3 §8.3: id-fido-gen-ce-aaguid",
    requires=Text(
        ja="証明書に機種識別子（AAGUID）がある場合、認証器データのものと一致しなければなりません。",
        en="Where the certificate names an authenticator model, it is the one in the data.",
    ),
    stops="passing one model off as another",
)

SHA1_STATEMENT = Leniency(
    name="webauthn-tpm/sha1-statement",
    departs_from="RFC 8812 §3: RS1 only for statements that cannot be otherwise",
    seen_on="Windows Hello, every TPM whose identity key is from before 2023",
)
VERSION_ABSENT = Leniency(
    name="webauthn-tpm/version-absent",
    departs_from="WebAuthn L3 §8.3: ver is always there",
    seen_on="Windows Hello statements recorded before the format was final",
)

TPM_RULES: tuple[Rule, ...] = (
    STATEMENT_FORM,
    VERSION,
    PUBLIC_AREA,
    KEY,
    ATTEST,
    EXTRA_DATA,
    NAME,
    STATEMENT_SIGNATURE,
    CERTIFICATE,
    TPM_NAMED,
    MODEL,
)
RULES: tuple[Rule, ...] = (
    VERSION,
    PUBLIC_AREA,
    KEY,
    ATTEST,
    EXTRA_DATA,
    NAME,
    CERTIFICATE,
    TPM_NAMED,
    MODEL,
)
LENIENCIES: tuple[Leniency, ...] = (SHA1_STATEMENT, VERSION_ABSENT)
