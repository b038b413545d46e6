#!/bin/sh
# After the files are gone: removes what the service made.
set -e

case ${1:-} in
remove | purge | 0) ;;
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
# What enabling made; without a running systemd nothing else removes it.
rm -f /etc/systemd/system/multi-user.target.wants/sysinfo-reporter.service
case $1 in
purge | 0)
	# Values of the node's owner: Debian keeps them until the purge.
	rm -rf /var/lib/sysinfo-reporter /var/lib/private/sysinfo-reporter
	;;
esac
