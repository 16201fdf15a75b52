"""Counts that stay few, whatever is sent."""

import os
import random
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service.house import Hands, HeldTrust
from tests.service.observe.conftest import Watched
from warifu.base.errors import BadEvidence, Denied, MissingTrust, Misuse
from warifu.service import observe
from warifu.service.observe.events import answered, counting
from warifu.service.observe.metrics import MAX_VALUES, Bounded, Metrics
from warifu.service.settings import SETTINGS


def page() -> str:
    metrics = counting()
    assert metrics is not None
    house: Any = SimpleNamespace(trust=HeldTrust(), clock=Hands())
    return metrics.page(house).decode()


def labels(text: str) -> set[str]:
    return set(re.findall(r'="([^"]*)"', text))


def test_what_happened_is_counted_by_its_kind(watched: Watched) -> None:
    observe.decided("transfer", "refuse", "device/unlocked")
    observe.decided("transfer", "refuse", "device/unlocked")
    observe.verified("android-key", "refused", "android-key/challenge")
    observe.appraised("claims")
    observe.challenged("issued")
    observe.deleted("evidence", 7)
    observe.failed(Misuse(SETTINGS))
    text = page()
    assert (
        'warifu_decisions_total{code="device/unlocked",operation="transfer",outcome="refuse"} 2.0'
        in text
    )
    assert 'format="android-key",verdict="refused"} 1.0' in text
    assert 'warifu_appraisals_total{basis="claims"} 1.0' in text
    assert 'warifu_challenges_total{event="issued"} 1.0' in text
    assert 'warifu_deleted_total{kind="evidence"} 7.0' in text
    assert 'warifu_errors_total{code="usage/settings",fault="misuse"} 1.0' in text


def test_errors_are_counted_by_whose_fault_they_are(watched: Watched) -> None:
    for error in (Misuse, BadEvidence, MissingTrust, Denied):
        observe.failed(error(SETTINGS))
    observe.unexpected(RuntimeError())
    found = set(re.findall(r'warifu_errors_total{code="[^"]*",fault="([^"]*)"}', page()))
    assert found == {"misuse", "evidence", "verifier", "denied", "unexpected"}


def test_hostile_words_make_no_new_label_values(watched: Watched) -> None:
    before = labels(page())
    for hostile in hostile_words():
        observe.decided(hostile, hostile, hostile)
        observe.verified(hostile, hostile, hostile)
        observe.appraised(hostile)
        observe.challenged(hostile)
        observe.deleted(hostile, 1)
        answered(hostile, hostile, 10**9, 0.1)
    new = labels(page()) - before
    assert new <= {"other", "", "+Inf"} | {f"{limit}" for limit in bucket_limits()}


def hostile_words() -> Iterator[str]:
    yield from ("GET /", "yamada\nwarifu_x 1", '"} 1', "ａ", "\x00", "a" * 200, "/" + "b" * 200)
    yield from ("A/B", "a/b/c", " a", "../../etc", "{}", "%2e", "353014080012345 ", "\ud800")
    chosen = random.Random(20261121)
    for _ in range(300):
        yield "Ä" + "".join(chosen.choices(string.printable, k=12))


def bucket_limits() -> tuple[float, ...]:
    from warifu.service.observe.metrics import BUCKETS  # noqa: PLC0415

    return BUCKETS


def test_well_formed_codes_do_not_grow_for_ever_either(watched: Watched) -> None:
    for number in range(5 * MAX_VALUES):
        observe.decided("login", "refuse", f"tenant/rule-{number}")
    text = page()
    assert len(re.findall(r"^warifu_decisions_total{", text, re.MULTILINE)) <= MAX_VALUES + 2
    assert 'code="other",operation="login"' in text


def test_a_bounded_label_lets_known_values_through_when_it_is_full() -> None:
    bounded = Bounded(re.compile("[a-z]"), most=2)
    assert [bounded(word) for word in ("a", "b", "c", "a", "")] == ["a", "b", "other", "a", ""]


def test_the_age_of_trust_is_asked_for_anew_each_time(watched: Watched) -> None:
    clock = Hands()
    house: Any = SimpleNamespace(trust=HeldTrust(), clock=clock)
    metrics = counting()
    assert metrics is not None
    assert b'warifu_trust_left_seconds{kind="android-revocation"} 86400.0' in metrics.page(house)
    assert b"warifu_trust_usable 1.0" in metrics.page(house)

    class NoTrust:
        def now(self, _: object) -> None:
            raise MissingTrust(SETTINGS)

    house = SimpleNamespace(trust=NoTrust(), clock=clock)
    assert b"warifu_trust_usable 0.0" in metrics.page(house)


def test_without_a_start_nothing_is_counted_and_nothing_breaks() -> None:
    observe.stop()
    observe.decided("login", "serve")
    observe.failed(Misuse(SETTINGS))
    assert counting() is None


def test_any_process_answers_for_all_of_them(tmp_path: Path) -> None:
    script = (
        "from warifu.service import observe;"
        "from warifu.service.settings import TelemetrySettings;"
        "observe.start(TelemetrySettings()); observe.decided('login', 'serve')"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
    asking = (
        "from types import SimpleNamespace as N;"
        "from warifu.service.observe.metrics import Metrics;"
        "from warifu.base.errors import MissingTrust;"
        "from warifu.service.settings import SETTINGS;"
        "\ndef none(_): raise MissingTrust(SETTINGS)\n"
        "print(Metrics().page(N(trust=N(now=none), clock=lambda: None)).decode())"
    )
    told = subprocess.run(
        [sys.executable, "-c", asking],
        env=environment,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    ).stdout
    assert 'warifu_decisions_total{code="",operation="login",outcome="serve"} 2.0' in told
    assert "warifu_trust_usable 0.0" in told


@pytest.mark.parametrize("status", [99, 600, -1, 10**9])
def test_a_status_that_is_none_counts_as_other(watched: Watched, status: int) -> None:
    answered("/v1/decisions", "POST", status, 0.1)
    assert 'status="other"' in page()


def test_each_process_has_a_registry_of_its_own() -> None:
    Metrics()
    Metrics()
