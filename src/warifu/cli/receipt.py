"""``warifu receipt``: what a receipt proves, without asking whoever issued it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import Group, RenderableType
from rich.text import Text as Styled

from warifu.attestation.claims import Realm
from warifu.attestation.document import to_plain
from warifu.attestation.verdict import Outcome
from warifu.base.errors import BadEvidence, VerifierFault, WarifuError
from warifu.base.rule import Text
from warifu.cli import output, words
from warifu.cli.ending import EXIT_CODES, UsageError
from warifu.cli.inputs import public_key_bytes
from warifu.cli.render import to_terminal
from warifu.cli.show import Show
from warifu.cli.trust import load_history
from warifu.cli.values import parse_moment, parse_text, read_file
from warifu.cli.words import Language, say
from warifu.receipt_check.check import Known, check_receipt, read_known_at
from warifu.receipt_check.keys import read_note_keys, read_server_keys
from warifu.receipt_check.log import follow as follow_log
from warifu.receipt_check.log import read_consistency_proof, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.attestation.trust.view import TrustView
    from warifu.receipt_check.findings import CheckedReceipt, Finding
    from warifu.receipt_check.keys import NoteKey, ServerKey
    from warifu.receipt_check.log import Head

DOCUMENT = "warifu-receipt-check/1"
LogKeys = Annotated[list[str] | None, Parameter(name="--log-key", negative=())]
ProviderKeys = Annotated[list[Path] | None, Parameter(name="--provider-key", negative=())]
ServerKeys = Annotated[list[Path] | None, Parameter(name="--server-keys", negative=())]

_HOLDS = Text(ja="控えに誤りは見つかりませんでした。", en="Nothing in the receipt is wrong.")
_NOT_WHOLE = Text(
    ja="確認していない項目があります。次の一覧をご確認ください。",
    en="Not everything was checked; see the list.",
)
_WRONG = Text(ja="控えは、次の要件を満たしていません。", en="The receipt breaks this requirement.")
_UNKNOWN = Text(
    ja="検証に必要な情報が不足しているため、この控えについては判定できません。",
    en="Something needed for checking is missing; nothing is said about the receipt.",
)
_GREW = Text(
    ja="台帳の記録は、{first}件から{second}件まで、追記だけで増えています。",
    en="The log grew from {first} to {second} leaves, and nothing in it was changed.",
)
_SENTENCES = {
    Outcome.ACCEPTED: _HOLDS,
    Outcome.REFUSED: _WRONG,
    Outcome.NO_STATEMENT: _UNKNOWN,
}
_STYLES = {
    Outcome.ACCEPTED: "bold green",
    Outcome.REFUSED: "bold red",
    Outcome.NO_STATEMENT: "bold yellow",
}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Believed:
    """Whose signatures count."""

    log_key: LogKeys = None
    """A key of the log or of a witness (C2SP verifier key), or a file of them, one on a line; may
    be given several times."""
    server_keys: ServerKeys = None
    """A JWK set as ``warifu keys publish`` prints it, old ones too. Not needed where the log
    published the key."""
    provider_key: ProviderKeys = None
    """A public key of a provider whose warrants of trusted displays count (PEM or DER); may be
    given several times."""
    witnesses: int = 0
    """How many witnesses must have cosigned."""
    trust: Path | None = None
    """A trust directory. Only the bundled anchors unless given."""
    realm: Realm = Realm.PRODUCTION
    """The realm the trust directory must belong to."""


def make_app() -> App:
    """The commands under ``warifu receipt``."""
    app = App(name="receipt", help="Receipts and the log behind them, checked offline.")
    app.command(verify)
    app.command(follow)
    return app


def verify(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    believed: Believed = Believed(),
    at: str | None = None,
    strict: Annotated[bool, Parameter(negative=())] = False,
    show: Show = Show(),
) -> int:
    """Check a receipt offline: who approved what, with which key, recorded where.

    Exit status: 0 nothing is wrong, 1 refused, 2 usage or unreadable file, 3 no statement. What
    was not checked, and why, is listed; with --strict it is no statement.

    Args:
        file: The receipt; ``-`` is standard input.
        believed: Whose signatures count.
        at: The time to check for (RFC 3339). Now unless given.
        strict: Make no statement where anything that shows who approved what was not checked.
        show: How to show what came out.
    """
    data = read_file(file)
    now = parse_moment(at, "--at") if at else datetime.now(UTC)
    known = _known(believed)
    try:
        found = check_receipt(data, known=known(data), at=now)
    except (BadEvidence, VerifierFault) as error:
        return _end(_outcome_of(error), error, show)
    if show.json:
        output.write_json(_document(found))
    else:
        to_terminal(Group(*_report(found, show.language)))
    whole = found.whole or not strict
    return EXIT_CODES[Outcome.ACCEPTED if whole else Outcome.NO_STATEMENT]


def follow(
    previous: Annotated[Path, Parameter(name="PREVIOUS", allow_leading_hyphen=True)],
    following: Annotated[Path, Parameter(name="FOLLOWING", allow_leading_hyphen=True)],
    proof: Annotated[Path, Parameter(name="PROOF", allow_leading_hyphen=True)],
    /,
    *,
    origin: str,
    log_key: LogKeys = None,
    witnesses: int = 0,
    show: Show = Show(),
) -> int:
    """Check that a log only grew from one checkpoint to another: nothing was rewritten or cut off.

    Exit status: 0 it only grew, 1 it did not, 2 usage or unreadable file, 3 no statement.

    Args:
        previous: The checkpoint that you kept.
        following: A later one.
        proof: The consistency proof between them: hashes in base64, one on a line.
        origin: The log's name.
        log_key: A key of the log or of a witness (C2SP verifier key), or a file of them, one on a
            line; may be given several times.
        witnesses: How many witnesses must have cosigned.
        show: How to show what came out.
    """
    keys, now = _log_keys(log_key), datetime.now(UTC)
    if not keys:
        raise UsageError("--log-key is needed: anybody can make up a log")
    contents = [read_file(each) for each in (previous, following, proof)]

    def head(data: bytes) -> Head:
        return read_head(data, origin=origin, keys=keys, threshold=witnesses, at=now)

    try:
        first, second = head(contents[0]), head(contents[1])
        follow_log(first, second, read_consistency_proof(contents[2]))
    except (BadEvidence, VerifierFault) as error:
        return _end(_outcome_of(error), error, show)
    if show.json:
        sizes = {"first": first.size, "second": second.size}
        output.write_json({"document": DOCUMENT, "outcome": Outcome.ACCEPTED, **sizes})
    else:
        sentence = say(_GREW, show.language).format(first=first.size, second=second.size)
        to_terminal(Styled(f"✓ {sentence}", style=_STYLES[Outcome.ACCEPTED]))
    return EXIT_CODES[Outcome.ACCEPTED]


def _log_keys(given: list[str] | None) -> tuple[NoteKey, ...]:
    keys: list[NoteKey] = []
    for each in given or ():
        # A file of that name goes first; what is no file and looks like a key is one.
        is_key = each.count("+") >= 2 and not Path(each).exists()
        data = parse_text(each, "--log-key").encode() if is_key else read_file(Path(each))
        try:
            keys += read_note_keys(data)
        except BadEvidence as error:
            raise UsageError(f"--log-key {each[:80]}: {error}") from error
    return tuple(keys)


def _server_keys(given: list[Path] | None) -> tuple[ServerKey, ...]:
    keys: list[ServerKey] = []
    for each in given or ():
        try:
            keys += read_server_keys(read_file(each))
        except BadEvidence as error:
            raise UsageError(f"--server-keys {each}: {error}") from error
    return tuple(keys)


def _provider_keys(given: list[Path] | None) -> frozenset[bytes]:
    keys = set()
    for each in given or ():
        try:
            keys.add(public_key_bytes(read_file(each)))
        except BadEvidence as error:
            raise UsageError(f"--provider-key {each}: {error}") from error
    return frozenset(keys)


def _known(believed: Believed) -> Callable[[bytes], Known]:
    """What is believed about a receipt, where all that was given can be read."""
    if believed.witnesses < 0:
        raise UsageError("--witnesses is negative")
    log_keys, server_keys = _log_keys(believed.log_key), _server_keys(believed.server_keys)
    providers = _provider_keys(believed.provider_key)
    return lambda data: Known(
        log_keys=log_keys,
        server_keys=server_keys,
        trust=_trust(data, believed.trust, believed.realm),
        witnesses=believed.witnesses,
        provider_keys=providers,
    )


def _trust(data: bytes, directory: Path | None, realm: Realm) -> TrustView | None:
    """What was believed when the evidence was judged; none where nothing is known of that time."""
    known_at = read_known_at(data)
    if known_at is None:
        return None
    history = load_history(directory, realm)
    try:
        return history.as_of(known_at)
    except VerifierFault:
        return None


def _outcome_of(error: WarifuError) -> Outcome:
    return Outcome.REFUSED if isinstance(error, BadEvidence) else Outcome.NO_STATEMENT


def _end(outcome: Outcome, error: WarifuError, show: Show) -> int:
    if show.json:
        reason = {
            "code": error.code,
            "clause": error.rule.clause,
            "ja": error.public.ja,
            "en": error.public.en,
            "detail": error.detail,
        }
        output.write_json({"document": DOCUMENT, "outcome": outcome, "reason": reason})
    else:
        language = show.language
        to_terminal(
            Group(
                _headline(outcome, language),
                Styled(f"  {error.code}: {say(error.public, language)}"),
                Styled(f"  {say(words.SEEN, language)}: {error.detail}", style="dim"),
            )
        )
    return EXIT_CODES[outcome]


def _headline(outcome: Outcome, language: Language) -> Styled:
    word = say(words.OUTCOMES[outcome.value], language)
    return Styled(f"{word}  {say(_SENTENCES[outcome], language)}", style=_STYLES[outcome])


def _report(found: CheckedReceipt, language: Language) -> list[RenderableType]:
    lines: list[RenderableType] = [_headline(Outcome.ACCEPTED, language)]
    if not found.whole:
        lines.append(Styled(f"  {say(_NOT_WHOLE, language)}", style="bold yellow"))
    said = " ".join(each for each in (found.verdict, found.reason) if each)
    facts = (found.verifier, found.state, said, found.decision, to_plain(found.at))
    lines.append(Styled("  " + " · ".join(each for each in facts if each)))
    if found.text is not None:
        lines += [Styled(f"  │ {line}") for line in found.text.split("\n")]
    return lines + [_line(each, language) for each in found.findings]


def _line(finding: Finding, language: Language) -> Styled:
    if finding.checked:
        detail = f" ({finding.detail})" if finding.detail else ""
        return Styled(f"  ✓ {say(finding.words, language)}{detail}", style="green")
    reason = "" if finding.reason is None else say(finding.reason, language)
    return Styled(f"  ? {say(finding.words, language)} {reason}", style="yellow")


def _document(found: CheckedReceipt) -> dict[str, Any]:
    plain = to_plain(found)
    plain["findings"] = [_finding(each) for each in found.findings]
    return {"document": DOCUMENT, "outcome": Outcome.ACCEPTED, "whole": found.whole, **plain}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        **to_plain(finding),
        "words": to_plain(finding.words),
        "reason": to_plain(finding.reason),
    }
