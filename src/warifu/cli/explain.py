"""``warifu explain`` and ``warifu replay``: reading saved verdicts, and asking them again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from warifu.attestation import verdict as verdicts
from warifu.base.errors import MalformedEvidence, VerifierFault
from warifu.base.secret import Secret
from warifu.cli import inputs, output, words
from warifu.cli.ending import EXIT_CODES, REFUSED, UsageError
from warifu.cli.trust import load_history
from warifu.cli.values import read_file
from warifu.cli.verify import show
from warifu.cli.words import Language, language_of_environment, say


def explain(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Show a saved verdict to a person: chain as a tree, each fact with the clause behind it.

    Args:
        file: A verdict written by ``warifu verify --json``; ``-`` is standard input.
        json: Print the verdict again as JSON, evidence and all.
        lang: Language of the output; from the locale unless given.
    """
    verdict = read_verdict(file)
    language = lang or language_of_environment()
    show(verdict, json=json, language=language, whole=True)
    return 0


def replay(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    trust: Path | None = None,
    decryption_key: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Verify a saved verdict's evidence again, with the same trust and times.

    Exit status as `verify`; 1 also where the replay differs from what was saved.

    Args:
        file: A verdict written by ``warifu verify --json``; ``-`` is standard input.
        trust: The trust directory that holds the snapshots the verdict rests on.
        decryption_key: Secrets are never saved: the Play Integrity key, base64.
        json: Print the new verdict and the differences as JSON.
        lang: Language of the output; from the locale unless given.
    """
    saved = read_verdict(file)
    language = lang or language_of_environment()
    secrets = (
        {"decryption_key": Secret(inputs.binary(read_file(decryption_key)))}
        if decryption_key
        else {}
    )
    try:
        view = load_history(trust, saved.request.realm).as_of(saved.request.known_at)
        again = verdicts.replay(saved, trust=view, secrets=secrets)
    except VerifierFault as error:
        again = verdicts.without_claims(verdicts.Outcome.NO_STATEMENT, saved.request, error)
    differ = verdicts.differences(saved, again)
    if json:
        document = {"same": not differ, "differences": differ, "verdict": again}
        output.write_json(document)
        status = EXIT_CODES[again.verdict]
    else:
        status = show(again, json=False, language=language, whole=False)
        text = say(words.REPLAY_DIFFERS if differ else words.REPLAY_SAME, language)
        sys.stdout.write(text.format(", ".join(differ)) + "\n")
    return REFUSED if differ else status


def read_verdict(path: Path) -> verdicts.Verdict:
    """Read a saved verdict.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return verdicts.decode(read_file(path, max_bytes=verdicts.MAX_DOCUMENT_BYTES))
    except MalformedEvidence as error:
        raise UsageError(f"{path}: {error}") from error
