#!/bin/sh
# Build an engine from its pinned sources into the cache, unless it is there, and print its path:
# sh tools/engines/build.sh pulumi|bigquery-emulator|azurite|actionlint|scriptdom|policy|focus
#
# The cache's key is the sources' lock, so a new version is built once and an old one stays usable.
# ENGINES_CACHE overrides the folder. Needs Go, azurite Node; docs/dependencies.md says which.
set -eu

engine=$1
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/$engine
cache=${ENGINES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ai-cost-monitoring/engines}

case $engine in
pulumi | bigquery-emulator | actionlint)
    key=$(cat "$folder/go.mod" "$folder/go.sum" | cksum | tr ' ' '-')
    built=$cache/$engine-$key/$engine
    ;;
azurite)
    key=$(cat "$folder/package.json" "$folder/package-lock.json" | cksum | tr ' ' '-')
    built=$cache/$engine-$key/node_modules/.bin/azurite-blob
    ;;
scriptdom)
    key=$(cksum <"$folder/requirements.txt" | tr ' ' '-')
    built=$cache/$engine-$key
    ;;
policy)
    # No engine, but what the engine's checks of a policy pack run with.
    lock=$(dirname "$folder")/../../locks/policy.txt
    key=$(cksum <"$lock" | tr ' ' '-')
    built=$cache/$engine-$key
    ;;
focus)
    lock=$(dirname "$folder")/../../locks/focus.txt
    key=$(cksum <"$lock" | tr ' ' '-')
    built=$cache/$engine-$key
    ;;
*)
    echo "No engine is called '$engine'. There are: pulumi, bigquery-emulator, azurite, actionlint," \
        "scriptdom, policy, focus." >&2
    exit 1
    ;;
esac

if [ -x "$built" ]; then
    echo "$built"
    exit 0
fi

needs() { # the program $1, which is had from $2
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "$1 is needed to build $engine: $2" >&2
        exit 1
    fi
}

use_go() { # puts a Go that is new enough before all others
    PATH=$(sh "$folder/../go.sh"):$PATH
    export PATH GOTOOLCHAIN=local
}

go_build() { # the package $1 with the given flags
    package=$1
    shift
    echo "Building $engine (up to four minutes on two cores; once for this version)" >&2
    mkdir -p "$(dirname "$built")"
    # Beside its place and then renamed, so that a build that was killed leaves nothing that runs.
    export GOFLAGS=-buildvcs=false CGO_ENABLED=0
    (cd "$folder" && go build -mod=readonly -trimpath "$@" -o "$built.$$" "$package")
    mv "$built.$$" "$built"
}

npm_install() {
    needs npm "https://nodejs.org/ (20 or newer)"
    echo "Installing $engine (about a minute; once for this version)" >&2
    target=$cache/$engine-$key
    mkdir -p "$target.$$"
    cp "$folder/package.json" "$folder/package-lock.json" "$target.$$"
    (cd "$target.$$" && npm ci --ignore-scripts --no-audit --no-fund >&2)
    # Renamed for the same reason; somebody else may have been quicker.
    if [ -e "$target" ]; then rm -rf "$target.$$"; else mv "$target.$$" "$target"; fi
}

wheels_install() { # what the lock $1 pins
    uv=$(dirname "$folder")/../../.venv/bin/uv
    if ! [ -x "$uv" ]; then
        echo "uv is needed to install $engine: run 'make setup'." >&2
        exit 1
    fi
    echo "Installing $engine (about half a minute; once for this version)" >&2
    mkdir -p "$cache"
    "$uv" pip install --quiet --no-deps --require-hashes --python "$(dirname "$uv")/python" \
        --target "$built.$$" -r "$1" >&2
    if [ -e "$built" ]; then rm -rf "$built.$$"; else mv "$built.$$" "$built"; fi
}

case $engine in
pulumi)
    module=github.com/pulumi/pulumi/sdk/v3
    use_go
    version=$(cd "$folder" && go list -m -f '{{.Version}}' "$module")
    go_build github.com/pulumi/pulumi/pkg/v3/cmd/pulumi -tags osusergo,grpcnotrace \
        -ldflags "-s -w -X $module/go/common/version.Version=$version"
    ;;
bigquery-emulator)
    use_go
    go_build github.com/goccy/bigquery-emulator/cmd/bigquery-emulator -ldflags "-s -w"
    ;;
actionlint)
    use_go
    go_build github.com/rhysd/actionlint/cmd/actionlint -ldflags "-s -w"
    ;;
azurite)
    npm_install
    ;;
scriptdom)
    wheels_install "$folder/requirements.txt"
    ;;
policy | focus)
    wheels_install "$lock"
    ;;
esac
echo "$built"
