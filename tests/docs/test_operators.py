"""The operator's guide says what is so, in both languages."""

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import msgspec
import pytest
from cyclopts import CycloptsError

from tools.docs.operators import GUIDES, METRICS, SETTINGS, guide_pages
from warifu.command import make_app
from warifu.risk.threat.advisories import Phone, load_advisories, powers_for
from warifu.risk.threat.deployment import load_measures
from warifu.risk.threat.powers import Power
from warifu.service.observe.metrics import Metrics
from warifu.service.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]
ABOUT_THREATS = re.compile(r"^\[\[advisories\]\]|^\[threat\]", re.MULTILINE)
"""Files that are sent, and are no settings."""


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)


def commands(name: str) -> list[str]:
    """Every `warifu ...` of the shell blocks, the cron lines and the text."""
    text = (ROOT / name).read_text("utf-8")
    shown = [
        line.partition(" #")[0].strip()
        for block in blocks(name, "sh")
        for line in block.splitlines()
        if line.startswith("warifu ")
    ]
    shown += [
        line.partition("&& ")[2] for block in blocks(name, "cron") for line in block.split("\n")
    ]
    shown += re.findall(r"(?<!`)`(warifu [^`\n]+)`(?!`)", text)
    return sorted({line for line in shown if line})


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_of_the_guide_exists_with_its_options(name: str) -> None:
    app = make_app()
    found = commands(name)
    assert len(found) > 15
    for line in found:
        tokens = shlex.split(line)[1:]
        if tokens[-1] == "--help":
            tokens.pop()
        known, _, rest = app.parse_commands(tokens)
        assert known, line
        if not any(token.startswith("-") for token in rest) and not rest:
            assert app[known[0]] is not None
            continue
        try:
            app.parse_args(tokens, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("name", GUIDES)
def test_the_settings_of_the_guide_are_read(name: str) -> None:
    examples = [each for each in blocks(name, "toml") if not ABOUT_THREATS.search(each)]
    assert examples
    for example in examples:
        assert read_settings(example.encode()) != Settings()


def test_both_guides_show_the_same_commands_and_settings() -> None:
    english, japanese = GUIDES
    assert blocks(english, "toml") == blocks(japanese, "toml")
    assert blocks(english, "cron") == blocks(japanese, "cron")
    strip = re.compile(r" +#.*|--name \"[^\"]*\"")
    assert [strip.sub("", block) for block in blocks(english, "sh")] == [
        strip.sub("", block) for block in blocks(japanese, "sh")
    ]
    assert (ROOT / english).read_text().count("\n#") == (ROOT / japanese).read_text().count("\n#")


def test_every_setting_and_every_count_is_described() -> None:
    written = guide_pages(ROOT)
    for page in written.values():
        for name in (*SETTINGS, *METRICS):
            assert f"`{name}`" in page
    described = {
        f"{table}.{name}" if name else table
        for table, settings in msgspec.to_builtins(Settings()).items()
        for name in (settings if isinstance(settings, dict) else [""])
    }
    assert set(SETTINGS) == described


def test_no_count_is_missing_from_the_guide() -> None:
    registered = Metrics()._registry.collect()
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name for family in registered
    }
    assert names <= set(METRICS)
    assert {name for name in METRICS if "trust" not in name} == names


@pytest.mark.parametrize("name", GUIDES)
def test_alerts_ask_for_counts_that_exist(name: str) -> None:
    asked = set(re.findall(r"warifu_[a-z_]+", (ROOT / name).read_text("utf-8")))
    assert asked == set(METRICS)


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_of_the_guide_leads_somewhere(name: str) -> None:
    path = ROOT / name
    text = path.read_text("utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        if file:
            assert (path.parent / file).exists(), target
        else:
            assert anchor in headings, target


@pytest.mark.slow
def test_the_first_start_and_what_follows_work_as_written(tmp_path: Path) -> None:
    """Everything but what needs publishers, PostgreSQL, a terminal or a log that has grown.

    In the order of the guide. A log that has grown is followed in `tests/service/books`.
    """
    name = next(iter(GUIDES))
    port = free_port()
    outside = ("trust refresh", "postgresql:", "serve ", "receipt follow ")
    run(tmp_path, "warifu trust init --trust trust")
    for block in blocks(name, "sh"):
        for line in block.splitlines():
            command = line.partition(" #")[0].strip()
            if command.startswith(("warifu ", "umask ", "head ")) and not any(
                word in command for word in outside
            ):
                printed = run(tmp_path, command)
                if " callers add " in command:
                    assert f"warifu_{'kaede-bank'}_" in printed
    serving = subprocess.Popen(
        [*WARIFU, "serve", "--trust", "trust", "--port", str(port), *SIGNING],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert serving.stdout is not None
        assert b"serving on" in serving.stdout.readline()
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            health = client.get("/readyz").json()
            assert health["state"] == "degraded"
            assert {check["name"] for check in health["checks"] if check["state"] != "ok"} == {
                "trust/android-revocation",
                "trust/fido-metadata",
            }
            assert "warifu_trust_usable 1.0" in client.get("/metrics").text
            assert client.get("/.well-known/jwks.json").json()["keys"]
    finally:
        serving.terminate()
        _, logged = serving.communicate(timeout=60)
    assert serving.returncode == 0
    # Granian's own code may panic while a busy machine ends it, in words of its own.
    ours = logged.partition(b"\n\nthread '")[0]
    assert [line for line in ours.splitlines() if not line.startswith(b'{"at":')] == []


WARIFU = (sys.executable, "-m", "warifu")
SIGNING = ("--keys", "keys.warifu", "--passphrase-file", "passphrase")


def run(folder: Path, line: str) -> str:
    done = subprocess.run(
        ["sh", "-c", f"umask 077; {line.replace('warifu ', shlex.join(WARIFU) + ' ', 1)}"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (line, done.stderr.decode())
    return done.stdout.decode()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@pytest.mark.parametrize("name", GUIDES)
def test_the_advisory_and_the_measures_of_the_guide_are_such(name: str) -> None:
    written = [each.encode() for each in blocks(name, "toml")]
    (advisories,) = (each for each in written if b"[[advisories]]" in each)
    (measures,) = (each for each in written if b"[threat]" in each)
    fallen = Phone(platform="android", model="Tally Pro 2", patch_level="2026-10-05")
    assert Power.RW_TEE_MEM in powers_for(fallen, load_advisories(advisories))[0]
    assert load_measures(measures).assumed == {"overlay"}
