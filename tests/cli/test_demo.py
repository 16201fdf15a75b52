"""The demo ends by itself, and every verdict is as meant."""

import json

import pytest

from tests.cli.runner import run
from warifu.demo.scenes import SCENES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_scene_shows_what_it_is_meant_to_show(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "demo", "--lang", language)
    assert done.status == 0, done.out
    assert f"{len(SCENES)}/{len(SCENES)}" in done.out


def test_the_demo_as_json_is_one_verdict_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "demo", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert len(lines) == len(SCENES)
    assert all(line["as_meant"] for line in lines)
    assert {line["verdict"]["verdict"] for line in lines} == {
        "accepted",
        "refused",
        "no-statement",
    }
