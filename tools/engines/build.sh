#!/bin/sh
# Build an engine from its pinned Go modules into the cache, unless it is there, and print its path:
# sh tools/engines/build.sh pulumi|bigquery-emulator
#
# The cache's key is the modules' lock, so a new version is built once and an old one stays usable.
# ENGINES_CACHE overrides the folder. Needs Go; docs/dependencies.md says which version.
set -eu

engine=$1
folder=$(CDPATH='' cd -- "$(dirname -- "$0")/$engine" && pwd)
cache=${ENGINES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ai-cost-monitoring/engines}
key=$(cat "$folder/go.mod" "$folder/go.sum" | cksum | tr ' ' '-')
built=$cache/$engine-$key/$engine

if [ -x "$built" ]; then
    echo "$built"
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "Go is needed to build $engine: https://go.dev/dl/ (1.25.11 or newer)" >&2
    exit 1
fi

export GOFLAGS=-buildvcs=false
case $engine in
pulumi)
    export CGO_ENABLED=0
    package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
    module=github.com/pulumi/pulumi/sdk/v3
    version=$(cd "$folder" && go list -m -f '{{.Version}}' "$module")
    set -- -tags osusergo,grpcnotrace \
        -ldflags "-s -w -X $module/go/common/version.Version=$version"
    ;;
bigquery-emulator)
    export CGO_ENABLED=0
    package=github.com/goccy/bigquery-emulator/cmd/bigquery-emulator
    set -- -ldflags "-s -w"
    ;;
*)
    echo "No engine is called '$engine'. There are: pulumi, bigquery-emulator." >&2
    exit 1
    ;;
esac

echo "Building $engine (about four minutes on two cores; once for this version)" >&2
mkdir -p "$(dirname "$built")"
# Beside its place and then renamed, so that a build that was killed leaves nothing that runs.
(cd "$folder" && go build -mod=readonly -trimpath "$@" -o "$built.$$" "$package")
mv "$built.$$" "$built"
echo "$built"
