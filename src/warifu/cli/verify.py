"""``warifu verify``: evidence from files, a verdict on standard output."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from warifu.attestation import verdict as verdicts
from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence import safetynet
from warifu.attestation.evidence.facts.webauthn import StoredCredential
from warifu.attestation.examination import Gaps
from warifu.attestation.verifier import expectations_for
from warifu.base.errors import BadEvidence, MalformedEvidence, VerifierFault, WarifuError
from warifu.base.secret import Secret
from warifu.cli import inputs, output, render
from warifu.cli.ending import EXIT_CODES, UsageError
from warifu.cli.trust import load_history
from warifu.cli.values import parse_challenge, parse_moment, parse_text, read_file
from warifu.cli.words import Language, language_of_environment


def verify(  # noqa: PLR0913 - one parameter for each option of the command
    format_: Annotated[Format, Parameter(name="FORMAT")],
    files: Annotated[list[Path], Parameter(name="FILE", negative=(), allow_leading_hyphen=True)],
    /,
    *,
    challenge: str | None = None,
    app: str | None = None,
    at: str | None = None,
    known_at: str | None = None,
    trust: Path | None = None,
    realm: Realm = Realm.PRODUCTION,
    strict: Annotated[bool, Parameter(negative=())] = False,
    key: Path | None = None,
    client_data: Path | None = None,
    client_data_hash: str | None = None,
    counter: int | None = None,
    origin: Annotated[list[str] | None, Parameter(negative=())] = None,
    decryption_key: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Verify evidence: show the proved facts, or the rule it breaks.

    PEM, DER, base64, JSON, CMW and raw bytes are recognised. Exit status: 0 accepted, 1 refused,
    2 usage or unreadable file, 3 no statement about the device.

    Args:
        format_: The evidence format.
        files: The evidence; ``-`` is standard input. A certificate chain may span several files.
        challenge: The challenge that was issued: text, ``hex:...`` or ``b64:...``.
        app: The application: package name, ``<team>.<bundle>``, or RP ID.
        at: When the evidence was made, and is judged for (RFC 3339). Now unless given; for the
            retired SafetyNet the response's own time.
        known_at: Judge by what was believed at this time (RFC 3339). Now unless given.
        trust: A trust directory. Only the bundled anchors unless given.
        realm: The realm the trust directory must belong to.
        strict: Refuse to make a statement where anything could not be checked.
        key: The registered public key, PEM or DER or COSE (assertions, receipts, Play Integrity).
        client_data: The client data an App Attest assertion signs.
        client_data_hash: What the app gave to App Attest, where that is not the challenge's
            SHA-256: ``hex:...`` or ``b64:...``.
        counter: The counter stored from the last assertion.
        origin: An accepted WebAuthn origin; may be given several times.
        decryption_key: The Play Integrity response decryption key, base64.
        json: Print the verdict as one JSON document, which `explain` and `replay` read.
        lang: Language of the output; from the locale unless given.
    """
    now = datetime.now(UTC)
    if not files:
        raise UsageError("no FILE given")
    if counter is not None and counter < 0:
        raise UsageError("--counter is negative: no counter ever was")
    contents = [read_file(each) for each in files]
    found = _recognise(format_, contents)
    known: dict[str, Any] = dict(found.beside if found else {})
    public_key = _public_key(key)
    options = {
        "challenge": parse_challenge(challenge),
        "app": parse_text(app, "--app") if app is not None else None,
        "public_key": public_key,
        "verification_key": public_key,
        "client_data": read_file(client_data) if client_data else None,
        "client_data_hash": parse_challenge(client_data_hash),
        "counter": counter,
        "origins": tuple(parse_text(each, "--origin") for each in origin) if origin else None,
        "decryption_key": _secret(decryption_key),
    }
    known.update({name: value for name, value in options.items() if value is not None})
    if format_ is Format.WEBAUTHN and found and "public_key" in known:
        known["credential"] = _credential(found.evidence, known)
    expected = expectations_for(format_, known)
    request = verdicts.ask(
        format_,
        found.evidence if found else b"".join(contents),
        expected=expected,
        at=parse_moment(at, "--at") if at else _made_at(format_, found) or now,
        known_at=parse_moment(known_at, "--known-at") if known_at else now,
        gaps=Gaps.REFUSE if strict else Gaps.REPORT,
        realm=realm,
    )
    try:
        view = load_history(trust, realm).as_of(request.known_at)
    except VerifierFault as error:
        verdict = verdicts.without_claims(verdicts.Outcome.NO_STATEMENT, request, error)
    else:
        verdict = verdicts.judge(request, expected=expected, trust=view)
    return show(verdict, json=json, language=lang or language_of_environment(), whole=True)


def show(verdict: verdicts.Verdict, *, json: bool, language: Language, whole: bool) -> int:
    """Print a verdict and return its exit status."""
    if json:
        output.write_json(verdict)
    else:
        draw = render.explanation if whole else render.summary
        render.to_terminal(draw(verdict, language))
    return EXIT_CODES[verdict.verdict]


def _recognise(name: Format, contents: list[bytes]) -> inputs.Input | None:
    """What the files hold; None where that cannot be told, for the verifier to refuse."""
    try:
        return inputs.recognise(name, contents)
    except MalformedEvidence:
        return None


def _made_at(name: Format, found: inputs.Input | None) -> datetime | None:
    """SafetyNet is retired: where nobody says when, a response is judged for its own time."""
    if name is not Format.SAFETYNET or found is None:
        return None
    try:
        return safetynet.read_made_at(found.evidence)
    except BadEvidence:
        return None


def _public_key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return inputs.public_key_bytes(read_file(path))
    except MalformedEvidence as error:
        raise UsageError(f"{path}: {error.code}") from error


def _credential(evidence: bytes, known: dict[str, Any]) -> StoredCredential | None:
    """The credential as stored; None where the evidence names none, for the verifier to refuse."""
    try:
        return inputs.stored_credential(evidence, known["public_key"], known.get("counter", 0))
    except MalformedEvidence:
        return None


def _secret(path: Path | None) -> Secret | None:
    if path is None:
        return None
    try:
        return Secret(inputs.binary(read_file(path)))
    except WarifuError as error:
        raise UsageError(f"{path}: {error.code}") from error
