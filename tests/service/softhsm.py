"""A software token for tests: SoftHSM, where the machine has it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import Struct

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
ABSENT = "SoftHSM is absent: no softhsm2-util or no libsofthsm2.so (apt install softhsm2)"
PIN = "correct-horse-battery-staple"


class SoftHsm(Struct, frozen=True):
    """Where the module is, and the tokens it was given."""

    module: Path
    tokens: tuple[str, ...] = ("warifu", "another")

    def configuration(self, folder: Path, *, pin: str = PIN, **fields: str) -> Path:
        """Write a configuration and its PIN, as an operator would."""
        stated = {"module": str(self.module), "label": "warifu", "pin_file": "pin", **fields}
        text = "".join(f'{name} = "{value}"\n' for name, value in stated.items() if value)
        for name, content in (("pin", pin + "\n"), ("token.toml", text)):
            (folder / name).write_text(content)
            (folder / name).chmod(0o600)
        return folder / "token.toml"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """Tokens of this process, fresh; where there is no SoftHSM, tests that ask are skipped."""
    module = next((path for path in map(Path, MODULES) if path.exists()), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        pytest.skip(ABSENT)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    # Read by the module when this process first loads it.
    os.environ["SOFTHSM2_CONF"] = str(settings)
    made = SoftHsm(module)
    for label in made.tokens:
        command = [tool, "--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
    return made
