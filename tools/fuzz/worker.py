"""One target under atheris: started by `tools.fuzz`, ends by libFuzzer's own limits."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["warifu"]):
    from tools.fuzz.targets import TARGETS, signatures_assumed
    from warifu.base.errors import WarifuError


def main() -> None:
    """Fuzz the target named first; the other arguments are libFuzzer's."""
    target = TARGETS[sys.argv[1]]

    def once(data: bytes) -> None:
        try:
            target.run(data)
        except WarifuError:
            return

    atheris.Setup([sys.argv[0], *sys.argv[2:]], once)
    if target.assumes_signatures:
        with signatures_assumed():
            atheris.Fuzz()
    atheris.Fuzz()


if __name__ == "__main__":
    main()
