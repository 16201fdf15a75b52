#!/bin/sh
# Run the locked uv of .venv with the index and the certificates that pip is told to use on this
# machine (environment or pip.conf): uv reads no pip configuration of its own.
set -eu

bin=$(dirname "$0")/../.venv/bin
settings=$("$bin/python" -m pip --disable-pip-version-check config list 2>/dev/null || true)

setting() {
    # The environment is listed before the files, and wins.
    printf '%s\n' "$settings" |
        sed -n -e "s/^:env:\.$1='\(.*\)'\$/\1/p" -e "s/^global\.$1='\(.*\)'\$/\1/p" | head -n 1
}

index=$(setting index-url)
certificates=$(setting cert)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
[ -z "$certificates" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificates}"

exec "$bin/uv" "$@"
