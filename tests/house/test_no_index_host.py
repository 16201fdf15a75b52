"""The repository names no package index: whoever installs it brings their own."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Joined here, so that this file does not name them either.
HOSTS = tuple(
    ".".join(parts).encode()
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("crates", "io"),
        ("registry", "npmjs"),
        ("repo1", "maven"),
        ("proxy", "golang"),
        ("deb", "debian"),
    )
)
INDEX_OPTIONS = (b"--index-url", b"--extra-index-url", b"--find-links", b"--trusted-host")


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [
        path for name in listing.stdout.split(b"\0") if (path := ROOT / name.decode()).is_file()
    ]


def test_no_tracked_file_names_a_package_index() -> None:
    files = tracked_files()
    found = [
        f"{path.relative_to(ROOT)}: {host.decode()}"
        for path in files
        for host in HOSTS
        if host in path.read_bytes().lower()
    ]
    assert files
    assert found == []


def test_locks_name_no_index_and_hash_every_package() -> None:
    locks = sorted((ROOT / "locks").glob("*.txt"))
    assert [lock.stem for lock in locks] == ["dev", "fuzz", "installer", "runtime"]
    for lock in locks:
        text = lock.read_bytes()
        assert b"://" not in text, lock.name
        assert not any(option in text for option in INDEX_OPTIONS), lock.name
        for requirement in text.replace(b"\\\n", b" ").splitlines():
            if b"==" in requirement:
                assert b"--hash=sha256:" in requirement, requirement[:60]
