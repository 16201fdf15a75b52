"""Mutation testing of the core: draw a seeded sample of mutants, and print the score.

``python -m tools.mutation sample N`` prints the names of N mutants of those that mutmut has made,
drawn with a fixed seed over the whole core. ``python -m tools.mutation score`` prints the score of
all mutants judged so far. A mutant counts as found if a test failed, crashed or never ended on it.
"""

import json
import random
import sys
from collections import Counter
from pathlib import Path

MUTANTS = Path("mutants")
SEED = 20261121
EXITS = {0: "survived", 1: "killed", 3: "killed", 33: "no tests", 36: "timeout", 24: "timeout"}
"""mutmut's exit codes; every other one is a crash, which counts as found."""


def main() -> None:
    """Sample, or score."""
    judged = dict(_judged())
    if sys.argv[1] == "sample":
        names = sorted(judged)
        chosen = random.Random(SEED).sample(names, min(int(sys.argv[2]), len(names)))
        print("\n".join(chosen))
        return
    counts = Counter(EXITS.get(code, "crashed") for code in judged.values() if code is not None)
    total = sum(counts.values())
    found = total - counts["survived"] - counts["no tests"]
    score = f"{found / total:.1%}" if total else "unknown"
    parts = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    print(f"mutation score {score} ({found} of {total} judged, {len(judged)} made; {parts})")
    for name, code in sorted(judged.items()):
        if code is not None and EXITS.get(code) in {"survived", "no tests"}:
            print(f"  survived: {name}")


def _judged() -> list[tuple[str, int | None]]:
    return [
        entry
        for path in MUTANTS.rglob("*.meta")
        for entry in json.loads(path.read_bytes())["exit_code_by_key"].items()
    ]


if __name__ == "__main__":
    main()
