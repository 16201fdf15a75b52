"""Print the mutation score that `make mutate` measured.

A mutant counts as found if a test failed, crashed or never ended on it.
"""

import json
import sys
from pathlib import Path

FOUND = ("killed", "timeout", "segfault", "suspicious")
MISSED = ("survived", "no_tests")


def main() -> None:
    """Read the statistics file named on the command line and print score and parts."""
    counts: dict[str, int] = json.loads(Path(sys.argv[1]).read_bytes())
    found = sum(counts[kind] for kind in FOUND)
    judged = found + sum(counts[kind] for kind in MISSED)
    parts = ", ".join(f"{kind} {counts[kind]}" for kind in (*FOUND, *MISSED))
    score = f"{found / judged:.1%}" if judged else "no mutant was judged"
    print(f"mutation score {score} ({found} of {judged}; {parts})")


if __name__ == "__main__":
    main()
