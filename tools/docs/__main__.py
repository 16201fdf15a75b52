"""``python -m tools.docs [--check]``: write the generated documents, or fail where one drifted."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.docs.appraisal import appraisal_page
from tools.docs.command_line import command_line_page
from tools.docs.decision_rules import decision_rules_page
from tools.docs.openapi import openapi_document
from tools.docs.operators import guide_pages
from tools.docs.peers import peers_page
from tools.docs.rules import error_page, format_pages
from tools.docs.states import states_page
from tools.docs.threat import threat_pages
from tools.vectors.pages import vector_pages

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Write all pages; with ``--check`` only compare."""
    check = "--check" in sys.argv[1:]
    pages = {
        **format_pages(),
        **guide_pages(ROOT),
        **threat_pages(ROOT),
        **vector_pages(),
        "docs/appraisal.md": appraisal_page(),
        "docs/errors.md": error_page(),
        "docs/cli.md": command_line_page(),
        "docs/openapi.json": openapi_document(),
        "docs/peers.md": peers_page(),
        "docs/rules.md": decision_rules_page(),
        "docs/states.md": states_page(),
    }
    drifted = []
    for name, content in pages.items():
        path = ROOT / name
        if path.exists() and path.read_text("utf-8") == content:
            continue
        drifted.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
    verb = "drifted" if check else "written"
    for name in drifted:
        print(f"{verb}: {name}")
    if check and drifted:
        print("run: make docs")
    return int(check and bool(drifted))


if __name__ == "__main__":
    sys.exit(main())
