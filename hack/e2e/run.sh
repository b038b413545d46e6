#!/bin/sh
# Brings the whole stack up and asserts that it works, in network, process and
# mount namespaces of its own: no address, port or process of this machine is
# touched, and nothing survives the run, however it ends.
#
#   hack/e2e/run.sh [-run TestStack/...] [other flags of go test]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
"$here/prepare.sh"

cd "$here"
go test -c -o "$here/../../.cache/e2e/bin/stack.test" .
. "$here/namespaces.sh"
E2E_STACK=1 isolated "$here/../../.cache/e2e/bin/stack.test" -test.v -test.timeout 20m "$@"
