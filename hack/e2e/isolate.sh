#!/bin/sh
# isolate.sh COMMAND...: runs a command as the first process of a process
# namespace, with a network of its own. When it ends, the kernel ends whatever it
# left behind; when this shell ends, in whatever way, so does the command.
set -eu

setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc "$@" &
isolated=$!
# unshare itself is deaf to these signals.
trap 'kill -KILL "$isolated" 2>/dev/null' INT TERM HUP
status=0
wait "$isolated" || status=$?
exit "$status"
