#!/bin/sh
# Make .venv where there is none that works, and install a lock into it:
# sh tools/setup.sh demo|dev, or sh tools/setup.sh policy policy/.venv
#
# Takes the first interpreter that really starts (a pyenv shim may exist and fail) and is 3.11 or
# newer; PYTHON=/path/to/python overrides the search. Installs with uv where there is one, else
# with the standard library's venv and pip. Either way every file is checked against the hashes
# in the lock, and nothing is built from source.
set -eu

lock=$1
venv=${2:-.venv}
newer='import sys; sys.exit(sys.version_info < (3, 11))'

say() { printf '%s\n' "$*" >&2; }
starts() { "$1" -c "$newer" >/dev/null 2>&1 </dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 </dev/null; }
uv_found() { command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; }
usable() { starts "$1" && { uv_found || has_venv "$1"; }; }

candidates() { # every interpreter there might be, best first, one a line
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" || true
        return
    fi
    for name in python3.13 python3.14 python3.12 python3.11 python3; do
        echo "$PATH" | tr ':' '\n' | while IFS= read -r folder; do
            if [ -x "$folder/$name" ]; then echo "$folder/$name"; fi
        done
        for path in "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/"$name"; do
            if [ -x "$path" ]; then echo "$path"; fi
        done
    done
}

first() { # the first candidate that passes the check $1
    candidates | while IFS= read -r path; do
        if "$1" "$path"; then
            echo "$path"
            break
        fi
    done
}

make_venv() {
    python=$(first usable)
    if [ -z "$python" ]; then
        bare=$(first starts)
        if [ -n "$bare" ]; then
            say "$bare has no venv module, and uv is not installed."
            say "On Debian or Ubuntu: sudo apt install python3-venv; then run make again."
        elif [ -n "${PYTHON:-}" ]; then
            say "PYTHON=$PYTHON does not start or is older than Python 3.11."
        else
            say "No Python 3.11 or newer was found on PATH or below ~/.pyenv."
            say "Install one (Debian: sudo apt install python3 python3-venv; macOS: brew install"
            say "python@3.13), or name one: make setup PYTHON=/path/to/python3"
        fi
        exit 1
    fi
    say "Making $venv with $python"
    rm -rf "$venv"
    if uv_found; then
        uv venv --quiet --no-project --no-python-downloads --python "$python" "$venv"
    else
        "$python" -m venv "$venv"
    fi
}

if ! starts "$venv/bin/python"; then make_venv; fi

say "Installing locks/$lock.txt"
if uv_found; then
    uv pip install --quiet --python "$venv/bin/python" \
        --require-hashes --only-binary :all: -r "locks/$lock.txt"
else
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        "$venv/bin/python" -m ensurepip >/dev/null # a .venv that uv made has no pip
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: -r "locks/$lock.txt"
fi

touch "$venv/.$lock"
if [ "$lock" = dev ]; then touch "$venv/.demo"; fi # the dev lock holds all of the demo's
