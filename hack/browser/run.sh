#!/usr/bin/env bash
# Looks at the status pages in Debian's Chromium. Screenshots are in .cache/browser.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
hack/need-go.sh
hack/packages.sh chromium=chromium fonts-dejavu-core fonts-noto-core
command -v npm >/dev/null || hack/packages.sh npm=npm
npm --prefix "$here" ci --no-audit --no-fund --silent
mkdir -p bin .cache/browser
go build -o bin/browser-server ./hack/browser/server
coproc server { exec bin/browser-server; }
pid=$server_PID
trap 'kill -INT "$pid" 2>/dev/null || true' EXIT
read -r url <&"${server[0]}"
timeout 300 node "$here/status.mjs" "$url" .cache/browser
