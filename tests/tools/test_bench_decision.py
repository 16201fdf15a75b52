"""The benchmark of decisions runs, and hides no miss."""

import pytest

from tools.bench import decision


def test_every_case_is_measured_and_misses_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"CALLS": 20, "WARM_UP": 5, "DRY_RUN": 50, "WANTED_P99_US": 0.001}.items():
        monkeypatch.setattr(decision, name, value)
    decision.main()
    printed = capsys.readouterr().out
    assert printed.count("processor p50") == len(decision._cases())
    assert "missed by: login: served, " in printed
    assert "dry run over 50 stored facts" in printed
