#!/bin/sh
# Print a folder with a Go that the engines build with, for PATH: the one that is there when it is
# 1.25.11 or newer, else Go's own release for Linux, fetched once from Go's module proxy and checked
# against its hash here (https://go.dev/ref/mod#goproxy-protocol serves toolchains too).
set -eu

VERSION=1.26.8
AMD64=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
ARM64=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99

cache=${ENGINES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ai-cost-monitoring/engines}

is_new_enough() { # the version $1, as 1.26.8
    echo "$1" | awk -F . '{ exit !($1 > 1 || $2 > 25 || ($2 == 25 && $3 >= 11)) }'
}

if command -v go >/dev/null 2>&1; then
    found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
    if is_new_enough "${found#go}"; then
        dirname "$(command -v go)"
        exit 0
    fi
fi

case $(uname -s)-$(uname -m) in
Linux-x86_64) platform=linux-amd64 hash=$AMD64 ;;
Linux-aarch64) platform=linux-arm64 hash=$ARM64 ;;
*)
    echo "Go 1.25.11 or newer is needed: https://go.dev/dl/" >&2
    exit 1
    ;;
esac

toolchain=golang.org/toolchain@v0.0.1-go$VERSION.$platform
target=$cache/go-$VERSION
if [ ! -x "$target/bin/go" ]; then
    proxy=${GOPROXY:-https://proxy.golang.org}
    proxy=${proxy%%,*}
    mkdir -p "$target.$$"
    trap 'rm -rf "$target.$$"' EXIT
    curl --fail --silent --show-error --location --retry 3 --output "$target.$$/go.zip" \
        "$proxy/golang.org/toolchain/@v/v0.0.1-go$VERSION.$platform.zip"
    echo "$hash  $target.$$/go.zip" | sha256sum --check --quiet >&2
    python3 -m zipfile -e "$target.$$/go.zip" "$target.$$"
    # A zip made for modules keeps no permissions.
    chmod -R a+x "$target.$$/$toolchain/bin" "$target.$$/$toolchain/pkg/tool"
    if [ ! -e "$target" ]; then mv "$target.$$/$toolchain" "$target"; fi
fi
echo "$target/bin"
