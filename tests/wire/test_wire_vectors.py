"""Every vector file gets the verdict that it demands, and is what the generator makes."""

from pathlib import Path

import pytest

from tests.wire.judging import FORMATS, Read, judge
from tests.wire.reading import FOLDER, WireVector, all_files, read_vector
from tools.vectors.pages import vector_pages
from warifu.base.errors import WarifuError

MOST_BYTES = 700_000
FILES = all_files()
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_vector_gets_its_verdict(path: Path) -> None:
    vector = read_vector(path)
    verdict, read = judged(vector)
    assert verdict == vector.expect, read
    for name, value in read.items():
        assert vector.headers[name] == value, name


def judged(vector: WireVector) -> tuple[str, Read]:
    try:
        return "accept", judge(vector)
    except WarifuError as error:
        return error.code, {}


def test_heads_are_ascii_lines() -> None:
    for path in FILES:
        assert path.read_text("ascii").replace("\n", "").isprintable()


def test_files_are_named_after_what_is_in_them() -> None:
    for path in FILES:
        vector = read_vector(path)
        assert (vector.format, vector.name) == (path.parent.name, path.stem)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_vectors_of_both_verdicts(form: str) -> None:
    verdicts = {read_vector(path).expect == "accept" for path in (FOLDER / form).glob("*.txt")}
    assert verdicts == {True, False}


def test_files_are_what_the_generator_makes_each_time() -> None:
    pages = vector_pages()
    assert pages == vector_pages()
    written = {str(path.relative_to(ROOT)) for path in FOLDER.rglob("*") if path.is_file()}
    assert written == set(pages)
    for name, content in pages.items():
        assert (ROOT / name).read_text("utf-8") == content, f"{name}: run make docs"


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES
