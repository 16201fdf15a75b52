"""The core is given bytes and times: it opens nothing, asks no clock and rolls no dice."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "warifu"
CORE = ("base", "attestation", "authentication", "receipt_check", "risk")

FORBIDDEN_MODULES = {
    *("asyncio", "ftplib", "glob", "http", "importlib", "multiprocessing", "os", "pathlib"),
    *("random", "requests", "selectors", "shutil", "socket", "sqlite3", "ssl", "subprocess"),
    *("tempfile", "time", "urllib"),
}
FORBIDDEN_CALLS = {"breakpoint", "compile", "eval", "exec", "input", "open", "print", "__import__"}
CLOCK_METHODS = {"now", "today", "utcnow"}
FILE_METHODS = {"open", "read_bytes", "read_text", "write_bytes", "write_text", "urlopen"}


def core_files() -> list[Path]:
    return sorted(path for wing in CORE for path in (SOURCE / wing).rglob("*.py"))


def offences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: calls {name}()"
                continue
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in CLOCK_METHODS | FILE_METHODS:
                yield f"line {node.lineno}: calls .{attr}()"
                continue
            case _:
                continue
        for module in modules:
            if module.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"line {node.lineno}: imports {module}"


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_core_file_does_no_io_and_reads_no_clock(path: Path) -> None:
    assert list(offences(ast.parse(path.read_bytes()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "from urllib.request import urlopen",
        "from pathlib import Path",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "open('roots.pem')",
        "files('warifu').joinpath('roots.pem').read_bytes()",
    ],
)
def test_the_rule_finds(line: str) -> None:
    assert len(list(offences(ast.parse(line)))) == 1
