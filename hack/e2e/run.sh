#!/bin/sh
# Brings the whole stack up and asserts that it works, in network, process and
# mount namespaces of its own: no address, port or process of this machine is
# touched, and nothing survives the run, however it ends.
#
#   hack/e2e/run.sh [flags of go test, such as -run TestStack/Reports]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
"$here/prepare.sh"

# One run at a time: they share a folder for logs and data.
exec 9>"$here/../../.cache/e2e/lock"
if ! flock -n 9; then
	echo "e2e: waiting for another run to end"
	flock 9
fi

cd "$here"
E2E_STACK=$("$here/version.sh")
export E2E_STACK
echo "e2e: the whole stack with KubeEdge $E2E_STACK"
go test -exec "setpriv --pdeathsig KILL $here/isolate.sh" -count=1 -v -timeout 30m "$@" .
[ $# -gt 0 ] || "$here/../kubeedge/record.sh" "$E2E_STACK" stack
