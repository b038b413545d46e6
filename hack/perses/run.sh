#!/usr/bin/env bash
# Takes screenshots of both dashboards, in light and dark: 600 simulated nodes, a real
# Prometheus with the rules, and Perses' components in Debian's Chromium, since Grafana is
# not among what Debian and npm have. They are in .cache/screenshots.
#
#   hack/perses/run.sh [SECONDS]    how long the fleet reports before, default 600
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
hack/need-go.sh
hack/packages.sh chromium=chromium fonts-dejavu-core prometheus=prometheus
command -v npm >/dev/null || hack/packages.sh npm=npm
cd "$here"
npm ci --no-audit --no-fund --silent --legacy-peer-deps
node node_modules/esbuild/install.js
npx esbuild app.jsx --bundle --minify --outfile=out/app.js --format=esm --jsx=automatic --main-fields=module,main \
	--loader:.woff2=dataurl --loader:.woff=empty '--define:process.env.NODE_ENV="production"' --define:global=window --log-level=error
cd ../..
hack/build.sh bin/nodemetrics
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
cat >"$work/prometheus.yaml" <<END
global: {scrape_interval: 10s, scrape_timeout: 10s, evaluation_interval: 10s}
rule_files: [$PWD/manifests/rules/edgegauge.rules.yaml]
scrape_configs:
- job_name: cloudcore
  static_configs: [{targets: ["127.0.0.1:18105"], labels: {namespace: kubeedge}}]
END
bin/nodemetrics --simulate-nodes 600 --bind-address 127.0.0.1:18105 >"$work/nodemetrics.log" 2>&1 &
pids+=($!)
prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/data" --web.listen-address=127.0.0.1:18190 --log.level=warn &
pids+=($!)
sleep "${1:-600}"
cd "$here"
PAST=$((${1:-600} / 60))m timeout 900 node shoot.mjs http://127.0.0.1:18190 edge-node-000007 ../../.cache/screenshots
