#!/bin/sh
# Gets what the stack needs: packages of the distribution that are missing, and
# the programs built from source.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

if [ "$(id -u)" != 0 ]; then
	echo "e2e: needs root, for network and process namespaces" >&2
	exit 1
fi

missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need etcd etcd-server
need mosquitto_pub mosquitto-clients
need mosquitto mosquitto
need prometheus-node-exporter prometheus-node-exporter
need qemu-x86_64 qemu-user
need faketime faketime
need ip iproute2
need unshare util-linux
need setpriv util-linux
need flock util-linux
need mount mount
need cc gcc
if [ -n "$missing" ]; then
	echo "e2e: installing$missing"
	apt-get update -qq
	# The packages' services are not started: the stack runs its own.
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

"$here/build.sh"
