"""``python -m tools.vectors [--check]``: write docs/vectors, or fail where it drifted."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.vectors.pages import vector_pages

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "vectors"


def main() -> int:
    """Write all vectors and remove those that are no more; with ``--check`` only compare."""
    check = "--check" in sys.argv[1:]
    pages = {ROOT / name: content for name, content in vector_pages().items()}
    stale = {path for path in FOLDER.rglob("*") if path.is_file()} - pages.keys()
    drifted = sorted(
        path
        for path, content in pages.items()
        if not path.is_file() or path.read_text("utf-8") != content
    )
    if not check:
        for path in stale:
            path.unlink()
        for path in drifted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path], "utf-8")
    for path in (*drifted, *sorted(stale)):
        print(f"{'drifted' if check else 'written'}: {path.relative_to(ROOT)}")
    return int(check and bool(drifted or stale))


if __name__ == "__main__":
    sys.exit(main())
