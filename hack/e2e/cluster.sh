#!/bin/sh
# Leaves the whole stack running for a person to play with.
#
#   hack/e2e/cluster.sh up      brings it up and says how to reach it
#   hack/e2e/cluster.sh down    takes it down
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache="$root/.cache/e2e"
folder="$cache/cluster"
namespace=edgegauge
# The host's end of the line to the stack's network.
link=edgegauge0
address=198.18.77.254/24

down() {
	if [ -f "$cache/cluster.pid" ]; then
		pid=$(cat "$cache/cluster.pid")
		# A pid may be somebody else's by now; ours runs the cluster.
		if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "$cache/bin/cluster"; then
			# Its end is the end of everything in its process namespace.
			kill -KILL "$pid"
			while [ -e "/proc/$pid" ]; do sleep 0.1; done
		fi
		rm -f "$cache/cluster.pid"
	fi
	if ip netns list | grep -qw "$namespace"; then
		ip netns del "$namespace"
	fi
	if ip link show "$link" >/dev/null 2>&1; then
		ip link del "$link"
	fi
}

up() {
	"$here/prepare.sh"
	(cd "$here" && go build -o "$cache/bin/cluster" ./cmd/cluster)
	down
	rm -rf "$folder"
	ip netns add "$namespace"
	ip link add "$link" type veth peer name uplink netns "$namespace"
	ip addr add "$address" dev "$link"
	ip link set "$link" up
	setsid ip netns exec "$namespace" unshare --mount --pid --fork --kill-child --mount-proc \
		"$cache/bin/cluster" --root "$root" --kubeedge "$("$here/version.sh" 2>/dev/null)" >"$cache/cluster.log" 2>&1 </dev/null &
	pid=$!
	echo "$pid" >"$cache/cluster.pid"
	turns=0
	while [ ! -e "$folder/ready" ]; do
		turns=$((turns + 1))
		if [ ! -e "/proc/$pid" ] || [ "$turns" -gt 600 ]; then
			cat "$cache/cluster.log" >&2
			down
			exit 1
		fi
		sleep 0.2
	done
	cat "$cache/cluster.log"
}

case "${1:-}" in
up) up ;;
down) down ;;
*)
	echo "usage: $0 up|down" >&2
	exit 2
	;;
esac
