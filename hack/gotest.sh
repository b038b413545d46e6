#!/usr/bin/env bash
# Runs the tests of a module: gotest.sh FOLDER [flags] PACKAGES. Where CI is set, up to
# three tests that fail are run by themselves, and each must then pass: on a machine
# that others load, too, one of some thousand may. They are named at the end, and are
# to be mended. A data race is never run again.
set -euo pipefail
cd "$(dirname "$0")/.."
module=$1
shift
[ -n "${CI:-}" ] || exec go -C "$module" test "$@"

flags=() packages=() format=standard-quiet
for arg; do
	case $arg in
	. | ./*) packages+=("$arg") ;;
	-v) format=testname ;;
	*) flags+=("$arg") ;;
	esac
done
mkdir -p bin
GOTOOLCHAIN='' go -C hack/tools build -o ../../bin/gotestsum gotest.tools/gotestsum
again=$(mktemp)
trap 'rm -f "$again"' EXIT
(cd "$module" && "$OLDPWD/bin/gotestsum" --format "$format" --rerun-fails=1 --rerun-fails-max-failures=3 \
	--rerun-fails-run-root-test --rerun-fails-abort-on-data-race --rerun-fails-report="$again" \
	--packages="${packages[*]}" -- "${flags[@]}")
[ ! -s "$again" ] || { echo "UNSTABLE, passed when run again:"; cat "$again"; }
