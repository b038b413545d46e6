#!/bin/sh
# Gets what the stack needs: packages of the distribution that are missing, and
# the programs built from source.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

if [ "$(id -u)" != 0 ]; then
	echo "e2e: needs root, for network and process namespaces" >&2
	exit 1
fi

# The packages' services are not started: the stack runs its own.
"$here/../packages.sh" etcd=etcd-server mosquitto_pub=mosquitto-clients mosquitto=mosquitto \
	prometheus-node-exporter=prometheus-node-exporter qemu-x86_64=qemu-user faketime=faketime \
	ip=iproute2 unshare=util-linux setpriv=util-linux flock=util-linux mount=mount cc=gcc

"$here/build.sh"
