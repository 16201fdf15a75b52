"""Our input of ProVerif says what the eight published models say, and covers every cell."""

import re
from collections import Counter
from pathlib import Path

import pytest

from warifu.lab.threat.export import file_name, proverif_input
from warifu.risk.threat.referee import Cell, cells

BY_FILE = {file_name(cell): cell for cell in cells()}
PUBLISHED = (
    "rs_0_1_1_1_1_server_vicious_rw.pv",
    "rst_se_1_0_1_1_1_server_vicious_rw.pv",
    "rst_se_1_1_1_1_1_server_vicious_rw.pv",
    "rst_ta_1_1_1_1_1_server_vicious_rw.pv",
    "rts_se_1_1_0_1_1_server_vicious_rw.pv",
    "rts_ta_0_1_1_0_0_server_fake.pv",
    "rts_ta_0_1_1_0_1_server_fake.pv",
    "rts_ta_0_1_1_1_0_terminal_none.pv",
)


def meaning(text: str) -> Counter[str]:
    """Declarations and processes, whatever their order, spacing and comments."""
    text = re.sub(r"\(\*.*?\*\)", " ", text, flags=re.DOTALL)
    declared, _, started = text.rpartition("process")
    statements = [" ".join(re.findall(r"\w+|[^\w\s]", part)) for part in declared.split(".")]
    together = re.sub(r"\s", "", started).removeprefix("(").removesuffix(")").split("|")
    return Counter(filter(None, [*statements, *together]))


def test_published_models_are_all_compared(vectors: Path) -> None:
    found = {path.name for path in (vectors / "five-forms-proverif" / "models").iterdir()}
    assert found == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_model_equals_the_published_one(name: str, vectors: Path) -> None:
    published = (vectors / "five-forms-proverif" / "models" / name).read_text("utf-8")
    assert meaning(proverif_input(BY_FILE[name])) == meaning(published)


def test_comparison_tells_models_apart() -> None:
    texts = [proverif_input(BY_FILE[name]) for name in PUBLISHED]
    assert len({frozenset(meaning(text).items()) for text in texts}) == 7  # RS is RS-T(SE) in clear


def test_every_cell_has_a_model_under_its_own_name() -> None:
    assert len(BY_FILE) == len(cells())


GRAMMAR = {"let", "in", "out", "new", "event", "if", "then", "true", "bitstring", "channel"}


def test_every_model_is_whole() -> None:
    for name, cell in BY_FILE.items():
        text = re.sub(r"\(\*.*?\*\)", "", proverif_input(cell), flags=re.DOTALL)
        assert text.count("(") == text.count(")"), name
        assert text.count("query ") == 3, name
        processes = dict(re.findall(r"^let (\w+) =\n(.*?)\.$", text, re.MULTILINE | re.DOTALL))
        assert set(processes) == set(re.findall(r"!(\w+)", text)), name
        declared = set(re.findall(r"^(?:free|const|fun|event) (\w+)", text, re.MULTILINE))
        for body in processes.values():
            bound = set(re.findall(r"(\w+): (?:bitstring|channel)|let (sg) =", body))
            known = {word for pair in bound for word in pair} | declared | {"checksign", "sdec"}
            assert set(re.findall(r"\b[a-z]\w*", body)) <= known | GRAMMAR, name


class TestAxes:
    """Each axis changes what it should and nothing else."""

    def test_policy_1_keeps_the_fake_app_out(self) -> None:
        for cell in cells():
            is_in = cell.malware == "fake" and not cell.policy1
            assert ("!Fake" in proverif_input(cell)) is is_in

    def test_policy_2_signs_and_checks(self) -> None:
        for cell in cells():
            text = proverif_input(cell)
            assert ("let sg = sign(" in text) is ("if checksign(" in text) is cell.policy2

    def test_strangers_terminals_are_served_without_policy_2_or_by_injection(self) -> None:
        for cell in cells():
            injects = cell.malware == "vicious_rw" and not cell.server_channel_protected
            assert ("!Server1" in proverif_input(cell)) is (not cell.policy2 or injects)

    def test_dialog_is_the_attackers_only_where_the_screen_is_in_its_reach(self) -> None:
        for cell in cells():
            in_reach = not cell.tui or not cell.se_ta_encrypted
            spoofed = "in(c, (s: channel, =tx))" in proverif_input(cell)
            assert spoofed is (in_reach and cell.malware == "vicious_rw")

    def test_pin_is_seen_only_where_malware_reads_the_screen(self) -> None:
        for cell in cells():
            in_reach = not cell.tui or not cell.se_ta_encrypted
            seen = "out(c, pin); out(s, pin)" in proverif_input(cell)
            assert seen is (in_reach and cell.malware.startswith("vicious"))

    def test_terminal_compares_the_pin_exactly_where_it_judges(self) -> None:
        for cell in cells():
            text = proverif_input(cell)
            assert ("if p = pin then" in text) is (cell.judge == "terminal")
            assert ("=okc" in text) is (cell.judge == "terminal")

    def test_only_a_linked_screen_has_a_ta_of_its_own(self) -> None:
        for cell in cells():
            linked = cell.form == "rst_se" and cell.tui and cell.se_ta_encrypted
            assert ("!TA" in proverif_input(cell)) is linked

    def test_plain_traffic_is_private_unless_malware_touches_it(self) -> None:
        for cell in cells():
            if not cell.server_channel_protected:
                text = proverif_input(cell)
                app = text[text.index("let App") : text.index("let Server0")]
                assert ("in(sdown," in app) is (cell.malware != "vicious_rw")
                assert ("out(c, (tagr" in app) is cell.malware.startswith("vicious")

    def test_title_names_the_cell(self) -> None:
        cell: Cell = BY_FILE["rts_ta_0_1_1_0_1_server_fake.pv"]
        first = proverif_input(cell).partition("\n")[0]
        assert first == (
            "(* rts_ta: tui 0, se_ta_encrypted 1, server_channel_protected 1, policy1 0, "
            "policy2 1, judged by the server, malware fake *)"
        )
