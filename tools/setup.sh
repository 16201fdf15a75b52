#!/bin/sh
# Make .venv from the hashed locks, with $PYTHON and a package index. Needs no uv on the machine:
# pip brings the locked one. Run it through `make setup`.
set -eu

cd "$(dirname "$0")/.."
venv=.venv
python=${PYTHON:-python3}

fail() {
    printf '\nsetup: %s\n' "$1" >&2
    exit 1
}

supported() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}

if ! supported "$venv/bin/python"; then
    command -v "$python" >/dev/null 2>&1 ||
        fail "no '$python' found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"
    supported "$python" ||
        fail "'$python' is $("$python" -V 2>&1); 3.11 or newer is needed. Name another: make PYTHON=/path/to/python3"
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "'$python' lacks the modules venv and ensurepip. On Debian and Ubuntu: apt install python3-venv"
    echo "setup: making $venv with $("$python" -V 2>&1)"
    "$python" -m venv --clear "$venv" || fail "'$python -m venv' failed, see above"
fi

pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
pip install --quiet --require-hashes --only-binary :all: -r locks/installer.txt ||
    fail "locks/installer.txt could not be installed, see above. Is a package index reachable?"

echo "setup: installing the locked dependencies"
sync() {
    sh tools/uv.sh pip sync --quiet --python "$venv/bin/python" --require-hashes "$@" \
        locks/dev.txt locks/installer.txt
}
# What was fetched once is at hand: only what is missing needs the index.
sync --offline 2>/dev/null || sync ||
    fail "locks/dev.txt could not be installed, see above. Is a package index reachable?"

# The build backend comes from the lock as well, so nothing unhashed is fetched here.
sh tools/uv.sh pip install --quiet --python "$venv/bin/python" --offline --no-deps \
    --no-build-isolation --editable .
echo "setup: ready"
