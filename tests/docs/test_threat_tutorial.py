"""The tutorial on the threat model, done in a copy of the model."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/tutorials/adding-to-the-threat-model.md"
TABLES = "tests/risk/threat/test_tables.py"
COPIED = ("src", TABLES)
SECONDS = 120

CALLS = """
import contextlib, io, json, sys
from warifu.command import main
for arguments in json.load(sys.stdin):
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(io.StringIO()):
        status = main([*arguments, "--json"])
    written.flush()
    print(json.dumps([status, json.loads(written.buffer.getvalue()) if status == 0 else None]))
"""
"""Asks what standard input lists, in one process that knows only the copy."""

SAID = {"holds": (0, True), "falls": (0, False), "unknown": (2, None)}


def in_copy(copy: Path, *arguments: str, given: str = "") -> str:
    """What Python prints, with the package of the copy."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src")},
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(copy: Path, block: str) -> int:
    """Ask each command of a block; what stands beside it must come out."""
    lines = re.findall(r"^warifu (threat explain .*?) +# (\w+)$", block, re.MULTILINE)
    given = json.dumps([shlex.split(command) for command, _ in lines])
    answers = in_copy(copy, "-c", CALLS, given=given).splitlines()
    for (command, said), line in zip(lines, answers, strict=True):
        status, document = json.loads(line)
        assert (status, document and document["holds"]) == SAID[said], command
    return len(lines)


def change(copy: Path, block: str) -> None:
    """Change a file of the copy; what the block leaves as it is must stand there exactly once."""
    head, *lines = block.splitlines()
    path = copy / head.removeprefix("# ")
    before, after = (
        "".join(f"{line[1:]}\n" for line in lines if line[:1] in kept) for kept in (" -", " +")
    )
    text = path.read_text("utf-8")
    assert text.count(before) == 1, block
    path.write_text(text.replace(before, after), "utf-8")


@pytest.mark.slow
def test_tutorial_does_what_it_says(tmp_path: Path) -> None:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    blocks = re.findall(r"```(bash|diff)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    asked = 0
    for kind, block in blocks:
        if kind == "diff":
            change(tmp_path, block)
        else:
            asked += ask(tmp_path, block)
    assert asked >= 12
    told = in_copy(tmp_path, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", ".", TABLES)
    assert " passed" in told
