#!/bin/sh
# Make the virtual environment named by $1 from the hashed locks, with $PYTHON and a package index.
# Needs no uv on the machine: pip brings the locked one. Run it through `make setup`.
set -eu

venv=$1
python=${PYTHON:-python3}

fail() {
    printf '\nsetup: %s\n' "$1" >&2
    exit 1
}

supported() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if ! supported "$venv/bin/python"; then
    command -v "$python" >/dev/null 2>&1 ||
        fail "no '$python' found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12"
    supported "$python" ||
        fail "'$python' is $("$python" -V 2>&1), but warifu needs 3.11 or newer. Name another: make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "'$python' lacks the modules venv and ensurepip. On Debian and Ubuntu: apt install python3-venv"
    echo "setup: making $venv with $("$python" -V 2>&1)"
    "$python" -m venv --clear "$venv" || fail "'$python -m venv' failed (see above)"
fi

pip() {
    "$venv/bin/python" -m pip "$@" --disable-pip-version-check
}

"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
pip install --quiet --require-hashes --only-binary :all: -r locks/installer.txt ||
    fail "the installer could not be installed from locks/installer.txt: is a package index reachable?"

# uv reads no pip configuration: hand it the index and the certificates that pip uses, if any are set.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    index=${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
fi
if [ -z "${SSL_CERT_FILE:-}" ]; then
    certificates=${PIP_CERT:-$(pip config get global.cert 2>/dev/null || true)}
    if [ -n "$certificates" ]; then export SSL_CERT_FILE="$certificates"; fi
fi

uv() {
    "$venv/bin/uv" pip "$@" --quiet --python "$venv/bin/python"
}

echo "setup: installing the locked dependencies"
uv sync --require-hashes --link-mode copy locks/dev.txt locks/installer.txt
# The build backend comes from the lock as well, so nothing unhashed is fetched here.
uv install --no-deps --no-build-isolation --offline --editable .
echo "setup: ready"
