"""The recorded App Attest evidence of real phones, as its READMEs describe it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from tests.vectors import vectors_dir

if TYPE_CHECKING:
    from pathlib import Path

VEEHAITCH_APP = "6MURL8TA57.de.vincent-haupert.apple-appattest-poc"
UEBELACK_APP = "V8H6LQ9448.io.uebelacker.AppAttestExample"


def samples(kind: str) -> list[Any]:
    """All documents of one type in the YAML files, named for pytest; empty without vectors."""
    import pytest  # noqa: PLC0415 - benchmarks use this module too

    return [
        pytest.param(sample, id=f"{path.stem}-{number}")
        for path in _yaml_files()
        for number, sample in enumerate(documents(path))
        if sample["type"] == kind
    ]


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of one YAML file, base64 and times decoded; each knows its attestation."""
    found = [_decode(document) for document in yaml.safe_load_all(path.read_text("utf-8"))]
    attestation = next(sample for sample in found if sample["type"] == "attestation")
    return [{**sample, "of": attestation} for sample in found]


def uebelack(vectors: Path, name: str) -> dict[str, Any]:
    """One JSON file of the other folder, base64 decoded."""
    text = (vectors / "uebelack-node-app-attest" / f"{name}.json").read_text("utf-8")
    encoded = {"attestation", "keyId", "challenge", "assertion"}
    return {
        key: base64.b64decode(value) if key in encoded else value
        for key, value in json.loads(text).items()
    }


def _yaml_files() -> list[Path]:
    folder = vectors_dir()
    return sorted(folder.glob("veehaitch-appattest/*.yaml")) if folder else []


def _decode(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name.removesuffix("Base64"): _decode(item, name) for name, item in value.items()}
    if key.endswith("Base64") and isinstance(value, str):
        return base64.b64decode(value)
    if key in {"timestamp", "creationTime", "notBefore", "expirationTime"} and value is not None:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)
    return value
