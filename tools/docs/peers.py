"""The page of disagreements with independent verifiers, from the tests that record them."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.peers import test_webauthn_peers as webauthn_peers
from tools.docs.rules import GENERATED

PEER_TESTS = Path(__file__).resolve().parents[2] / "tests" / "peers"
INTRODUCTION = """\
Independent verifiers judge the same bytes in `tests/peers`. Where they agree with us they are
witnesses; where they do not, the test records who is right and why. A fault named here may be
mended in a later version than the one asked."""
PYATTEST_FILES = ("test_app_attest_peer.py", "test_tokens_peer.py")


def peers_page() -> str:
    """Who disagrees with us about what, and who is right."""
    lines = [
        "# Disagreements with other verifiers",
        GENERATED,
        INTRODUCTION,
        "",
        "## webauthn 3.0.1 and fido2 2.2.1",
        "",
        "| case | webauthn | fido2 | who is right, and why |",
        "| --- | --- | --- | --- |",
        *_specification_rows(),
        *(
            _row(name, case[2], case[3], case[4])
            for name, case in webauthn_peers.CASES.items()
            if case[4] not in {"all", "both"}
        ),
        *(
            _row(name, case[3], "not asked", case[4])
            for name, case in webauthn_peers.SIGN_INS.items()
            if case[4] not in {"all", "both"}
        ),
        "",
        "## pyattest 1.0.5",
        "",
        "| finding | who is right, and why |",
        "| --- | --- |",
        *(row for name in PYATTEST_FILES for row in _docstring_rows(PEER_TESTS / name)),
    ]
    return "\n".join(lines) + "\n"


def _specification_rows() -> list[str]:
    rows = []
    by_webauthn, by_fido2 = webauthn_peers.PY_WEBAUTHN_REFUSES, webauthn_peers.FIDO2_REFUSES
    for name in sorted(by_webauthn.keys() | by_fido2.keys()):
        why = [
            f"{peer}: {reasons[name]}"
            for peer, reasons in (("webauthn", by_webauthn), ("fido2", by_fido2))
            if name in reasons
        ]
        verdicts = ("refuses" if name in each else "accepts" for each in (by_webauthn, by_fido2))
        rows.append(_row(f"specification's vector {name}", *verdicts, "; ".join(why)))
    return rows


def _docstring_rows(path: Path) -> list[str]:
    rows = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_peer"):
            finding = node.name.removeprefix("test_").replace("_", " ")
            why = " ".join((ast.get_docstring(node) or "").split())
            rows.append(f"| {finding} | {why} |")
    return rows


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
