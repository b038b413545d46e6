#!/usr/bin/env bash
# Runs every fuzz target in turn and says how many inputs each tried. FUZZTIME is how
# long each runs; without it all together run for FUZZTOTAL seconds, half an hour by
# default. A target without seeds is an error: it would start from nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
hack/need-go.sh

targets=() # folder of the module, package in it, target
while IFS=: read -r file target; do
	package=$(dirname "$file")
	compgen -G "$package/testdata/fuzz/$target/*" >/dev/null || grep -q 'f\.Add(' "$file" ||
		{ echo "$file: $target has no seeds"; exit 1; }
	module=$package
	until [ -e "$module/go.mod" ]; do module=$(dirname "$module"); done
	below=.
	[ "$package" = "$module" ] || below=./${package#"$module/"}
	[ "$module" = . ] && below=./$package
	targets+=("$module $below $target")
done < <(git ls-files '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz targets found"; exit 1; }

: "${FUZZTIME:=$((${FUZZTOTAL:-1800} / ${#targets[@]} + 1))s}"
echo "${#targets[@]} targets, $FUZZTIME each"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for t in "${targets[@]}"; do
	read -r module package target <<<"$t"
	# Of an input that reaches new code the fuzzer seeks a shorter one, for up to a
	# minute by default. Where goroutines and timers reach other code each time, it
	# did nothing else: FuzzHandle tried 14 inputs in 139 s.
	#
	# Go's fuzzer now and then takes the end of its time for a failure, and then says
	# nothing but that. A finding has an input.
	if ! go -C "$module" test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 10x "$package" >"$log" 2>&1 &&
		{ ! grep -qx ' *context deadline exceeded' "$log" || grep -qE 'Failing input|panic:' "$log"; }; then
		cat "$log"
		exit 1
	fi
	printf '%-28s %s\n' "$target" "$(grep -o 'execs: [0-9]*' "$log" | tail -1)"
done
